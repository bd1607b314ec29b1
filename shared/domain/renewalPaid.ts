import { couponAfterRenewal } from './coupon.ts'
import { isInFlight, type Payment } from './payment.ts'
import { type RenewalMethod, renewalMethod } from './paymentMethod.ts'
import { planMoney } from './periodMoney.ts'
import { carriedAfter, nextPlan } from './renewal.ts'
import type { OtherEffect } from './settlementEffect.ts'
import { isLive } from './subscription.ts'
import { chargedFrom, isChargeWanted, mandateLeadMs, nextRetry } from './subscriptionDue.ts'
import { planEnd } from './subscriptionEnd.ts'
import { boughtWith } from './subscriptionMethod.ts'
import {
  accessEndOf,
  type BoughtSubscription,
  graceMs,
  longestGraceMs,
  maxAhead,
  nextUnpaid,
  type PendingCharge,
  paidUntil,
  periodAfter,
  presentPeriod,
  statusAt,
  stretched,
} from './subscriptionState.ts'
import { assertTransition } from './subscriptionTransition.ts'
import {
  historyWrite,
  noticeOf,
  type PaidBy,
  type SubscriptionPlan,
  type SubscriptionScene,
  unchanged,
  written,
} from './subscriptionWrite.ts'
import type { PlanTerms } from './terms.ts'
import { dayMs } from './zone.ts'

const overtaken: OtherEffect = { kind: 'unlawful', reason: 'overtaken' }

/**
 * What a paid renewal does: the period after the last one paid is paid, counted from the old end. It begins at once when
 * that is over, and otherwise at its time. A payment for a period that is paid already, for another price, or for a
 * subscription that is over or was cancelled meanwhile has no effect: its money stays, or goes back.
 * @throws MoreIsDue when the wallet has to be settled first.
 */
export function renewalPaid(
  scene: SubscriptionScene,
  payment: Payment,
  /** Of the price that was paid. */
  terms: PlanTerms,
  { method, ...ids }: PaidBy,
  now: number,
): OtherEffect {
  const { account, subscription } = scene
  if (!isLawful(subscription, payment, terms, now)) return overtaken
  // What is charged by itself is what it renews with, or did when the charge began.
  const by = payment.followed ? undefined : method
  const paid = withPeriod(stretched(boughtWith(subscription, by), now), payment)
  const next = presentPeriod(paid, now)
  const hasBegun = next.periodIndex > subscription.periodIndex
  if (hasBegun) assertTransition('renewal_paid', statusAt(subscription, now).status, next.status)
  const last = lastPeriod(next)
  const changes = last.planId !== subscription.planId || last.priceId !== subscription.priceId
  const { writes } = written(
    scene,
    {
      next,
      ...(next.priceId !== subscription.priceId && { terms }),
      beside: [
        historyWrite(account.id, last, {
          id: ids.history,
          kind: changes ? 'downgrade' : 'renewal',
          previousPlanId: subscription.planId,
          amountMinor: payment.amountMinor,
          paymentId: payment.id,
          providerPaymentId: ids.providerPaymentId,
        }),
        noticeOf(account.id, 'subscription.renewed', last, { paymentId: payment.id, periodEnd: last.periodEnd }),
      ],
    },
    now,
  )
  return { kind: 'lawful', writes, reference: subscription.id }
}

function isLawful(subscription: BoughtSubscription, { id, subject }: Payment, terms: PlanTerms, now: number): boolean {
  if (subject.kind !== 'subscription' || subject.subscriptionId !== subscription.id) return false
  const { pendingCharge, ahead = [], periodEnd, managedBy } = subscription
  if (pendingCharge?.paymentId === id && pendingCharge.refund) return false
  if (periodEnd === null || managedBy || ahead.length >= maxAhead || !statusAt(subscription, now).access) return false
  const { priceId } = nextPlan(subscription)
  return subject.periodIndex === nextUnpaid(subscription) && subject.priceId === priceId && terms.priceId === priceId
}

/** The period is paid; what led there is over. */
function withPeriod(subscription: BoughtSubscription, payment: Payment): BoughtSubscription {
  const { scheduledChange, retry: _retry, carried: _carried, coupon, pendingCharge, ahead = [], ...rest } = subscription
  const plan = nextPlan(subscription)
  const used = coupon && couponUsed(payment) ? couponAfterRenewal(coupon) : coupon
  const carried = carriedAfter(subscription, payment)
  const other = pendingCharge && pendingCharge.paymentId !== payment.id ? { ...pendingCharge, refund: true } : undefined
  return {
    ...rest,
    ahead: [...ahead, { ...planMoney(payment), ...(scheduledChange && { plan }) }],
    ...(used && { coupon: used }),
    ...(carried.length > 0 && { carried }),
    // Another charge for this period may still come in: it has nothing left to pay.
    ...(other && { pendingCharge: other }),
  }
}

const couponUsed = ({ order }: Payment): boolean =>
  order.lines.some(({ discounts }) => discounts.some(({ kind }) => kind === 'coupon'))

