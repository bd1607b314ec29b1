import type { Payment } from './payment.ts'
import type { PlanOnRefund } from './refund.ts'
import { isLive } from './subscription.ts'
import { withoutRenewal } from './subscriptionEnd.ts'
import { type BoughtSubscription, type PaidAhead, paidUntil, statusAt } from './subscriptionState.ts'
import { assertTransition } from './subscriptionTransition.ts'
import { noticeOf, type SubscriptionPlan, type SubscriptionScene, unchanged, written } from './subscriptionWrite.ts'

/** A refund as the subscription sees it; `payment.reversedMinor` is what earlier ones took. */
export interface RefundOfPlan {
  amountMinor: number
  /** `now` ends it, `period_end` its renewal and grace, `keep` neither. */
  plan: PlanOnRefund
}

/**
 * What a refund of a purchase, a renewal or a change takes: money that went back is no ground of a credit any more, and
 * access ends as staff said. A period that is paid ahead goes when all of its money does.
 * @throws MoreIsDue when the wallet has to be settled first.
 */
export function planRefundOf(
  scene: SubscriptionScene,
  payment: Payment,
  refund: RefundOfPlan,
  now: number,
): SubscriptionPlan {
  const { account, subscription } = scene
  const next = withLess(subscription, payment, refund)
  const isOver = !isLive(subscription) || account.subscriptionId !== subscription.id
  if (isOver || refund.plan === 'keep') {
    // What is over is not taken up again with money that went back.
    const marked = isOver && next !== subscription ? { ...next, refunded: true } : next
    return marked === subscription ? unchanged(scene) : written(scene, { next: marked }, now)
  }
  const asked = { ...withoutRenewal(next), canceledAt: now, cancelReason: 'Refunded' }
  const end = paidUntil(next)
  // Past its end there is grace alone, and that goes with the money.
  if (refund.plan === 'period_end' && (end === null || now < end)) return written(scene, { next: asked }, now)
  const { status, access } = statusAt(subscription, now)
  if (access) assertTransition('refunded', status, 'canceled')
  const over: BoughtSubscription = { ...asked, status: 'canceled', refunded: true, endedAt: now }
  const notice = noticeOf(account.id, 'subscription.ended', over, { reason: 'refunded' })
  // What is free of the included credits goes with the plan.
  return written(scene, { next: over, replace: true, beside: [notice] }, now)
}

function withLess(subscription: BoughtSubscription, payment: Payment, refund: RefundOfPlan): BoughtSubscription {
  if (subscription.paymentId === payment.id)
    return { ...subscription, paidMinor: lessOf(subscription.paidMinor, payment, refund) }
  const { ahead, ...rest } = subscription
  if (!ahead?.some(({ paymentId }) => paymentId === payment.id)) return subscription
  const left = aheadAfter(ahead, payment, refund)
  return { ...rest, ...(left.length > 0 && { ahead: left }) }
}

/** There is no gap in what is paid: only the last period may go, an earlier one keeps its time without its money. */
function aheadAfter(ahead: readonly PaidAhead[], payment: Payment, refund: RefundOfPlan): PaidAhead[] {
  const at = ahead.findIndex(({ paymentId }) => paymentId === payment.id)
  const isGone = refund.plan !== 'keep' && payment.reversedMinor + refund.amountMinor >= payment.amountMinor
  if (isGone && at === ahead.length - 1) return ahead.slice(0, at)
  return ahead.map((one) =>
    one.paymentId === payment.id ? { ...one, paidMinor: lessOf(one.paidMinor, payment, refund) } : one,
  )
}

/** The refunded part of what is left of it, so that parts take the whole in the end, and never more. */
function lessOf(paidMinor: number, { amountMinor, reversedMinor }: Payment, refund: RefundOfPlan): number {
  const before = BigInt(Math.max(0, amountMinor - reversedMinor))
  const after = BigInt(Math.max(0, amountMinor - reversedMinor - refund.amountMinor))
  return before === 0n ? 0 : Number((BigInt(paidMinor) * after) / before)
}
