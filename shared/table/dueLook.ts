import { duePk, dueShards } from './keys.ts'
import type { Key, Table } from './port.ts'

/** Rows a shard and look: what has not moved on is looked at anew, so more come as these go. */
const lookMax = 100

/** A row of the due index. `at`: epoch milliseconds. `position`: its place in the index, which changes when it is put off. */
export interface DueRow extends Key {
  at: number
  position: string
}

/** `~` sorts after every character of a key, so rows due at this very instant are before it. */
const after = (at: number): string => `${new Date(at).toISOString()}~`

/**
 * The first rows of every shard that are due after `after` and not after `until` (epoch milliseconds): sixteen queries at
 * once, of keys alone. Where a shard has more than one look shows, the first are the earliest.
 */
export async function lookAtDue(table: Table, range: { after: number; until: number }): Promise<DueRow[]> {
  const sk = { from: after(range.after), to: after(range.until) }
  const pages = await Promise.all(
    Array.from({ length: dueShards }, (_, shard) =>
      table.query({ index: 'gsi2', pk: duePk(shard), sk, limit: lookMax }),
    ),
  )
  return pages.flatMap(({ items }) =>
    items.map(({ pk, sk: own, gsi2sk }) => {
      const position = String(gsi2sk)
      return { pk, sk: own, position, at: Date.parse(position.slice(0, position.indexOf('#'))) }
    }),
  )
}
