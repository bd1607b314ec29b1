import { Problem } from '#errors/problem'
import type { RenewalMethod } from './paymentMethod.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import { isForOther } from './renewal.ts'
import { hasLiveSubscription } from './settlementPlan.ts'
import { isLive } from './subscription.ts'
import { withMethod, withoutMethod } from './subscriptionMethod.ts'
import {
  accessEndOf,
  type BoughtSubscription,
  endsAtPeriodEnd,
  paidUntil,
  reactivationMs,
  statusAt,
} from './subscriptionState.ts'
import { assertMayHappen, assertTransition } from './subscriptionTransition.ts'
import {
  historyWrite,
  noticeOf,
  type SubscriptionPlan,
  type SubscriptionScene,
  unchanged,
  written,
} from './subscriptionWrite.ts'
import type { PlanTerms } from './terms.ts'

/** What taking up again rests on. `method`: what would be charged, its own or else the default; absent: there is none. */
export interface Kept {
  terms: PlanTerms
  method: RenewalMethod | undefined
}

export interface Cancellation {
  when: 'now' | 'period_end'
  reason?: string
}

/**
 * Ends a subscription now, or with what is paid. Asked again it changes nothing. A renewal that is being charged is given
 * back when it comes in.
 * @throws Problem `conflict` when it is over, or has no end that could be waited for.
 */
export function planCancel(
  scene: SubscriptionScene,
  { when, reason }: Cancellation,
  ids: { history: string },
  now: number,
): SubscriptionPlan {
  const { subscription } = scene
  const { status } = statusAt(subscription, now)
  if (status === 'canceled') return unchanged(scene)
  assertMayHappen(when === 'now' ? 'cancel_now' : 'cancel_at_period_end', status)
  const asked: BoughtSubscription = {
    ...withoutRenewal(subscription),
    canceledAt: now,
    ...(reason !== undefined && { cancelReason: reason }),
  }
  if (when === 'now') return ended(scene, { ...asked, status: 'canceled', endedAt: now }, ids, now)
  if (endsAtPeriodEnd(subscription)) return unchanged(scene)
  const endsAt = paidUntil(subscription)
  if (endsAt === null) throw new Problem('conflict', 'The plan has no end: cancel it now, or keep it.')
  return written(
    scene,
    {
      next: { ...asked, status },
      beside: [noticeOf(scene.account.id, 'subscription.cancel_scheduled', subscription, { endsAt })],
    },
    now,
  )
}

/** It renews no more: a change that waited is dropped, a charge under way is to go back. */
export function withoutRenewal(subscription: BoughtSubscription): BoughtSubscription {
  const { scheduledChange: _dropped, pendingCharge, ...rest } = subscription
  return { ...rest, autoRenew: false, ...(pendingCharge && { pendingCharge: { ...pendingCharge, refund: true } }) }
}

function ended(
  scene: SubscriptionScene,
  next: BoughtSubscription,
  ids: { history: string },
  now: number,
): SubscriptionPlan {
  const { account } = scene
  const { status } = next
  const reason = status === 'canceled' ? 'canceled' : 'expired'
  return written(
    scene,
    {
      next,
      beside: [endedLine(scene, next, ids.history, now), noticeOf(account.id, 'subscription.ended', next, { reason })],
    },
    now,
  )
}

/** The line that says that a plan ended, and what holds from there. */
export const endedLine = (
  { account, subscription, fallback }: SubscriptionScene,
  next: BoughtSubscription,
  id: string,
  now: number,
): PaymentWrite =>
  historyWrite(account.id, next, {
    id,
    planId: fallback?.planId ?? subscription.planId,
    previousPlanId: subscription.planId,
    kind: next.status === 'canceled' ? 'cancel' : 'expire',
    startedAt: next.endedAt ?? now,
    endedAt: null,
  })

/**
 * Tidies after a subscription whose time is over: the account falls back. Access ended at the very instant already, as
 * every reader compares the time. Nothing to write when it is not over (yet, or any more).
 */
