import { withPlan } from '#domain/accountWallet'
import { liveTerms } from '#domain/entitlement'
import { assertNotErasing } from '#domain/erasure'
import { isLive, planGrant, type Subscription } from '#domain/subscription'
import { nextDueAt } from '#domain/subscriptionDue'
import { isBought } from '#domain/subscriptionState'
import type { PlanTerms } from '#domain/terms'
import { notFound } from '#errors/problem'
import { findAccount, putAccountWrite } from '#table/accounts'
import { putHistoryWrite } from '#table/history'
import type { Write } from '#table/port'
import { countPriceWrite, findSubscription, putSubscriptionWrite } from '#table/subscriptions'
import type { Call } from '#table/wallets'
import { loadStoredWallet, walletWrites } from './accountChange.ts'
import type { Deps } from './deps.ts'
import { replacedBy } from './grantReplaced.ts'
import { freshHistoryId } from './historyId.ts'
import { tableWrites } from './paymentCommit.ts'

/**
 * The transaction that gives an account a plan: account, wallet with the new allowance, the subscription, the one it
 * replaces, the counts of live subscriptions by price, and a line of the plan history.
 * @throws Problem `not_found` without such an account, `conflict` for a plan that was bought and is not to be replaced.
 */
export async function grantPlanWrites(
  deps: Pick<Deps, 'table' | 'ids' | 'clock' | 'settings'>,
  accountId: string,
  grant: { id: string; terms: PlanTerms; until: number | null; reason: string; replace: boolean },
  fallback: PlanTerms | null,
  call: Call,
  now: number,
): Promise<GrantedPlan> {
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
  const bought = current && isBought(current) && isLive(current) ? current : undefined
  const scene = bought && { account, wallet: stored.wallet, subscription: bought, fallback }
  const ended = scene && (await replacedBy(deps, scene, grant.replace, now))
  const writes = [
    putAccountWrite(plan.account, account),
    ...walletWrites(accountId, withPlan(stored.wallet, plan.account, fallback, plan.isUpgrade, now), stored, call, now),
    putSubscriptionWrite(accountId, plan.granted, undefined, now),
    ...(ended
      ? tableWrites(deps, ended.writes, call).flatMap((row) => row.writes)
      : plan.replaced
        ? [putSubscriptionWrite(accountId, plan.replaced, current, now, nextDueAt(plan.replaced))]
        : []),
    ...countsOf(plan.granted.priceId, bought?.priceId ?? plan.replaced?.priceId).map(([priceId, by]) =>
      countPriceWrite(priceId, by, now),
    ),
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
  const replaced = ended && {
    subscriptionId: ended.subscription.id,
    planId: ended.subscription.planId,
    credit: ended.creditMinor,
    currency: ended.subscription.currency,
  }
  return { granted: plan.granted, planBefore: live?.planId ?? null, writes, ...(replaced && { replaced }) }
}

export interface GrantedPlan {
  granted: Subscription
  planBefore: string | null
  /** What was bought, and what is left of its money, minor units. */
  replaced?: { subscriptionId: string; planId: string; credit: number; currency: string }
  writes: Write[]
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
