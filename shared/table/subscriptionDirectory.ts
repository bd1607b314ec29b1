import * as z from 'zod/mini'
import type { Subscription } from '#domain/subscription'
import type { BoughtSubscription } from '#domain/subscriptionState'
import { subscriptionDirectory, subscriptionShards } from './keys.ts'
import type { Item, Table } from './port.ts'
import { read } from './stored.ts'
import { readSubscription } from './subscriptions.ts'

/** Rows that a page reads at most, but for its last round: a filter that fits little makes short pages, never slow ones. */
const mostRead = 800
/** Of each shard and round. */
const readAtOnce = 25

export interface Listed {
  accountId: string
  subscription: Subscription | BoughtSubscription
}

export interface SubscriptionPage {
  rows: Listed[]
  /** The id to go on before; absent: there is nothing more. Present with a short page, too. */
  next?: string
}

/** Subscriptions of all accounts, newest first, from before an id, as far as `keep` takes them. The index lags by moments. */
export async function listSubscriptionDirectory(
  table: Table,
  { limit, before, keep }: { limit: number; before?: string | undefined; keep: (row: Listed) => boolean },
): Promise<SubscriptionPage> {
  const rows: Listed[] = []
  let position = before
  for (let seen = 0; seen < mostRead; ) {
    const round = await readRound(table, position)
    seen += round.read
    for (const row of round.rows) {
      if (!keep(row)) continue
      rows.push(row)
      if (rows.length === limit) return { rows, next: row.subscription.id }
    }
    if (round.more === undefined) return { rows }
    position = round.more
  }
  return { rows, ...(position !== undefined && { next: position }) }
}

/**
 * The next ones over all shards. A shard that has more to tell hides what lies below its last one, so only what is above
 * all of those is in order. `more`: the id to go on before.
 */
async function readRound(
  table: Table,
  before: string | undefined,
): Promise<{ rows: Listed[]; read: number; more?: string }> {
  const shards = await Promise.all(
    Array.from({ length: subscriptionShards }, (_, shard) =>
      table.query({
        index: 'gsi1',
        pk: subscriptionDirectory(shard),
        descending: true,
        limit: readAtOnce,
        ...(before !== undefined && { sk: { to: before } }),
      }),
    ),
  )
  const ends = shards.flatMap(({ items, next }) => (next && items.length > 0 ? [idOf(items.at(-1))] : []))
  const floor = ends.toSorted().at(-1)
  const items = shards.flatMap((shard) => shard.items)
  const rows = items
    // The bound of a query is inclusive, and the page before has shown that one.
    .filter((item) => idOf(item) !== before && (floor === undefined || idOf(item) >= floor))
    .map((item) => ({ accountId: read(owner, item).accountId, subscription: readSubscription(item) }))
    .toSorted((a, b) => (a.subscription.id < b.subscription.id ? 1 : -1))
  return { rows, read: items.length, ...(floor !== undefined && { more: floor }) }
}

const owner = z.object({ accountId: z.string() })
const idOf = (item: Item | undefined): string => String(item?.gsi1sk ?? '')
