import { Problem } from '#errors/problem'
import type { SubscriptionStatus } from './subscription.ts'
import type { BoughtSubscription } from './subscriptionState.ts'

/** What happens to a subscription. `none` as the state it comes from: there is no subscription, or only ones that are over. */
export const subscriptionEvents = [
  'checkout_settled',
  'trial_started',
  'trial_ended_unpaid',
  'renewal_paid',
  'renewal_failed',
  'period_ended',
  'grace_over',
  'cancel_now',
  'cancel_at_period_end',
  'reactivate',
  'keep',
  'upgrade_paid',
  'change_scheduled',
  'change_dropped',
  'refunded',
  'granted',
  'imported',
  'followed',
] as const
export type SubscriptionEvent = (typeof subscriptionEvents)[number]
export type SubscriptionState = SubscriptionStatus | 'none'

type Targets = Partial<Record<SubscriptionState, readonly SubscriptionStatus[]>>

/** The whole of what may happen: what is not here is refused. Several targets: which one, the facts decide. */
export const transitions: Record<SubscriptionEvent, Targets> = {
  checkout_settled: { none: ['active'], canceled: ['active'], expired: ['active'] },
  trial_started: { none: ['trialing'], canceled: ['trialing'], expired: ['trialing'] },
  trial_ended_unpaid: { trialing: ['expired', 'canceled'] },
  // A trial whose method was charged becomes a plan; an overdue plan goes on from its old end.
  renewal_paid: { trialing: ['active'], active: ['active'], past_due: ['active'] },
  renewal_failed: { trialing: ['past_due'], active: ['past_due'], past_due: ['past_due'] },
  period_ended: { active: ['canceled', 'expired'] },
  grace_over: { past_due: ['expired', 'canceled'] },
  cancel_now: { trialing: ['canceled'], active: ['canceled'], past_due: ['canceled'] },
  cancel_at_period_end: { trialing: ['trialing'], active: ['active'], past_due: ['past_due'] },
  reactivate: { canceled: ['active'] },
  // Reactivating what only was to end: the same state, without the flag.
  keep: { trialing: ['trialing'], active: ['active'], past_due: ['past_due'] },
  upgrade_paid: { trialing: ['active'], active: ['active'] },
  change_scheduled: { trialing: ['trialing'], active: ['active'] },
  change_dropped: { trialing: ['trialing'], active: ['active'], past_due: ['past_due'] },
  refunded: { trialing: ['canceled'], active: ['canceled'], past_due: ['canceled'] },
  granted: {
    none: ['active'],
    canceled: ['active'],
    expired: ['active'],
    trialing: ['active'],
    active: ['active'],
    past_due: ['active'],
  },
  imported: { none: ['active', 'past_due'], canceled: ['active', 'past_due'], expired: ['active', 'past_due'] },
  // The provider's word. One that ran out while the provider was silent is taken up again; a cancellation is for good.
  followed: {
    active: ['active', 'past_due', 'canceled'],
    past_due: ['active', 'past_due', 'canceled'],
    expired: ['active', 'past_due', 'expired'],
    canceled: ['canceled'],
  },
}

/** Whether an event may happen in a state. */
export const mayHappen = (event: SubscriptionEvent, from: SubscriptionState): boolean =>
  transitions[event][from] !== undefined

/** @throws Problem `conflict`, with the state: the event may not happen in it. */
export function assertMayHappen(event: SubscriptionEvent, from: SubscriptionState): void {
  if (mayHappen(event, from)) return
  const state = from === 'none' ? 'There is no live subscription.' : `The subscription is ${from}.`
  throw new Problem('conflict', state)
}

/** What is said of everything that is refused because a provider renews the subscription. */
export const managedDetail = 'The payment provider manages this subscription: it is changed and cancelled there.'

/** @throws Problem `conflict` for a subscription that a provider renews: what was done here it would not know of. */
export function assertNotManaged({ managedBy }: Pick<BoughtSubscription, 'managedBy'>): void {
  if (managedBy) throw new Problem('conflict', managedDetail)
}

/** Defends every plan. @throws Error for a step that the table does not have: a defect. */
export function assertTransition(event: SubscriptionEvent, from: SubscriptionState, to: SubscriptionStatus): void {
  if (!transitions[event][from]?.includes(to)) throw new Error(`${event} does not lead from ${from} to ${to}`)
}
