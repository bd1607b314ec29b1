import type { RenewalMethod } from './paymentMethod.ts'
import { isLive } from './subscription.ts'
import { planCancel } from './subscriptionEnd.ts'
import { type BoughtSubscription, statusAt } from './subscriptionState.ts'
import { type SubscriptionPlan, type SubscriptionScene, unchanged, written } from './subscriptionWrite.ts'

/** Whether it renews with this very method, taken for what it is. */
export const isRenewedWith = (
  { method }: Pick<BoughtSubscription, 'method'>,
  { id, mandate }: RenewalMethod,
): boolean => method?.id === id && method.mandate === mandate

/** A live subscription renews with this method from now on; whether it renews at all stays as it is. */
export function planRenewWith(scene: SubscriptionScene, method: RenewalMethod, now: number): SubscriptionPlan {
  const { subscription } = scene
  const same = isRenewedWith(subscription, method)
  if (same || subscription.managedBy || !isLive(subscription) || !statusAt(subscription, now).access)
    return unchanged(scene)
  return written(scene, { next: { ...subscription, method } }, now)
}

/**
 * A method is forgotten: a live subscription that renews with it takes the one that is the default by then. With none
 * left it renews no more, and ends with what is paid.
 */
export function planMethodGone(
  scene: SubscriptionScene,
  gone: { id: string; heir: RenewalMethod | undefined },
  ids: { history: string },
  now: number,
): SubscriptionPlan {
  const { subscription } = scene
  const { method, managedBy, autoRenew } = subscription
  if (managedBy || !isLive(subscription) || !statusAt(subscription, now).access) return unchanged(scene)
  const { method: _gone, ...rest } = subscription
  const without: BoughtSubscription = method?.id === gone.id ? rest : subscription
  if (without.method) return unchanged(scene)
  if (gone.heir) return method ? planRenewWith({ ...scene, subscription: without }, gone.heir, now) : unchanged(scene)
  if (autoRenew) return planCancel({ ...scene, subscription: without }, { when: 'period_end' }, ids, now)
  return method ? written(scene, { next: without }, now) : unchanged(scene)
}
