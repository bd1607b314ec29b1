import type { Payment } from './payment.ts'
import { lostMinorOf } from './paymentState.ts'
import { grounded } from './periodMoney.ts'
import type { PlanOnRefund } from './refund.ts'
import { isLive } from './subscription.ts'
import { endedLine, withoutRenewal } from './subscriptionEnd.ts'
import { type BoughtSubscription, paidUntil, statusAt } from './subscriptionState.ts'
import { assertTransition } from './subscriptionTransition.ts'
import { noticeOf, type SubscriptionPlan, type SubscriptionScene, unchanged, written } from './subscriptionWrite.ts'

/** A refund as the subscription sees it; `payment.reversedMinor` is what earlier ones took. */
export interface RefundOfPlan {
  amountMinor: number
  /** `now` ends it, `period_end` its renewal and grace, `keep` neither. */
  plan: PlanOnRefund
  /** The line of the plan history that says so, where it ends now. */
  historyId: string
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
  const line = endedLine(scene, over, refund.historyId, now)
  // What is free of the included credits goes with the plan.
  return written(scene, { next: over, replace: true, beside: [line, notice] }, now)
}

/**
 * Money of a payment came back, or was lost after all: the ground of its credits follows, and access stays as it is.
 * `payment`: as it is by now. What is over is taken up again only where all of its money is here.
 */
export function planGround(scene: SubscriptionScene, payment: Payment, now: number): SubscriptionPlan {
  const { account, subscription } = scene
  const next = grounded(subscription, payment)
  if (next === subscription) return unchanged(scene)
  if (isLive(subscription) && account.subscriptionId === subscription.id) return written(scene, { next }, now)
  const { refunded: _before, ...rest } = next
  const isWhole = payment.reversedMinor === 0 && lostMinorOf(payment) === 0
  return written(scene, { next: isWhole ? rest : { ...rest, refunded: true } }, now)
}

function withLess(subscription: BoughtSubscription, payment: Payment, refund: RefundOfPlan): BoughtSubscription {
  const after = { ...payment, reversedMinor: payment.reversedMinor + refund.amountMinor }
  const { ahead = [], ...rest } = subscription
  // There is no gap in what is paid: only the last period may go, an earlier one keeps its time without its money.
  const isLast = ahead.at(-1)?.paymentId === payment.id
  const isGone = refund.plan !== 'keep' && isLast && after.reversedMinor >= payment.amountMinor
  if (!isGone) return grounded(subscription, after)
  return { ...rest, ...(ahead.length > 1 && { ahead: ahead.slice(0, -1) }) }
}
