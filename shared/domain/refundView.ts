import type { Payment } from './payment.ts'
import type { CreditIn } from './paymentState.ts'
import { paymentView } from './paymentView.ts'
import type { Refund } from './refund.ts'

const isoOf = (at: number): string => new Date(at).toISOString()

/** A refund as staff see it; its amount is minor units. */
export const refundView = (refund: Refund) => ({
  id: refund.id,
  paymentId: refund.paymentId,
  providerPaymentId: refund.providerPaymentId,
  providerRefundId: refund.providerRefundId ?? null,
  status: refund.status,
  amount: refund.amountMinor,
  currency: refund.currency,
  reason: refund.reason,
  plan: refund.plan,
  creditsTaken: refund.creditsTaken ?? null,
  creditsSpent: refund.creditsSpent ?? null,
  creditNoteId: refund.creditNoteId ?? null,
  createdAt: isoOf(refund.createdAt),
  updatedAt: isoOf(refund.updatedAt),
})

/** A payment as staff see it: whose it is, too. */
export const anyPaymentView = (payment: Payment, creditIn: CreditIn) => ({
  ...paymentView(payment, creditIn),
  accountId: payment.accountId,
  captured: payment.capturedMinor,
})
