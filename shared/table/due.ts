import { paymentProviders } from '#domain/moneyCharge'
import type { QueueName } from '#operations/definition'
import { duePk, dueShards } from './keys.ts'
import type { Item, Key, Table } from './port.ts'

/** Rows a query, and queries a shard: some 100,000 rows a sweep over all shards; what is left is still due at the next. */
const sweepLimits = { pageSize: 500, mostPages: 13 }

/**
 * What lies in the due index at or before an instant (epoch milliseconds), shard by shard, a page at a time. Keys only.
 * `isCut`: the shard may have more behind this page, its last.
 */
export async function* duePages(
  table: Pick<Table, 'query'>,
  until: number,
  { pageSize, mostPages } = sweepLimits,
): AsyncGenerator<{ items: Item[]; isCut: boolean }> {
  // `~` sorts after every character of a key, so rows due at this very instant are in.
  const sk = { to: `${new Date(until).toISOString()}~` }
  for (let shard = 0; shard < dueShards; shard++) {
    let after: Record<string, string> | undefined
    for (let page = 1; page <= mostPages; page++) {
      const found = await table.query({
        index: 'gsi2',
        pk: duePk(shard),
        sk,
        limit: pageSize,
        ...(after && { after }),
      })
      after = found.next
      yield { items: found.items, isCut: after !== undefined && page === mostPages }
      if (!after) break
    }
  }
}

/** Due rows of one kind, as the messages of the queue whose worker knows what to do about them. */
export interface DueMessages {
  queue: QueueName
  messages: unknown[]
}

/** Told by their keys alone: the due index holds nothing else. */
export function dueMessages(keys: readonly Key[], requestId: string): DueMessages[] {
  const byQueue = new Map<QueueName, unknown[]>()
  for (const key of keys) {
    const { queue, message } = messageOf(key, requestId)
    byQueue.set(queue, [...(byQueue.get(queue) ?? []), message])
  }
  return [...byQueue].map(([queue, messages]) => ({ queue, messages }))
}

function messageOf({ pk, sk }: Key, requestId: string): { queue: QueueName; message: unknown } {
  const [, name, eventKey] = pk.split('#')
  const provider = pk.startsWith('EVT#') ? paymentProviders.find((one) => one === name) : undefined
  if (provider && eventKey !== undefined) return { queue: 'webhook', message: { provider, eventKey, requestId } }
  const [kind, id] = sk.split('#')
  const accountId = pk.slice('ACCOUNT#'.length)
  if (kind === 'PAY' && id !== undefined) return { queue: 'payment', message: { accountId, paymentId: id, requestId } }
  if (kind === 'SUB' && id !== undefined)
    return { queue: 'renewal', message: { accountId, subscriptionId: id, requestId } }
  return { queue: 'due', message: { pk, sk } }
}
