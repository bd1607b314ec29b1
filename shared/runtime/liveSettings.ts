import { settingsCache } from '#table/settings'
import type { Extension } from './live.ts'

/** For functions that read the payment settings. The refresh runs on real time: a turned clock must not freeze it. */
export const settings: Extension = ({ table, clock, log }) => ({
  settings: settingsCache(
    table,
    () => clock.real(),
    (error) => log.warn('the payment settings were not refreshed; those in memory go on serving', { error }),
  ),
})
