import type { Account } from './account.ts'
import { type WalletChange, withPlan } from './accountWallet.ts'
import { canonicalJson } from './guard.ts'
import type { RenewalMethod } from './paymentMethod.ts'
import type { HistoryEntry, PaymentNotice, PaymentWrite } from './paymentWrite.ts'
import { isLive } from './subscription.ts'
import { accessEndOf, type BoughtSubscription, paidAheadEnds, paidUntil } from './subscriptionState.ts'
import type { PlanTerms } from './terms.ts'
import { planPeriod } from './time.ts'
import type { Wallet } from './walletState.ts'

/** What deciding on a subscription needs to have been read, consistently. */
export interface SubscriptionScene {
  account: Account
  wallet: Wallet
  subscription: BoughtSubscription
  fallback: PlanTerms | null
}

/** What money for a subscription came by. `method`: it may be charged again; absent: not known, or not kept. */
export interface PaidBy {
  history: string
  providerPaymentId: string | null
  method?: RenewalMethod
}

/** What a plan comes to: one transaction. `writes` empty: it was so before. */
export interface SubscriptionPlan {
  subscription: BoughtSubscription
  account: Account
  writes: PaymentWrite[]
}

/** What a step makes of the subscription, and what goes with it. */
export interface Step {
  next: BoughtSubscription
  /** The plan's, where it changes or holds anew. */
  terms?: PlanTerms
  /** The new allowance takes the place of what is left of the old one's. */
  replace?: boolean
  beside?: PaymentWrite[]
}

export const unchanged = ({ subscription, account }: SubscriptionScene): SubscriptionPlan => ({
  subscription,
  account,
  writes: [],
})

/**
 * The transaction of a step: the subscription, and where the account's snapshot follows from it (plan, access end, period)
 * account and wallet too. Another subscription's account is left alone.
 * @throws MoreIsDue when the wallet has to be settled first.
 */
export function written(
  scene: SubscriptionScene,
  { next, terms, replace, beside = [] }: Step,
  now: number,
): SubscriptionPlan {
  const { account: before, wallet, subscription: seen, fallback } = scene
  const still = withPause(next, before, now)
  const subscription = { ...withFinalOverage(seen, passedOver(still, now), now), ver: seen.ver + 1 }
  const after = isOwn(scene, next) ? snapshot(before, subscription, terms, fallback, now) : before
  const moved = canonicalJson(after) !== canonicalJson(before)
  const account = moved ? { ...after, ver: before.ver + 1, updatedAt: now } : before
  const follows: PaymentWrite[] = moved
    ? [
        { row: 'account', next: account, seenVer: before.ver },
        ...walletWrites(wallet, withPlan(wallet, account, fallback, replace ?? false, now), account.id),
      ]
    : []
  return {
    subscription,
    account,
    writes: [
      { row: 'subscription', accountId: account.id, next: subscription, seenVer: seen.ver },
      ...follows,
      ...countWrites(seen, subscription),
      ...beside,
    ],
  }
}

/** A wallet that no plan gives credits, before and after, has no period to follow: it stays as it is. */
function walletWrites(seen: Wallet, change: WalletChange, accountId: string): PaymentWrite[] {
  if (change.entries.length === 0 && isWithoutCredits(seen) && isWithoutCredits(change.wallet)) return []
  return [{ row: 'wallet', accountId, change, seenVersion: seen.version }]
}

const isWithoutCredits = ({ allowance }: Wallet): boolean =>
  allowance === null || (allowance.terms === null && allowance.next === null)

/** The account is on this subscription, or will be: one that is over, and stays so, is none of its business. */
const isOwn = ({ account, subscription }: SubscriptionScene, next: BoughtSubscription): boolean =>
  isLive(subscription) ? account.subscriptionId === subscription.id : isLive(next)

/**
 * What was used beyond the plan is looked at from its end on, however it ended; taken up again, it is on the next renewal.
 * One that the provider renews is not charged here.
 */
function withFinalOverage(seen: BoughtSubscription, next: BoughtSubscription, now: number): BoughtSubscription {
  const { finalOverage: _owed, ...rest } = next
  if (isLive(next)) return rest
  return isLive(seen) && !next.managedBy ? { ...rest, finalOverage: { at: now } } : next
}

/** What is live stands still while its account is suspended, and for no longer. */
function withPause(
  { pausedAt, ...rest }: BoughtSubscription,
  { suspended }: Pick<Account, 'suspended'>,
  now: number,
): BoughtSubscription {
  return suspended && isLive(rest) ? { ...rest, pausedAt: pausedAt ?? now } : rest
}

/** Nobody is reminded of an end that has passed. */
function passedOver(next: BoughtSubscription, now: number): BoughtSubscription {
  const end = paidUntil(next)
  return end !== null && now >= end && end > (next.remindedUntil ?? 0) ? { ...next, remindedUntil: end } : next
}

function snapshot(
  account: Account,
  subscription: BoughtSubscription,
  terms: PlanTerms | undefined,
  fallback: PlanTerms | null,
  now: number,
): Account {
  const { accessEnd: _end, complimentary: _free, subscriptionId: _id, period, ...rest } = account
  if (!isLive(subscription)) {
    const { endedAt: until = now } = subscription
    // The period ends with the plan; late events still fall into it.
    return { ...rest, plan: fallback, ...(period && { period: { ...period, until } }) }
  }
  const accessEnd = accessEndOf(subscription)
  const { periodStart: start, periodEnd: end } = subscription
  const ends = paidAheadEnds(subscription)
  const paid = { start, end, ...(ends.length > 0 && { ahead: ends }) }
  const { earlier: _earlier, ...known } = period ?? {}
  const same = canonicalJson(known) === canonicalJson(paid)
  return {
    ...rest,
    plan: terms ?? account.plan,
    subscriptionId: subscription.id,
    ...(accessEnd !== null && { accessEnd }),
    ...(period && same ? { period } : { period: planPeriod(period, paid, now) }),
  }
}

/** Live subscriptions of a price; one item takes one write. */
function countWrites(seen: BoughtSubscription, next: BoughtSubscription): PaymentWrite[] {
  const before = isLive(seen) ? seen.priceId : undefined
  const after = isLive(next) ? next.priceId : undefined
  if (before === after) return []
  return [
    ...(before === undefined ? [] : [{ row: 'priceCount' as const, priceId: before, by: -1 as const }]),
    ...(after === undefined ? [] : [{ row: 'priceCount' as const, priceId: after, by: 1 as const }]),
  ]
}

export const noticeOf = (
  accountId: string,
  kind: PaymentNotice,
  { id, planId }: BoughtSubscription,
  data: Record<string, string | number | null> = {},
): PaymentWrite => ({ row: 'notice', accountId, kind, data: { subscriptionId: id, planId, ...data } })

/** A line of the plan history. Without a payment nothing was paid. */
export const historyWrite = (
  accountId: string,
  subscription: BoughtSubscription,
  entry: Pick<HistoryEntry, 'id' | 'kind' | 'previousPlanId'> & Partial<HistoryEntry>,
): PaymentWrite => ({
  row: 'history',
  accountId,
  next: {
    planId: subscription.planId,
    priceId: subscription.priceId,
    startedAt: subscription.periodStart,
    endedAt: subscription.periodEnd,
    amountMinor: 0,
    currency: subscription.currency,
    paymentId: null,
    providerPaymentId: null,
    ...entry,
  },
})
