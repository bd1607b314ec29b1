import { isLive } from './subscription.ts'
import { planCancel } from './subscriptionEnd.ts'
import { type BoughtSubscription, statusAt } from './subscriptionState.ts'
import { type SubscriptionPlan, type SubscriptionScene, unchanged, written } from './subscriptionWrite.ts'

type Method = NonNullable<BoughtSubscription['method']>

/** A live subscription renews with this method from now on; whether it renews at all stays as it is. */
export function planRenewWith(scene: SubscriptionScene, method: Method, now: number): SubscriptionPlan {
  const { subscription } = scene
  const { method: seen, managedBy } = subscription
  const same = seen?.id === method.id && seen.mandate === method.mandate
  if (same || managedBy || !isLive(subscription) || !statusAt(subscription, now).access) return unchanged(scene)
  return written(scene, { next: { ...subscription, method } }, now)
}

/**
 * A method is forgotten: a live subscription that renews with it takes the one that is the default by then. With none
 * left it renews no more, and ends with what is paid.
 */
export function planMethodGone(
  scene: SubscriptionScene,
  gone: { id: string; heir: Method | undefined },
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
