import { captures, isInFlight, type Payment } from './payment.ts'
import { planPaymentFact } from './paymentFact.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import { type AccountCredit, noCredit, planCredit } from './settlementCredit.ts'

export type ExpiryPlan =
  /** `early`: its time is not over; `in_flight`: the provider still works on it; `done`: money is in, or it has expired. */
  { kind: 'keep'; reason: 'early' | 'in_flight' | 'done' } | { kind: 'expire'; next: Payment; writes: PaymentWrite[] }

/**
 * Ends an order that nobody paid, after the provider was asked. What the checkout took from others (coupon, discounts,
 * credit) is given back in the same transaction, once. Money that comes later still counts (`order_expired`).
 * `credit`: the account's, in the payment's currency; read when the payment holds some.
 */
export function planExpiry(payment: Payment, credit: AccountCredit | undefined, now: number): ExpiryPlan {
  if (payment.settled || captures(payment).length > 0 || payment.progress === 'expired')
    return { kind: 'keep', reason: 'done' }
  if (now < payment.expiresAt) return { kind: 'keep', reason: 'early' }
  if (isInFlight(payment)) return { kind: 'keep', reason: 'in_flight' }
  const plan = planPaymentFact(payment, { kind: 'expired', at: now }, now)
  if (plan.kind === 'ignored') return { kind: 'keep', reason: 'done' }
  const next = { ...plan.next, released: true }
  return {
    kind: 'expire',
    next,
    writes: [
      { row: 'payment', next, seenVer: payment.ver },
      ...releaseWrites(payment, credit, now),
      { row: 'notice', accountId: payment.accountId, kind: 'payment.expired', data: { paymentId: payment.id } },
    ],
  }
}

function releaseWrites(payment: Payment, credit: AccountCredit | undefined, now: number): PaymentWrite[] {
  const { id, accountId, currency, holds } = payment
  const writes: PaymentWrite[] = []
  if (holds.coupon) writes.push({ row: 'coupon', code: holds.coupon.code, by: -1 })
  if (holds.manualDiscountId !== undefined)
    writes.push({ row: 'manualDiscount', accountId, id: holds.manualDiscountId, paymentId: id, take: false })
  if (holds.discount) {
    const { group, windowId, free, percent } = holds.discount
    writes.push({ row: 'discountUse', accountId, group, windowId, by: { free: -free, percent: -percent } })
  }
  if (holds.creditMinor !== undefined && holds.creditMinor > 0) {
    const change = planCredit(
      credit ?? noCredit(accountId, currency),
      { cause: 'released', amountMinor: holds.creditMinor, paymentId: id, about: id },
      now,
    )
    if (change) writes.push({ row: 'credit', change })
  }
  return writes
}
