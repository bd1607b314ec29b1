import { commit } from '#table/commit'
import { messageOf } from '#table/outbox'
import type { Item } from '#table/port'
import type { Deps } from './deps.ts'

/**
 * Sends a row to its queue, then deletes it. Killed in between, the row is sent again by the sweeper: consumers are
 * idempotent, by row id or by what they find to do, so twice is once. The other order would lose it.
 */
export async function publishRow(row: Item, deps: Deps): Promise<void> {
  const { queue, message } = messageOf(row)
  await deps.queues.send(queue, [message])
  await commit(deps.table, [{ kind: 'delete', key: { pk: row.pk, sk: row.sk }, when: 'unconditional' }])
}
