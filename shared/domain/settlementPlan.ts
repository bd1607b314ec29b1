import type { Account } from './account.ts'
import { withPlan } from './accountWallet.ts'
import { isPlanLive, liveTerms } from './entitlement.ts'
import type { Payment } from './payment.ts'
import type { RenewalMethod } from './paymentMethod.ts'
import type { HistoryEntry, PaymentWrite } from './paymentWrite.ts'
import { periodEnd } from './period.ts'
import { planMoney } from './periodMoney.ts'
import { accessEndOf, type BoughtSubscription, isBought } from './subscriptionState.ts'
import type { PlanTerms } from './terms.ts'
import { planPeriod, zoneAt } from './time.ts'
import type { Wallet } from './walletState.ts'

export { type BoughtSubscription, isBought }

/** Some subscription gives the account its plan at this instant: granted, bought, on trial or overdue. */
export const hasLiveSubscription = (account: Account, now: number): boolean =>
  account.subscriptionId !== undefined && isPlanLive(account, now)

export interface PlanEffectInput {
  payment: Payment
  account: Account
  wallet: Wallet
  /** The terms of the version that was in force at checkout. */
  terms: PlanTerms
  fallback: PlanTerms | null
  ids: { subscription: string; history: string }
  /** What paid, or was named where there was nothing to pay, and may be charged again: the subscription renews itself with it. */
  method?: RenewalMethod
  providerPaymentId: string | null
}

/**
 * What a paid plan does: a subscription whose first period begins now, the account's snapshot, the allowance. What was
 * left of an earlier plan's included credits is replaced: whoever pays has the new ones at once.
 * @throws MoreIsDue when the wallet has to be settled first.
 */
export function planEffect(input: PlanEffectInput, now: number): { writes: PaymentWrite[]; account: Account } {
  const { payment, account, wallet, terms, fallback, ids } = input
  assertTerms(payment, terms)
  const subscription = boughtSubscription(input, now)
  const next = subscribed(account, subscription, terms, now)
  return {
    account: next,
    writes: [
      { row: 'account', next, seenVer: account.ver },
      { row: 'subscription', accountId: account.id, next: subscription, seenVer: 0 },
      {
        row: 'wallet',
        accountId: account.id,
        change: withPlan(wallet, next, fallback, true, now),
        seenVersion: wallet.version,
      },
      { row: 'priceCount', priceId: terms.priceId, by: 1 },
      { row: 'history', accountId: account.id, next: historyOf(input, subscription, ids.history, now) },
      {
        row: 'notice',
        accountId: account.id,
        kind: 'subscription.started',
        data: { subscriptionId: subscription.id, planId: terms.planId, periodEnd: subscription.periodEnd },
      },
    ],
  }
}

function boughtSubscription(input: PlanEffectInput, now: number): BoughtSubscription {
  const { payment, account, terms, ids, method } = input
  const zone = zoneAt(account.zones, now)
  const end = periodEnd(now, terms.interval, zone, 0)
  const coupon = payment.subject.kind === 'plan' ? payment.subject.coupon : undefined
  return {
    id: ids.subscription,
    planId: terms.planId,
    priceId: terms.priceId,
    catalogueVersion: terms.catalogueVersion,
    status: 'active',
    complimentary: false,
    periodStart: now,
    periodEnd: end,
    reason: 'Purchase',
    ver: 1,
    createdAt: now,
    interval: terms.interval,
    currency: payment.currency,
    anchor: now,
    zone,
    periodIndex: 0,
    ...planMoney(payment),
    // What has no end has nothing to renew.
    autoRenew: method !== undefined && end !== null,
    ...(method && { method }),
    ...(coupon && { coupon }),
    ...(account.suspended && { pausedAt: now }),
  }
}

function subscribed(account: Account, subscription: BoughtSubscription, terms: PlanTerms, now: number): Account {
  const { accessEnd: _ended, complimentary: _free, ...rest } = account
  const accessEnd = accessEndOf(subscription)
  const { periodEnd: end } = subscription
  return {
    ...rest,
    plan: terms,
    subscriptionId: subscription.id,
    currency: account.currency ?? subscription.currency,
    hasPaid: true,
    ...(accessEnd !== null && { accessEnd }),
    period: planPeriod(account.period, { start: now, end }, now),
    ver: account.ver + 1,
    updatedAt: now,
  }
}

const historyOf = (
  { payment, account, terms, fallback, providerPaymentId }: PlanEffectInput,
  subscription: BoughtSubscription,
  id: string,
  now: number,
): HistoryEntry => ({
  id,
  planId: terms.planId,
  previousPlanId: liveTerms(account, now, fallback)?.planId ?? null,
  priceId: terms.priceId,
  kind: 'new',
  startedAt: now,
  endedAt: subscription.periodEnd,
  amountMinor: payment.amountMinor,
  currency: payment.currency,
  paymentId: payment.id,
  providerPaymentId,
})

/** The price is the one of checkout, whatever the catalogue says by now. @throws Error for other terms: a defect. */
function assertTerms({ subject, catalogueVersion }: Payment, terms: PlanTerms): void {
  const same =
    subject.kind === 'plan' &&
    subject.planId === terms.planId &&
    subject.priceId === terms.priceId &&
    catalogueVersion === terms.catalogueVersion
  if (!same) throw new Error('a payment is settled on the terms of its checkout')
}
