import type { Subscription } from './subscription.ts'
import {
  accessEndOf,
  daysRemaining,
  endsAtPeriodEnd,
  isBought,
  isPaused,
  paidUntil,
  presentPeriod,
  statusAt,
} from './subscriptionState.ts'
import { isoOf } from './time.ts'

/** A subscription as `GET /subscription` shows it at an instant, whether or not any job has run. `features` are the account's. */
export function subscriptionDetail<Features>(stored: Subscription, features: Features, now: number) {
  const subscription = isBought(stored) ? presentPeriod(stored, now) : stored
  const { status } = statusAt(subscription, now)
  const { id, planId, priceId, complimentary, periodStart, periodEnd, createdAt, endedAt } = subscription
  const bought = isBought(subscription) ? subscription : undefined
  const end = bought ? paidUntil(bought) : subscription.periodEnd
  const { scheduledChange, canceledAt, cancelReason } = bought ?? {}
  const isOver = status === 'canceled' || status === 'expired'
  return {
    id,
    planId,
    priceId,
    status,
    complimentary,
    currentPeriodStart: isoOf(periodStart),
    currentPeriodEnd: orNull(periodEnd),
    /** What is paid, periods ahead included. */
    paidUntil: orNull(end),
    daysRemaining: isOver ? 0 : daysRemaining(subscription, now),
    cancelAtPeriodEnd: !isOver && endsAtPeriodEnd(subscription),
    autoRenew: !isOver && (bought?.autoRenew ?? false),
    scheduledChange:
      scheduledChange && end !== null && !isOver
        ? { planId: scheduledChange.planId, priceId: scheduledChange.priceId, effectiveAt: isoOf(end) }
        : null,
    canceledAt: orNull(canceledAt),
    cancelReason: cancelReason ?? null,
    trial: status === 'trialing',
    /** Since when nothing is charged and no grace runs: the account is suspended. */
    pausedAt: orNull(isPaused(subscription) ? bought?.pausedAt : null),
    /** What renewals charge; null: the account's default method. */
    paymentMethodId: bought?.method?.id ?? null,
    /** The provider that renews it; null: it is renewed here. */
    managedBy: (bought?.managedBy && bought.provider) ?? null,
    features,
    createdAt: isoOf(createdAt),
    endedAt: orNull(endedAt ?? (isOver ? accessEndOf(subscription) : null)),
  }
}

const orNull = (at: number | null | undefined): string | null => (at === null || at === undefined ? null : isoOf(at))
