import type { RenewalMethod } from './paymentMethod.ts'
import { isLive } from './subscription.ts'
import { chargedFrom } from './subscriptionDue.ts'
import { type BoughtSubscription, paidUntil, statusAt } from './subscriptionState.ts'
import { type SubscriptionPlan, type SubscriptionScene, unchanged, written } from './subscriptionWrite.ts'

/** Whether it renews with this very method, taken for what it is. */
export const isRenewedWith = (
  { method }: Pick<BoughtSubscription, 'method'>,
  { id, mandate }: RenewalMethod,
): boolean => method?.id === id && method.mandate === mandate

/**
 * It renews with this method from now on. Where nothing was tried any more, another method is tried at its own time; a
 * mandate is debited once a cycle, however often it is chosen.
 */
export function withMethod(subscription: BoughtSubscription, method: RenewalMethod, now: number): BoughtSubscription {
  const { retry, method: seen } = subscription
  const next = { ...subscription, method }
  if (!retry || seen?.id === method.id) return next
  const wasDebited = retry.debited?.includes(method.id)
  const nextAt = wasDebited ? null : (retry.nextAt ?? Math.max(now, chargedFrom(next) ?? now))
  return { ...next, retry: { ...retry, nextAt } }
}

/**
 * Nobody has said yet whether it renews: nothing was paid for it with money (a trial, a coupon over the whole price), so no
 * method was kept or left out. Whoever cancelled, or paid without keeping a method, has decided otherwise.
 */
function isUndecided(subscription: BoughtSubscription): boolean {
  const { autoRenew, canceledAt, paidMinor, ahead = [] } = subscription
  const isUnpaid = paidMinor === 0 && ahead.every((period) => period.paidMinor === 0)
  return !autoRenew && canceledAt === undefined && isUnpaid && paidUntil(subscription) !== null
}

/**
 * What somebody paid it with, where that may be charged again, renews it from now on in two cases. The first money for what
 * nothing was paid for yet is a purchase like any other. After a charge that failed it takes the place of the method that
 * failed, which would fail again.
 */
export function boughtWith(subscription: BoughtSubscription, method: RenewalMethod | undefined): BoughtSubscription {
  const { autoRenew, retry } = subscription
  if (!method) return subscription
  if (autoRenew) return retry && !isRenewedWith(subscription, method) ? { ...subscription, method } : subscription
  return isUndecided(subscription) ? { ...subscription, method, autoRenew: true } : subscription
}

export function withoutMethod({ method: _gone, ...rest }: BoughtSubscription): BoughtSubscription {
  return rest
}

/**
 * A live subscription renews with this method from now on. Whether it renews at all stays as it is, but for a trial that had
 * none to be charged at its end: a method is what it lacked, and nobody asked for its end.
 */
export function planRenewWith(scene: SubscriptionScene, method: RenewalMethod, now: number): SubscriptionPlan {
  const { subscription } = scene
  const isTakenUp = subscription.trial === true && isUndecided(subscription)
  const isNews = isTakenUp || !isRenewedWith(subscription, method)
  if (!isNews || subscription.managedBy || !isLive(subscription) || !statusAt(subscription, now).access)
    return unchanged(scene)
  const next = withMethod(subscription, method, now)
  return written(scene, { next: isTakenUp ? { ...next, autoRenew: true } : next }, now)
}

/**
 * A method is forgotten: a live subscription that renews with it takes the one that is the default by then. With none
 * left it renews with whatever is the default when it is charged, and is overdue where there is nothing by then: nobody
 * asked for its end. What is being charged for it is heard and counts, as the provider may have taken it before.
 */
export function planMethodGone(
  scene: SubscriptionScene,
  gone: { id: string; heir: RenewalMethod | undefined },
  now: number,
): SubscriptionPlan {
  const { subscription } = scene
  const { method, managedBy } = subscription
  if (managedBy || !isLive(subscription) || !statusAt(subscription, now).access) return unchanged(scene)
  if (method?.id !== gone.id) return unchanged(scene)
  if (gone.heir) return planRenewWith(scene, gone.heir, now)
  return written(scene, { next: withoutMethod(subscription) }, now)
}
