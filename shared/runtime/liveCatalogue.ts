import { catalogueCache } from '#table/catalogue'
import type { Extension } from './live.ts'

/** For functions that read the catalogue. The refresh runs on real time: a turned clock must not freeze it. */
export const catalogue: Extension = ({ table, clock }) => ({ catalogue: catalogueCache(table, () => clock.real()) })
