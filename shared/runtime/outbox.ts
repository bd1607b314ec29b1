import { commit } from '#table/commit'
import { messagesOf } from '#table/outbox'
import type { Item } from '#table/port'
import type { Deps } from './deps.ts'

/** The worker that numbers invoices finds them by an index that lags by about a second: woken at once it would find none, and nobody wakes it again. */
const delaysSeconds = { outbox: 0, number: 2 }

/**
 * Sends a row to where it goes, then deletes it. Killed in between, the row is sent again by the sweeper: consumers are
 * idempotent, by row id or by what they find to do, so twice is once. The other order would lose it.
 */
export async function publishRow(row: Item, deps: Deps): Promise<void> {
  for (const { queue, message } of messagesOf(row))
    await deps.queues.send(queue, [message], { delaySeconds: delaysSeconds[queue] })
  await commit(deps.table, [{ kind: 'delete', key: { pk: row.pk, sk: row.sk }, when: 'unconditional' }])
}
