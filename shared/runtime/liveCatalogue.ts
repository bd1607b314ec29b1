import { catalogueCache } from '#table/catalogue'
import type { Extension } from './live.ts'

/** For functions that read the catalogue. The refresh runs on real time: a turned clock must not freeze it. */
export const catalogue: Extension = ({ table, clock, log }) => ({
  catalogue: catalogueCache(
    table,
    () => clock.real(),
    (error) => log.warn('the catalogue was not refreshed; the one in memory goes on serving', { error }),
  ),
})
