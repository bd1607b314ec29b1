import { dueMessages, duePages } from '#table/due'
import type { Item } from '#table/port'
import type { Deps } from './deps.ts'

/** Subscriptions whose row in the due index lies at or before an instant, a page at a time. Keys only. */
export async function* dueSubscriptions(
  deps: Pick<Deps, 'table'>,
  until: number,
): AsyncGenerator<{ items: Item[]; isCut: boolean }> {
  for await (const { items, isCut } of duePages(deps.table, until))
    yield { items: items.filter(({ sk }) => sk.startsWith('SUB#')), isCut }
}

/** Queues them for the worker, which decides; answers how many there were. What is beyond a sweep's limits is still due at the next. */
export async function queueRenewals(
  deps: Pick<Deps, 'table' | 'queues'>,
  until: number,
  requestId: string,
): Promise<number> {
  let queued = 0
  for await (const { items } of dueSubscriptions(deps, until)) {
    for (const { queue, messages } of dueMessages(items, requestId)) await deps.queues.send(queue, messages)
    queued += items.length
  }
  return queued
}
