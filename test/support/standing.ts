import { windowAt } from '#domain/time'
import { decide } from '#domain/walletDecide'
import { loadStoredWallet, walletWrites } from '#runtime/accountChange'
import { findAccount, putAccountWrite } from '#table/accounts'
import { commit } from '#table/commit'
import type { TestDeps } from './deps.ts'

/** Suspends an account: no operation does that yet, so its rows are written as one will. */
export async function suspend(deps: TestDeps, accountId: string): Promise<void> {
  const account = await findAccount(deps.table, accountId, { consistent: true })
  if (!account) throw new Error(`there is no account ${accountId} to suspend`)
  const now = deps.clock.now()
  const stored = await loadStoredWallet(deps, accountId)
  const decision = decide(stored.wallet, { kind: 'configure', suspended: true }, now, windowAt)
  if (decision.kind !== 'accepted') throw new Error(`suspending was ${decision.kind}`)
  const call = { hash: '', requestId: 'suspend', actor: 'test' }
  await commit(deps.table, [
    putAccountWrite({ ...account, suspended: true, ver: account.ver + 1 }, account),
    ...walletWrites(accountId, decision, stored, call, now),
  ])
}
