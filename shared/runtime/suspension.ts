import { type Account, accountView } from '#domain/account'
import { isPlanLive, liveTerms } from '#domain/entitlement'
import { isBought } from '#domain/subscriptionState'
import { periodGoingOn, planSuspension } from '#domain/suspension'
import { notFound, Problem } from '#errors/problem'
import type { HttpOperation } from '#operations/definition'
import { findAccount } from '#table/accounts'
import type { Write } from '#table/port'
import { isStaff } from '#table/users'
import { fallbackTerms } from './account.ts'
import { loadStoredWallet } from './accountChange.ts'
import { commitAnswer } from './answers.ts'
import { auditOf } from './audit.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { callOf } from './guarded.ts'
import { tableWrites } from './paymentCommit.ts'
import { termsOfPlan } from './planTerms.ts'
import type { Input, Reply } from './run.ts'
import { onSettledWallet } from './settled.ts'
import { presentSubscription } from './subscription.ts'

type View = ReturnType<typeof accountView>

/**
 * Suspends an account, or lifts that: account, wallet and the subscription that stands still meanwhile in one transaction.
 * What is so already is only written down.
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
    const { account: next, writes } = await changed(deps, input, account, suspended, now)
    const audit = auditOf(input, deps, {
      action: operation.id,
      entity: 'account',
      entityId: userId,
      accountId: userId,
      reason,
      before: { suspended: account.suspended },
      after: { suspended },
    })
    return commitAnswer(operation, input, deps, [...writes, audit], await viewOf(deps, next, now))
  }
  return contend(deps, () => onSettledWallet(deps, userId, attempt))
}

async function changed(
  deps: Deps,
  input: Input,
  account: Account,
  suspended: boolean,
  now: number,
): Promise<{ account: Account; writes: Write[] }> {
  if (account.suspended === suspended) return { account, writes: [] }
  const [stored, fallback, present] = await Promise.all([
    loadStoredWallet(deps, account.id),
    fallbackTerms(deps),
    account.subscriptionId === undefined ? undefined : presentSubscription(deps, account),
  ])
  const subscription = present && isBought(present) ? present : undefined
  const scene = { account, wallet: stored.wallet, subscription, fallback }
  const period = periodGoingOn(scene, now)
  const terms = period && period.priceId !== subscription?.priceId ? await termsOfPlan(deps, period) : undefined
  const plan = planSuspension(scene, suspended, terms, now)
  const rows = tableWrites(deps, plan.writes, callOf(input), stored.createdAt)
  return { account: plan.account, writes: rows.flatMap(({ writes }) => writes) }
}

async function viewOf(deps: Deps, account: Account, now: number): Promise<View> {
  const fallback = isPlanLive(account, now) ? null : await fallbackTerms(deps)
  return accountView(account, liveTerms(account, now, fallback)?.planId ?? null, now)
}
