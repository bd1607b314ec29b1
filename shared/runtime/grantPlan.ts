import { withPlan } from '#domain/accountWallet'
import { liveTerms } from '#domain/entitlement'
import { assertNotErasing } from '#domain/erasure'
import { isLive, planGrant, type Subscription } from '#domain/subscription'
import { nextDueAt } from '#domain/subscriptionDue'
import { withoutRenewal } from '#domain/subscriptionEnd'
import { accessEndOf, type BoughtSubscription, isBought, statusAt } from '#domain/subscriptionState'
import type { PlanTerms } from '#domain/terms'
import { notFound } from '#errors/problem'
import { findAccount, putAccountWrite } from '#table/accounts'
import { putHistoryWrite } from '#table/history'
import type { Write } from '#table/port'
import { countPriceWrite, findSubscription, putSubscriptionWrite } from '#table/subscriptions'
import type { Call } from '#table/wallets'
import { loadStoredWallet, walletWrites } from './accountChange.ts'
import type { Deps } from './deps.ts'
import { freshHistoryId } from './historyId.ts'

/**
 * The transaction that gives an account a plan: account, wallet with the new allowance, the subscription, the one it
 * replaces, the counts of live subscriptions by price, and a line of the plan history.
 * @throws Problem `not_found` without such an account.
 */
export async function grantPlanWrites(
  deps: Pick<Deps, 'table' | 'ids'>,
  accountId: string,
  grant: { id: string; terms: PlanTerms; until: number | null; reason: string },
  fallback: PlanTerms | null,
  call: Call,
  now: number,
): Promise<{ granted: Subscription; planBefore: string | null; writes: Write[] }> {
  const account = await findAccount(deps.table, accountId, { consistent: true })
  if (!account) throw notFound('account')
  assertNotErasing(account)
  const current =
    account.subscriptionId === undefined
      ? undefined
      : await findSubscription(deps.table, accountId, account.subscriptionId)
  const stored = await loadStoredWallet(deps, accountId)
  const live = liveTerms(account, now, fallback)
  const plan = planGrant(account, current, grant, live, now)
  const replaced = plan.replaced && asReplaced(current, plan.replaced, now)
  const writes = [
    putAccountWrite(plan.account, account),
    ...walletWrites(accountId, withPlan(stored.wallet, plan.account, fallback, plan.isUpgrade, now), stored, call, now),
    putSubscriptionWrite(accountId, plan.granted, undefined, now),
    ...(replaced ? [putSubscriptionWrite(accountId, replaced, current, now, nextDueAt(replaced))] : []),
    ...countsOf(plan.granted.priceId, replaced?.priceId).map(([priceId, by]) => countPriceWrite(priceId, by, now)),
    putHistoryWrite(
      accountId,
      {
        id: freshHistoryId(deps, now),
        planId: grant.terms.planId,
        previousPlanId: live?.planId ?? null,
        priceId: grant.terms.priceId,
        kind: 'grant',
        startedAt: now,
        endedAt: grant.until,
        amountMinor: 0,
        currency: grant.terms.currency,
        paymentId: null,
        providerPaymentId: null,
      },
      now,
    ),
  ]
  return { granted: plan.granted, planBefore: live?.planId ?? null, writes }
}

/**
 * A bought subscription that a grant takes the place of: it renews no more, and a charge under way is to go back. One
 * that was over, and that no job had tidied yet, ended when it ended.
 */
function asReplaced(
  current: Subscription | BoughtSubscription | undefined,
  replaced: Subscription,
  now: number,
): Subscription | BoughtSubscription {
  if (!current || !isBought(current) || !isLive(current)) return replaced
  const { status, access } = statusAt(current, now)
  const over = access ? {} : { status, endedAt: accessEndOf(current) ?? now }
  return { ...withoutRenewal(current), status: replaced.status, endedAt: now, ver: replaced.ver, ...over }
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
