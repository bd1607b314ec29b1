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
 * The first money for a trial that renews with nothing yet is a purchase like any other: what paid it, where it may be
 * charged again, renews it from now on. Whoever cancelled, or bought without keeping a method, has decided otherwise.
 */
export function boughtWith(subscription: BoughtSubscription, method: RenewalMethod | undefined): BoughtSubscription {
  const { trial, ahead = [], canceledAt, method: own } = subscription
  const isFirst = trial === true && ahead.length === 0
  if (!method || !isFirst || own || canceledAt !== undefined || paidUntil(subscription) === null) return subscription
  return { ...subscription, method, autoRenew: true }
}

export function withoutMethod({ method: _gone, ...rest }: BoughtSubscription): BoughtSubscription {
  return rest
}

/** A live subscription renews with this method from now on; whether it renews at all stays as it is. */
export function planRenewWith(scene: SubscriptionScene, method: RenewalMethod, now: number): SubscriptionPlan {
  const { subscription } = scene
  const same = isRenewedWith(subscription, method)
  if (same || subscription.managedBy || !isLive(subscription) || !statusAt(subscription, now).access)
    return unchanged(scene)
  return written(scene, { next: withMethod(subscription, method, now) }, now)
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
