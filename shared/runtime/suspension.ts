import { type Account, accountView } from '#domain/account'
import { withSuspension } from '#domain/accountWallet'
import { isPlanLive, liveTerms } from '#domain/entitlement'
import { notFound, Problem } from '#errors/problem'
import type { HttpOperation } from '#operations/definition'
import { findAccount, putAccountWrite } from '#table/accounts'
import type { Write } from '#table/port'
import { isStaff } from '#table/users'
import { fallbackTerms } from './account.ts'
import { loadStoredWallet, walletWrites } from './accountChange.ts'
import { commitAnswer } from './answers.ts'
import { auditOf } from './audit.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { callOf } from './guarded.ts'
import type { Input, Reply } from './run.ts'
import { onSettledWallet } from './settled.ts'

type View = ReturnType<typeof accountView>

/**
 * Suspends an account, or lifts that: on the account and on its wallet in one transaction, so that no deduction slips
 * between. What is so already is only written down.
 * @throws Problem `not_found`, `conflict` for a login of staff and for an account that is being erased.
 */
export function setSuspended(
  deps: Deps,
  operation: HttpOperation,
  input: Input,
  { userId, suspended, reason }: { userId: string; suspended: boolean; reason: string },
): Promise<View | Reply<View>> {
  const attempt = async (): Promise<View | Reply<View> | typeof again> => {
    const account = await findAccount(deps.table, userId, { consistent: true })
    if (!account) throw notFound('account')
    if (account.erasingAt !== undefined) throw new Problem('conflict', 'The account is being erased.')
    // Whoever is staff keeps that role while suspended: take it away first.
    if (suspended && (await isStaff(deps.table, userId)))
      throw new Problem('conflict', 'The login is staff. Take the role away first.')
    const now = deps.clock.now()
    const next =
      account.suspended === suspended ? account : { ...account, suspended, ver: account.ver + 1, updatedAt: now }
    const writes = next === account ? [] : await changeWrites(deps, input, account, next, now)
    const audit = auditOf(input, deps, {
      action: operation.id,
      entity: 'account',
      entityId: userId,
      reason,
      before: { suspended: account.suspended },
      after: { suspended },
    })
    return commitAnswer(operation, input, deps, [...writes, audit], await viewOf(deps, next, now))
  }
  return contend(deps, () => onSettledWallet(deps, userId, attempt))
}

async function changeWrites(deps: Deps, input: Input, seen: Account, next: Account, now: number): Promise<Write[]> {
  const stored = await loadStoredWallet(deps, next.id)
  const change = withSuspension(stored.wallet, next.suspended, now)
  return [putAccountWrite(next, seen), ...walletWrites(next.id, change, stored, callOf(input), now)]
}

async function viewOf(deps: Deps, account: Account, now: number): Promise<View> {
  const fallback = isPlanLive(account, now) ? null : await fallbackTerms(deps)
  return accountView(account, liveTerms(account, now, fallback)?.planId ?? null, now)
}
