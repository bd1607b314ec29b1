import { withPlan } from '#domain/accountWallet'
import { liveTerms } from '#domain/entitlement'
import { planGrant, type Subscription } from '#domain/subscription'
import type { PlanTerms } from '#domain/terms'
import { notFound } from '#errors/problem'
import { findAccount, putAccountWrite } from '#table/accounts'
import type { Write } from '#table/port'
import { countPriceWrite, findSubscription, putSubscriptionWrite } from '#table/subscriptions'
import type { Call } from '#table/wallets'
import { loadStoredWallet, walletWrites } from './accountChange.ts'
import type { Deps } from './deps.ts'

/**
 * The transaction that gives an account a plan: account, wallet with the new allowance, the subscription, the one it
 * replaces, and the counts of live subscriptions by price.
 * @throws Problem `not_found` without such an account.
 */
export async function grantPlanWrites(
  deps: Pick<Deps, 'table'>,
  accountId: string,
  grant: { id: string; terms: PlanTerms; until: number | null; reason: string },
  fallback: PlanTerms | null,
  call: Call,
  now: number,
): Promise<{ granted: Subscription; planBefore: string | null; writes: Write[] }> {
  const account = await findAccount(deps.table, accountId, { consistent: true })
  if (!account) throw notFound('account')
  const current =
    account.subscriptionId === undefined
      ? undefined
      : await findSubscription(deps.table, accountId, account.subscriptionId)
  const stored = await loadStoredWallet(deps, accountId)
  const live = liveTerms(account, now, fallback)
  const plan = planGrant(account, current, grant, live, now)
  const writes = [
    putAccountWrite(plan.account, account),
    ...walletWrites(accountId, withPlan(stored.wallet, plan.account, fallback, plan.isUpgrade, now), stored, call, now),
    putSubscriptionWrite(accountId, plan.granted, undefined, now),
    ...(plan.replaced ? [putSubscriptionWrite(accountId, plan.replaced, current, now)] : []),
    ...countsOf(plan.granted.priceId, plan.replaced?.priceId).map(([priceId, by]) => countPriceWrite(priceId, by, now)),
  ]
  return { granted: plan.granted, planBefore: live?.planId ?? null, writes }
}

/** A transaction takes one write an item: the same price granted anew counts neither up nor down. */
function countsOf(granted: string, replaced: string | undefined): [string, 1 | -1][] {
  if (replaced === undefined) return [[granted, 1]]
  if (granted === replaced) return []
  return [
    [granted, 1],
    [replaced, -1],
  ]
}