function lastPeriod(subscription: BoughtSubscription): BoughtSubscription {
  let last = subscription
  while (last.ahead?.length) last = periodAfter(last)
  return last
}

/** A period that was paid ahead begins. Nothing to write before its time, or when it has begun. */
export function planAdvance(scene: SubscriptionScene, terms: PlanTerms | undefined, now: number): SubscriptionPlan {
  const { subscription } = scene
  const { ahead: [first] = [], periodEnd } = subscription
  if (!first || periodEnd === null || now < periodEnd || !isLive(subscription)) return unchanged(scene)
  const next = periodAfter(subscription)
  if (next.priceId !== subscription.priceId && terms?.priceId !== next.priceId)
    throw new Error('a period under another plan begins with its terms')
  return written(scene, { next, ...(next.priceId !== subscription.priceId && terms && { terms }) }, now)
}

/** A charge is about to be asked for: its payment is named before the provider hears of it, so that it is found again. */
export function planChargeStarted(
  scene: SubscriptionScene,
  { paymentId, byHand, renews }: Pick<PendingCharge, 'paymentId' | 'byHand' | 'renews'>,
  now: number,
): SubscriptionPlan {
  const { subscription } = scene
  if (subscription.pendingCharge) return unchanged(scene)
  const next = {
    ...subscription,
    pendingCharge: { paymentId, startedAt: now, ...(renews && { renews }), ...(byHand && { byHand }) },
  }
  return written(scene, { next: { ...next, status: statusAt(subscription, now).status } }, now)
}

/** It was looked at, and nothing was heard: it is looked at again. What the provider said of it before stands. */
export function planChargeLooked(scene: SubscriptionScene, now: number): SubscriptionPlan {
  const { subscription } = scene
  const { pendingCharge } = subscription
  if (!pendingCharge) return unchanged(scene)
  return written(scene, { next: { ...subscription, pendingCharge: lookedAt(pendingCharge, now) } }, now)
}

const lookedAt = ({ heard: _heard, ...pendingCharge }: PendingCharge, now: number): PendingCharge => ({
  ...pendingCharge,
  checkedAt: now,
})

/** The provider says that it failed: what comes of that does not wait for the next look. Another charge's is left alone. */
export function planChargeHeard(scene: SubscriptionScene, paymentId: string, now: number): SubscriptionPlan {
  const { subscription } = scene
  const { pendingCharge } = subscription
  if (pendingCharge?.paymentId !== paymentId || pendingCharge.heard) return unchanged(scene)
  return written(scene, { next: { ...subscription, pendingCharge: { ...pendingCharge, heard: true } } }, now)
}

/** The same, where the provider could not even be asked. Grace waits for it a while, unless a charge had failed before. */
export function planChargeUnasked(scene: SubscriptionScene, now: number): SubscriptionPlan {
  const { pendingCharge, autoRenew, retry } = scene.subscription
  const end = paidUntil(scene.subscription)
  const isFirst = autoRenew && !retry && pendingCharge && !pendingCharge.byHand && !pendingCharge.refund
  // Longer than until it is looked at next.
  const graceUntil = end === null ? 0 : Math.min(now + dayMs, end + longestGraceMs)
  const isLonger = end !== null && graceUntil > end + graceMs && statusAt(scene.subscription, now).access
  const subscription = isFirst && isLonger ? { ...scene.subscription, graceUntil } : scene.subscription
  return planChargeLooked({ ...scene, subscription }, now)
}

/**
 * Its payment's time is over, and no provider has heard of it: nothing was tried, so nothing has failed. The period is due
 * again, under another payment.
 */
function planChargeUnmade(scene: SubscriptionScene, ids: { history: string }, now: number): SubscriptionPlan {
  const { pendingCharge: _unmade, ...subscription } = scene.subscription
  const isOver = isLive(subscription) && !statusAt(subscription, now).access
  return isOver ? planEnd({ ...scene, subscription }, ids, now) : written(scene, { next: subscription }, now)
}

/** The provider works on it: access lasts until it has been heard. */
export function planChargeProcessing(scene: SubscriptionScene, now: number): SubscriptionPlan {
  const { subscription } = scene
  const { pendingCharge } = subscription
  if (!pendingCharge) return unchanged(scene)
  const next = { ...subscription, pendingCharge: { ...lookedAt(pendingCharge, now), processing: true } }
  return written(scene, { next }, now)
}

export interface RenewalFailure {
  /** Null: there was nothing to charge. */
  paymentId: string | null
  reason: string
  /** With what it was asked for; absent: nothing was charged. */
  charged?: RenewalMethod
  retryHours?: readonly number[]
}

/**
 * A renewal's charge failed, or there was nothing to charge (`paymentId` null): overdue, with a retry where the method
 * allows one. Told again it changes nothing. When grace is over meanwhile, so is the subscription.
 */