export function planEnd(scene: SubscriptionScene, ids: { history: string }, now: number): SubscriptionPlan {
  const { subscription } = scene
  const { status, access } = statusAt(subscription, now)
  if (access || !isLive(subscription) || (status !== 'canceled' && status !== 'expired')) return unchanged(scene)
  const endedAt = accessEndOf(subscription) ?? now
  const before = statusAt(subscription, endedAt - 1).status
  const event = before === 'past_due' ? 'grace_over' : before === 'trialing' ? 'trial_ended_unpaid' : 'period_ended'
  assertTransition(event, before, status)
  // A charge under way that comes in all the same becomes account credit: nobody asked for it to go back.
  const { scheduledChange: _dropped, ...rest } = subscription
  return ended(scene, { ...rest, autoRenew: false, status, endedAt }, ids, now)
}

/**
 * Takes back what was asked: the end that has not come yet, or a cancellation of the last 30 days whose paid time is not
 * over. What had ended has a line of its own from then on: the plan goes on, and nothing was paid for that. Asked again it
 * changes nothing.
 * @throws Problem `conflict` when there is nothing to take up, or another subscription is live.
 */
export function planReactivate(
  scene: SubscriptionScene,
  input: Kept,
  ids: { history: string },
  now: number,
): SubscriptionPlan {
  const { account, subscription, fallback } = scene
  const { status, access } = statusAt(subscription, now)
  const notice = noticeOf(account.id, 'subscription.reactivated', subscription)
  if (access) {
    assertMayHappen('keep', status)
    if (!endsAtPeriodEnd(subscription)) return unchanged(scene)
    return written(scene, { next: { ...kept(subscription, input.method, now), status }, beside: [notice] }, now)
  }
  assertMayHappen('reactivate', status)
  const fault = reactivationFault(scene, now)
  if (fault !== undefined) throw new Problem('conflict', fault)
  const { endedAt: _ended, ...rest } = kept(subscription, input.method, now)
  const next: BoughtSubscription = { ...rest, status: 'active' }
  const line = historyWrite(account.id, next, {
    id: ids.history,
    kind: 'renewal',
    previousPlanId: fallback?.planId ?? null,
    startedAt: now,
    endedAt: paidUntil(next),
  })
  return written(scene, { next, terms: input.terms, beside: [line, notice] }, now)
}

/** It renews, with what would be charged: when and how often follow from that method, and from no other. */
function kept(seen: BoughtSubscription, method: RenewalMethod | undefined, now: number): BoughtSubscription {
  const subscription = method ? withMethod(seen, method, now) : withoutMethod(seen)
  const { canceledAt: _asked, cancelReason: _why, pendingCharge, ...rest } = subscription
  return {
    ...rest,
    // What was charged for a change that the cancellation dropped, or for a period that is paid by now, goes back all the same.
    ...(pendingCharge && { pendingCharge: { ...pendingCharge, refund: isForOther(subscription, pendingCharge) } }),
    autoRenew: method !== undefined && paidUntil(subscription) !== null,
  }
}

function reactivationFault({ account, subscription }: SubscriptionScene, now: number): string | undefined {
  const { canceledAt, refunded, replaced, trial, ahead = [] } = subscription
  if (replaced) return 'Staff gave a plan in its place, and its money became account credit.'
  if (canceledAt === undefined || now >= canceledAt + reactivationMs) return 'It was cancelled more than 30 days ago.'
  const end = paidUntil(subscription)
  if (end !== null && now >= end) return 'The time that was paid is over.'
  if (refunded) return 'The plan was refunded.'
  // What was paid ahead of its end is taken up with it.
  if (trial && ahead.length === 0) return 'A trial is not taken up again: buy the plan.'
  return hasLiveSubscription(account, now) ? 'The account has another live subscription.' : undefined
}

/**
 * The one stored fact in its other words: off is cancelling at the period's end, on is taking that back, which needs a
 * method to charge.
 * @throws Problem `conflict`
 */
export function planAutoRenew(
  scene: SubscriptionScene,
  autoRenew: boolean,
  input: Kept,
  ids: { history: string },
  now: number,
): SubscriptionPlan {
  const { subscription } = scene
  const { status } = statusAt(subscription, now)
  assertMayHappen('keep', status)
  if (!autoRenew) return planCancel(scene, { when: 'period_end' }, ids, now)
  if (subscription.autoRenew) return unchanged(scene)
  if (paidUntil(subscription) === null) throw new Problem('conflict', 'The plan has no end that it could renew at.')
  if (!input.method) throw new Problem('conflict', 'There is no saved payment method to renew with.')
  return written(scene, { next: { ...kept(subscription, input.method, now), status } }, now)
}
