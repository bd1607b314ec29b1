import type { Item, Key, QueryRequest, Table } from './port.ts'

/** A place in the directory index: whose row lies there, and where. The row itself is read from the table. */
export interface DirectoryEntry extends Key {
  position: string
}

export interface DirectoryPage {
  entries: DirectoryEntry[]
  /** Present when there may be more. */
  next?: Record<string, string>
}

/** Keys that one read takes. */
const rowsAtOnce = 100

/** A page of one partition of the directory index, which lags behind the table by moments. */
export async function directoryPage(
  table: Pick<Table, 'query'>,
  request: Omit<QueryRequest, 'index' | 'consistent'>,
): Promise<DirectoryPage> {
  const { items, next } = await table.query({ ...request, index: 'gsi1' })
  const entries = items.map(({ pk, sk, gsi1sk }) => ({ pk, sk, position: String(gsi1sk) }))
  return { entries, ...(next && { next }) }
}

/** The rows of entries as they are now, in their order. One that was deleted meanwhile, or cannot be seen yet, is left out. */
export async function rowsOfEntries(table: Pick<Table, 'batchGet'>, entries: readonly Key[]): Promise<Item[]> {
  const rows: Item[] = []
  for (let from = 0; from < entries.length; from += rowsAtOnce) {
    const found = await table.batchGet(entries.slice(from, from + rowsAtOnce).map(({ pk, sk }) => ({ pk, sk })))
    rows.push(...found.flatMap((item) => (item ? [item] : [])))
  }
  return rows
}

/** One page with its rows. */
export async function directoryRows(
  table: Pick<Table, 'query' | 'batchGet'>,
  request: Omit<QueryRequest, 'index' | 'consistent'>,
): Promise<{ rows: Item[]; next?: Record<string, string> }> {
  const { entries, next } = await directoryPage(table, request)
  return { rows: await rowsOfEntries(table, entries), ...(next && { next }) }
}

export interface DirectoryRound {
  /** Highest position first. */
  rows: Item[]
  /** Entries looked at, for whoever bounds them. */
  read: number
  /** The position to go on before; absent: there is nothing more. */
  more?: string
}

/**
 * The next rows over several partitions as one list, from below a position (exclusive) and not below `from`. A partition
 * that has more to tell hides what lies below its last entry, so only what is above all of those is in order.
 */
export async function directoryRound(
  table: Pick<Table, 'query' | 'batchGet'>,
  partitions: readonly string[],
  { before, from, limit }: { before?: string | undefined; from?: string; limit: number },
): Promise<DirectoryRound> {
  const sk = { ...(from !== undefined && { from }), ...(before !== undefined && { to: before }) }
  // The bound of a query is inclusive: where there is one, the first entry may be the last of the page before.
  const request = { sk, limit: before === undefined ? limit : limit + 1, descending: true }
  const pages = await Promise.all(partitions.map((pk) => directoryPage(table, { pk, ...request })))
  const ends = pages.flatMap(({ entries, next }) => (next ? [entries.at(-1)?.position ?? before ?? ''] : []))
  const more = ends.toSorted().at(-1)
  const all = pages.flatMap(({ entries }) => entries)
  const shown = all
    .filter(({ position }) => position !== before && (more === undefined || position >= more))
    .toSorted((one, other) => (one.position < other.position ? 1 : -1))
  return { rows: await rowsOfEntries(table, shown), read: all.length, ...(more !== undefined && { more }) }
}
