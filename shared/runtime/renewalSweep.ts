import { dueMessages } from '#table/due'
import { duePk, dueShards } from '#table/keys'
import type { Item } from '#table/port'
import type { Deps } from './deps.ts'

const pageSize = 500
/** A shard and run: what is left is still due at the next. */
const mostPages = 13

/** Subscriptions whose row in the due index lies at or before an instant, shard by shard. Keys only. */
export async function* dueSubscriptions(deps: Pick<Deps, 'table'>, until: number): AsyncGenerator<Item[]> {
  for (let shard = 0; shard < dueShards; shard++) {
    let after: Record<string, string> | undefined
    for (let page = 0; page < mostPages; page++) {
      const found = await deps.table.query({
        index: 'gsi2',
        pk: duePk(shard),
        sk: { to: `${new Date(until).toISOString()}~` },
        limit: pageSize,
        ...(after && { after }),
      })
      yield found.items.filter(({ sk }) => sk.startsWith('SUB#'))
      after = found.next
      if (!after) break
    }
  }
}

/** Queues them for the worker, which decides; answers how many there were. */
export async function queueRenewals(
  deps: Pick<Deps, 'table' | 'queues'>,
  until: number,
  requestId: string,
): Promise<number> {
  let queued = 0
  for await (const items of dueSubscriptions(deps, until)) {
    for (const { queue, messages } of dueMessages(items, requestId)) await deps.queues.send(queue, messages)
    queued += items.length
  }
  return queued
}
