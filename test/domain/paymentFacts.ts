import fc from 'fast-check'
import type { PaymentFact } from '#domain/paymentFact'
import { at, provided } from './paymentSupport.ts'

// What may be heard of a payment of 1,000.00 INR (`paymentOf`).

export const captured = (over: Partial<Extract<PaymentFact, { kind: 'captured' }>> = {}): PaymentFact => ({
  kind: 'captured',
  at: at + 5,
  providerPaymentId: provided,
  amountMinor: 100_000,
  currency: 'INR',
  differences: [],
  ...over,
})
export const refund = (
  id: string,
  amountMinor: number,
  state: 'pending' | 'processed' | 'failed',
  over: Partial<Extract<PaymentFact, { kind: 'refund' }>> = {},
): PaymentFact => ({ kind: 'refund', providerPaymentId: provided, refundId: id, amountMinor, state, ...over })
export const total = (totalMinor: number): PaymentFact => ({
  kind: 'refundTotal',
  providerPaymentId: provided,
  totalMinor,
})
export const dispute = (
  state: 'open' | 'won' | 'lost',
  when = at + 9,
  over: Partial<Extract<PaymentFact, { kind: 'dispute' }>> = {},
): PaymentFact => ({ kind: 'dispute', disputeId: 'disp_1', amountMinor: 100_000, state, at: when, ...over })
export const failed: Extract<PaymentFact, { kind: 'failed' }> = {
  kind: 'failed',
  at: at + 2,
  code: 'BAD_REQUEST_ERROR',
  reason: 'declined',
}
export const authorized: Extract<PaymentFact, { kind: 'authorized' | 'processing' }> = {
  kind: 'authorized',
  at: at + 3,
  providerPaymentId: provided,
}
export const processing: PaymentFact = { kind: 'processing', at: at + 1 }
export const expired: PaymentFact = { kind: 'expired', at: at + 4 }

/** Any of them, also such as contradict each other. */
export const anyFact = fc.constantFrom<PaymentFact>(
  processing,
  authorized,
  failed,
  { ...failed, at: at + 3, reason: 'other' },
  { ...failed, at: at + 4 },
  expired,
  captured(),
  captured({ at: at + 6, differences: ['amount'], amountMinor: 99 }),
  captured({ unlawful: 'order_expired' }),
  captured({ providerPaymentId: 'pay_2', at: at + 5 }),
  refund('r1', 40_000, 'pending'),
  refund('r1', 40_000, 'processed'),
  refund('r1', 40_000, 'failed'),
  refund('r2', 60_000, 'processed', { providerRefundId: 'rfnd_2' }),
  { kind: 'refund', providerPaymentId: provided, providerRefundId: 'rfnd_2', amountMinor: 60_000, state: 'failed' },
  { kind: 'refund', providerPaymentId: 'pay_2', providerRefundId: 'rfnd_3', amountMinor: 7, state: 'processed' },
  total(40_000),
  total(100_000),
  dispute('open'),
  dispute('open', at + 9, { respondBy: at + 90, reason: 'fraudulent' }),
  dispute('open', at + 10, { respondBy: at + 70, reason: 'duplicate' }),
  dispute('won'),
  dispute('lost'),
  dispute('won', at + 11),
  dispute('lost', at + 11, { takenMinor: 7 }),
  dispute('lost', at + 11, { takenMinor: 9 }),
  dispute('lost', at + 12, { amountMinor: 70_000 }),
  { kind: 'dispute', disputeId: 'disp_3', amountMinor: 60_000, state: 'lost', at: at + 3 },
  { kind: 'dispute', disputeId: 'disp_2', providerPaymentId: provided, amountMinor: 1, state: 'won', at: at + 3 },
  { kind: 'resolved', providerPaymentId: provided, as: 'kept', at: at + 20 },
  { kind: 'resolved', providerPaymentId: provided, as: 'returned', at: at + 20 },
)
