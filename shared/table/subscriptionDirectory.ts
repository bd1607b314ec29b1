import * as z from 'zod/mini'
import type { Subscription } from '#domain/subscription'
import type { BoughtSubscription } from '#domain/subscriptionState'
import { directoryRound } from './directory.ts'
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
    const round = await directoryRound(table, partitions, { before: position, limit: readAtOnce })
    seen += round.read
    for (const row of round.rows.map(listedOf)) {
      if (!keep(row)) continue
      rows.push(row)
      if (rows.length === limit) return { rows, next: row.subscription.id }
    }
    if (round.more === undefined) return { rows }
    position = round.more
  }
  return { rows, ...(position !== undefined && { next: position }) }
}

const partitions = Array.from({ length: subscriptionShards }, (_, shard) => subscriptionDirectory(shard))

const owner = z.object({ accountId: z.string() })
const listedOf = (item: Item): Listed => ({
  accountId: read(owner, item).accountId,
  subscription: readSubscription(item),
})
