import { Problem } from '#errors/problem'
import { isMandate, type PaymentProvider } from './moneyCharge.ts'
import type { Payment, PaymentSubject, PricedChange } from './payment.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import { periodEnd } from './period.ts'
import { changedMoney } from './periodMoney.ts'
import type { ChangePlan } from './planChange.ts'
import { carriedAfter } from './renewal.ts'
import { type AccountCredit, noCredit, planCredit } from './settlementCredit.ts'
import type { OtherEffect } from './settlementEffect.ts'
import { mandateLeadMs } from './subscriptionDue.ts'
import { boughtWith } from './subscriptionMethod.ts'
import { type BoughtSubscription, groundOf, presentPeriod, statusAt } from './subscriptionState.ts'
import { assertTransition, mayHappen } from './subscriptionTransition.ts'
import { historyWrite, noticeOf, type PaidBy, type SubscriptionScene, written } from './subscriptionWrite.ts'
import type { PlanTerms } from './terms.ts'
import { zoneAt } from './time.ts'

/** What the payment of a change is for. */
export const changeSubject = (
  { id, periodIndex }: BoughtSubscription,
  to: PlanTerms,
  { change, carried }: Extract<ChangePlan, { kind: 'now' }>,
): PaymentSubject => ({
  kind: 'subscription',
  subscriptionId: id,
  planId: to.planId,
  priceId: to.priceId,
  periodIndex,
  change,
  ...(carried && { carried }),
})

/**
 * A mandate is debited a day and more after it is asked for: by then the period that a change was priced on must not be over,
 * as its money would have no effect.
 * @throws Problem `conflict` when there is too little of the period left.
 */
export function assertDebitInTime(
  { periodEnd: end }: Pick<BoughtSubscription, 'periodEnd'>,
  provider: PaymentProvider,
  now: number,
): void {
  if (!isMandate(provider) || end === null || end - now >= mandateLeadMs) return
  throw new Problem(
    'conflict',
    'This saved method is debited after the period is over: pay on the page instead, or change after the renewal.',
  )
}

/**
 * What a paid change does: the plan switches at once, with its allowance and limits; the period stays or begins anew. It
 * is lawful on the very state that it was priced on, and not once that is overdue or over.
 * @throws MoreIsDue when the wallet has to be settled first.
 */
export function changePaid(
  scene: SubscriptionScene & { credit: AccountCredit | undefined },
  payment: Payment,
  terms: PlanTerms,
  { method, ...ids }: PaidBy,
  now: number,
): OtherEffect {
  const { account, credit } = scene
  // A period that was paid ahead has begun at its time, also where no job has written it.
  const subscription = boughtWith(presentPeriod(scene.subscription, now), method)
  const change = changeOf(payment, subscription, terms)
  const { status } = statusAt(subscription, now)
  if (!change || !mayHappen('upgrade_paid', status)) return { kind: 'unlawful', reason: 'overtaken' }
  const next = changed({ ...scene, subscription }, payment, change, terms, now)
  assertTransition('upgrade_paid', status, next.status)
  const { writes } = written(
    scene,
    {
      next,
      terms,
      replace: true,
      beside: [
        historyWrite(account.id, next, {
          id: ids.history,
          kind: 'upgrade',
          previousPlanId: subscription.planId,
          startedAt: now,
          amountMinor: payment.amountMinor,
          paymentId: payment.id,
          providerPaymentId: ids.providerPaymentId,
        }),
        ...surplusKept(credit ?? noCredit(account.id, subscription.currency), payment, change, now),
        noticeOf(account.id, 'subscription.changed', next, {
          previousPlanId: subscription.planId,
          periodEnd: next.periodEnd,
        }),
      ],
    },
    now,
  )
  return { kind: 'lawful', writes, reference: subscription.id }
}

function changeOf({ subject }: Payment, subscription: BoughtSubscription, terms: PlanTerms): PricedChange | undefined {
  if (subject.kind !== 'subscription' || subject.subscriptionId !== subscription.id) return undefined
  const { change, priceId } = subject
  return change?.ground === groundOf(subscription) && priceId === terms.priceId ? change : undefined
}

function changed(
  { account, subscription }: SubscriptionScene,
  payment: Payment,
  { which, pricedAt, coupon = subscription.coupon }: PricedChange,
  terms: PlanTerms,
  now: number,
): BoughtSubscription {
  const {
    scheduledChange: _dropped,
    ahead: _credited,
    carried: _carried,
    retry: _retry,
    coupon: _coupon,
    trial: _trial,
    earlier: _earlier,
    hereMinor: _here,
    tax: _tax,
    pendingCharge,
    given,
    ...rest
  } = subscription
  const carried = carriedAfter(subscription, payment)
  return {
    ...rest,
    status: 'active',
    planId: terms.planId,
    priceId: terms.priceId,
    catalogueVersion: terms.catalogueVersion,
    interval: terms.interval,
    ...changedMoney(subscription, payment),
    ...(coupon && { coupon }),
    ...(carried.length > 0 && { carried }),
    // A renewal of the plan before: its money goes back when it comes in.
    ...(pendingCharge &&
      pendingCharge.paymentId !== payment.id && { pendingCharge: { ...pendingCharge, refund: true } }),
    ...(which === 'upgrade'
      ? { paidFrom: pricedAt, ...(given && { given: { ...given, presentMinor: terms.amount } }) }
      : newPeriod(account.zones, subscription, terms, now)),
  }
}

function newPeriod(
  zones: SubscriptionScene['account']['zones'],
  { periodIndex, autoRenew }: BoughtSubscription,
  { interval }: PlanTerms,
  now: number,
) {
  const zone = zoneAt(zones, now)
  const end = periodEnd(now, interval, zone, 0)
  return {
    anchor: now,
    zone,
    periodIndex: periodIndex + 1,
    firstIndex: periodIndex + 1,
    periodStart: now,
    paidFrom: now,
    periodEnd: end,
    autoRenew: autoRenew && end !== null,
  }
}

/** What the old plan's credit had over is money that the account has with us. */
function surplusKept(
  credit: AccountCredit,
  payment: Payment,
  { surplusMinor }: PricedChange,
  now: number,
): PaymentWrite[] {
  if (surplusMinor === 0) return []
  const kept = { cause: 'surplus' as const, amountMinor: surplusMinor, paymentId: payment.id, about: payment.id }
  const change = planCredit(credit, kept, now)
  if (!change) throw new Error('a surplus makes no credit smaller')
  return [{ row: 'credit', change }]
}
