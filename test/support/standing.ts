import { accountKey, walletKey } from '#table/keys'
import { present, type Value } from '#table/port'
import type { TestDeps } from './deps.ts'

/** Suspends an account as staff will: no operation of this floor does it yet, so the rows are changed by hand. */
export async function suspend(deps: TestDeps, accountId: string): Promise<void> {
  const wallet = await deps.table.get(walletKey(accountId), { consistent: true })
  const state: Value = true
  await deps.table.write([
    { kind: 'update', key: accountKey(accountId), set: { suspended: true }, add: { ver: 1 }, when: present },
    { kind: 'update', key: walletKey(accountId), set: { st: state }, add: { ver: 1 }, when: present },
  ])
  if (!wallet) throw new Error(`${accountId} has no wallet to suspend`)
}
