import type { Account } from './account.ts'
import type { PaymentProvider } from './moneyCharge.ts'
import { type Difference, differences, type Payment, type Unlawful } from './payment.ts'
import { goneOf } from './paymentState.ts'
import { hasLiveSubscription } from './settlementPlan.ts'

/** A provider payment as the provider's own API tells it; amounts in ISO minor units. Gateways make it. */
export interface ObservedPayment {
  provider: PaymentProvider
  providerPaymentId: string
  providerOrderId?: string | undefined
  /** Our payment id, where the provider carries it. */
  reference?: string | undefined
  status: 'created' | 'paused' | 'abandoned' | 'authorized' | 'processing' | 'captured' | 'failed' | 'refunded'
  amountMinor: number
  currency: string
  /** The provider's running total. */
  refundedMinor: number
  mode: 'test' | 'live' | 'unknown'
  failure?: { code: string; reason: string } | undefined
  /** The provider's time of this state, epoch milliseconds. */
  at?: number | undefined
}

/**
 * How a provider payment differs from ours, member by member. What a provider does not carry is not compared, but one of
 * order and reference has to be ours: an amount alone proves nothing. The account is that of our row, which both lead to.
 */
export function compareCapture(payment: Payment, seen: ObservedPayment): Difference[] {
  const differs: Record<Difference, boolean> = {
    provider: seen.provider !== payment.provider,
    amount: seen.amountMinor !== payment.amountMinor,
    currency: seen.currency !== payment.currency,
    order: !isOurOrder(payment, seen),
    mode: seen.mode !== 'unknown' && seen.mode !== payment.mode,
  }
  return differences.filter((name) => differs[name])
}

/** An order whose creation timed out is not known to us yet: then the reference decides. */
function isOurOrder(payment: Payment, { providerOrderId, reference }: ObservedPayment): boolean {
  if (reference !== undefined && reference !== payment.id) return false
  if (providerOrderId !== undefined && payment.providerOrderId !== undefined)
    return providerOrderId === payment.providerOrderId
  return reference === payment.id
}

/** Why the money that is in cannot have its effect any more; undefined: it can. The first reason that holds. */
export function unlawfulNow(
  payment: Payment,
  seen: ObservedPayment | null,
  account: Account | undefined,
  now: number,
): Unlawful | undefined {
  // Money that went back already may neither grant nor be credited; part of it is for staff to judge.
  if (seen && wentBack(payment, seen)) return 'already_refunded'
  if (!account) return 'no_account'
  // What is held has done nothing yet: the right payment after a wrong one still has its effect.
  if (payment.settled && payment.settled.as !== 'held') return 'second_charge'
  if (payment.progress === 'expired') return 'order_expired'
  if (account.currency !== undefined && account.currency !== payment.currency) return 'other_currency'
  return payment.type === 'plan_purchase' && hasLiveSubscription(account, now) ? 'already_subscribed' : undefined
}

/**
 * By what the provider tells now, or by a refund, done or on its way, or a lost dispute that was told before the money was:
 * Paystack's payments name no refunds, and no provider's name a dispute.
 */
function wentBack(
  { charges, disputes }: Payment,
  { status, refundedMinor, providerPaymentId: id }: ObservedPayment,
): boolean {
  const known = charges.find((charge) => charge.providerPaymentId === id)
  const isLost = disputes.some(({ outcome, providerPaymentId: named = id }) => outcome?.won === false && named === id)
  return status === 'refunded' || refundedMinor > 0 || isLost || (known !== undefined && goneOf(known) > 0)
}
