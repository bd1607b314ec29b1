import { Problem } from '#errors/problem'
import { type ChangePlan, endingDetail } from './planChange.ts'
import { isForOther } from './renewal.ts'
import {
  type BoughtSubscription,
  endsAtPeriodEnd,
  type GivenTime,
  groundOf,
  paidUntil,
  presentPeriod,
  statusAt,
} from './subscriptionState.ts'
import { assertMayHappen, assertTransition } from './subscriptionTransition.ts'
import { noticeOf, type SubscriptionPlan, type SubscriptionScene, unchanged, written } from './subscriptionWrite.ts'
import type { PlanTerms } from './terms.ts'

/**
 * Stores a change for the end of what is paid, in place of one stored before. A renewal of the present plan that is being
 * charged is given back when it comes in.
 * @throws Problem `conflict` when the subscription has moved on since it was planned.
 */
export function planSchedule(
  scene: SubscriptionScene,
  plan: Extract<ChangePlan, { kind: 'scheduled' }>,
  { planId, priceId, catalogueVersion, interval }: PlanTerms,
  now: number,
): SubscriptionPlan {
  const { account, subscription } = scene
  assertMayHappen('change_scheduled', statusAt(subscription, now).status)
  if (plan.ground !== groundOf(presentPeriod(subscription, now)))
    throw new Problem('conflict', 'The subscription has changed meanwhile.')
  // Cancelled after it was previewed.
  if (endsAtPeriodEnd(subscription)) throw new Problem('conflict', endingDetail)
  const { scheduledChange: stored, pendingCharge } = subscription
  if (stored?.priceId === priceId && stored.catalogueVersion === catalogueVersion) return unchanged(scene)
  const next: BoughtSubscription = {
    ...subscription,
    scheduledChange: { planId, priceId, catalogueVersion, interval, at: now },
    ...(pendingCharge && { pendingCharge: { ...pendingCharge, refund: true } }),
  }
  const data = { nextPlanId: planId, effectiveAt: plan.effectiveAt }
  return written(
    scene,
    { next, beside: [noticeOf(account.id, 'subscription.change_scheduled', subscription, data)] },
    now,
  )
}

/**
 * Drops the change that waits. Asked again it changes nothing.
 * @throws Problem `conflict` when the subscription is over.
 */
export function planUnschedule(scene: SubscriptionScene, now: number): SubscriptionPlan {
  const { scheduledChange, pendingCharge, ...rest } = scene.subscription
  assertMayHappen('change_dropped', statusAt(scene.subscription, now).status)
  if (!scheduledChange) return unchanged(scene)
  // What is being charged may be the price of the change, or what was owed before it was asked for and is owed again.
  const charge = pendingCharge && { ...pendingCharge, refund: isForOther(rest, pendingCharge) }
  const next = { ...rest, ...(charge && { pendingCharge: charge }) }
  return written(scene, { next }, now)
}

/**
 * A reminder goes out, and whatever else it would have said before it. Nothing to write once its end has passed.
 * `hasMethod`: there is something to charge, its own method or the account's default.
 */
export function planReminder(
  scene: SubscriptionScene,
  { endsAt, hasMethod }: { endsAt: number; hasMethod: boolean },
  now: number,
): SubscriptionPlan {
  const { account, subscription } = scene
  const { remindedUntil = 0, autoRenew, retry } = subscription
  if (paidUntil(subscription) !== endsAt || remindedUntil >= now || !statusAt(subscription, now).access)
    return unchanged(scene)
  const isLate = now >= endsAt
  // Without a method, or after a refusal that nothing follows by itself, the customer has to act.
  const data = { endsAt, renews: autoRenew && hasMethod && retry?.nextAt !== null ? 'yes' : 'no' }
  return written(
    scene,
    {
      next: { ...subscription, remindedUntil: now },
      beside: isLate ? [] : [noticeOf(account.id, 'subscription.reminder', subscription, data)],
    },
    now,
  )
}

/**
 * Time given by staff: the present period ends later, and those after it with it. It is no money: credit and charge of a
 * change know where the time ends that was paid for. `terms`: of the present period, where that
 * was paid ahead under another plan and no job has begun it yet.
 * @throws Problem `conflict` for a subscription that is over or endless, or an instant that extends nothing.
 */
export function planExtend(scene: SubscriptionScene, until: number, now: number, terms?: PlanTerms): SubscriptionPlan {
  const subscription = presentPeriod(scene.subscription, now)
  const { periodEnd, periodIndex, retry: _retry, ...rest } = subscription
  const { status } = statusAt(subscription, now)
  assertMayHappen('granted', status)
  if (!statusAt(subscription, now).access) throw new Problem('conflict', `The subscription is ${status}.`)
  if (periodEnd === null || until <= Math.max(periodEnd, now))
    throw new Problem('conflict', 'The period does not end later by this.')
  assertTransition('granted', status, 'active')
  const isOther = subscription.priceId !== scene.subscription.priceId
  const { amount = 0 } = (isOther ? terms : scene.account.plan) ?? {}
  const given = givenTime(subscription, periodEnd, amount)
  const next = { ...rest, status: 'active' as const, periodIndex, periodEnd: until, given }
  return written(
    scene,
    { next: { ...next, anchor: until, firstIndex: periodIndex + 1 }, ...(isOther && terms && { terms }) },
    now,
  )
}

/**
 * Given a second time it is one span: that of the price it has now, unless a change within what was given before has paid
 * for that.
 */
function givenTime(
  { given, periodStart, paidFrom = periodStart }: BoughtSubscription,
  periodEnd: number,
  amountMinor: number,
): GivenTime {
  const from = given && paidFrom < given.from ? given.from : periodEnd
  return { from, wholeMs: given?.wholeMs ?? periodEnd - periodStart, amountMinor, presentMinor: amountMinor }
}
