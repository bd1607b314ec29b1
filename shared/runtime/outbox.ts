import { commit } from '#table/commit'
import { messageOf } from '#table/outbox'
import type { Item } from '#table/port'
import type { Deps } from './deps.ts'

/**
 * Sends a row, then deletes it. Killed in between, the row is sent again by the sweeper: consumers are idempotent by
 * row id, so twice is once. The other order would lose it.
 */
export async function publishRow(row: Item, deps: Deps): Promise<void> {
  await deps.queues.send('outbox', [messageOf(row)])
  await commit(deps.table, [{ kind: 'delete', key: { pk: row.pk, sk: row.sk }, when: 'unconditional' }])
}