export function planRenewalFailed(
  scene: SubscriptionScene,
  failure: RenewalFailure,
  ids: { history: string },
  now: number,
): SubscriptionPlan {
  const { account, subscription: seen } = scene
  if ((seen.pendingCharge?.paymentId ?? null) !== failure.paymentId) return unchanged(scene)
  const { pendingCharge, ...subscription } = seen
  if (pendingCharge?.byHand && !pendingCharge.refund) {
    const data = { paymentId: pendingCharge.paymentId, reason: failure.reason }
    return written(
      scene,
      { next: subscription, beside: [noticeOf(account.id, 'payment.failed', subscription, data)] },
      now,
    )
  }
  const end = paidUntil(subscription)
  // It has ended meanwhile, has more time, or the money was to go back: nothing is overdue, and nothing waits any more.
  const isMoot = pendingCharge?.refund || !isLive(seen) || end === null || now < dueFrom(subscription, failure, end)
  if (isMoot) return pendingCharge ? written(scene, { next: subscription }, now) : unchanged(scene)
  const current = { ...scene, subscription }
  if (!statusAt(subscription, now).access) return planEnd(current, ids, now)
  // Two workers that find no method count it once.
  if (failure.paymentId === null && (subscription.retry?.nextAt ?? 0) > now) return unchanged(scene)
  const { status } = statusAt(subscription, now)
  const failed = (subscription.retry?.failed ?? 0) + 1
  const { charged } = failure
  const debited = [...(subscription.retry?.debited ?? []), ...(charged?.mandate ? [charged.id] : [])]
  const nextAt = nextTry(subscription, { ...failure, debited }, { end, now })
  const retry = { failed, nextAt, ...(debited.length > 0 && { debited }) }
  const next = { ...subscription, status, retry }
  const notice = noticeOf(account.id, 'subscription.renewal_failed', next, {
    reason: failure.reason,
    attempt: failed,
    nextAt,
    accessEnd: accessEndOf(next),
  })
  return written(current, { next, beside: [notice] }, now)
}

/** From when on the period was to be charged, by the method that was and by the one that takes its place. */
const dueFrom = (subscription: BoughtSubscription, { charged }: Pick<RenewalFailure, 'charged'>, end: number): number =>
  Math.min(...[subscription.method, charged].map((method) => end - (method?.mandate ? mandateLeadMs : 0)))

/** Another method has taken the place of what was charged: it is tried at its own time. A mandate is debited once. */
function nextTry(
  subscription: BoughtSubscription,
  { charged, debited, retryHours }: Pick<RenewalFailure, 'charged' | 'retryHours'> & { debited: readonly string[] },
  { end, now }: { end: number; now: number },
): number | null {
  const { method } = subscription
  if (debited.includes(method?.id ?? charged?.id ?? '')) return null
  const isOther = charged && method && method.id !== charged.id
  return isOther ? Math.max(now, chargedFrom(subscription) ?? end) : nextRetry(end, now, retryHours)
}

export type ChargeFollowUp =
  /** Nobody heard of it: look it up with the provider, and only where it is wanted still ask again, under the same payment. */
  | { kind: 'unknown'; isWanted: boolean }
  /** Write `plan`. `unmade`: it never reached a provider. `refund`: the money is in and goes back. */
  | { kind: 'processing' | 'failed' | 'unmade' | 'settled'; plan: SubscriptionPlan; refund: boolean }

/** What became of a charge under way, by its payment. */
export function followCharge(
  scene: SubscriptionScene,
  payment: Payment,
  { retryHours, ...ids }: { history: string; retryHours?: readonly number[] },
  now: number,
): ChargeFollowUp {
  const { pendingCharge, ...subscription } = scene.subscription
  if (pendingCharge?.paymentId !== payment.id) return { kind: 'settled', plan: unchanged(scene), refund: false }
  if (payment.settled?.as === 'held' && isChargeWanted(scene.subscription, now)) {
    // The money is in, and staff decide what it is for: the period is not charged again by itself.
    const failure = { paymentId: payment.id, reason: 'The payment is being looked at.', retryHours: [] }
    return { kind: 'failed', plan: planRenewalFailed(scene, failure, ids, now), refund: false }
  }
  if (payment.settled) {
    const refund = pendingCharge.refund === true && payment.settled.as === 'account_credit'
    return { kind: 'settled', plan: written(scene, { next: subscription }, now), refund }
  }
  if (isInFlight(payment)) return { kind: 'processing', plan: planChargeProcessing(scene, now), refund: false }
  if (payment.progress !== 'failed' && payment.progress !== 'expired')
    return { kind: 'unknown', isWanted: isChargeWanted(scene.subscription, now) }
  if (payment.progress === 'expired' && !payment.attempt && !pendingCharge.byHand)
    return { kind: 'unmade', plan: planChargeUnmade(scene, ids, now), refund: false }
  const reason = payment.attempt?.reason ?? 'The payment was not made.'
  const failure = { paymentId: payment.id, reason, ...chargedBy(payment), ...(retryHours && { retryHours }) }
  const plan = planRenewalFailed(scene, failure, ids, now)
  return { kind: 'failed', plan, refund: false }
}

const chargedBy = ({ method, provider }: Payment): Pick<RenewalFailure, 'charged'> =>
  method && provider ? { charged: renewalMethod({ id: method.id, provider }) } : {}
