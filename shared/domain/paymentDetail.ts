import type { Invoice } from './invoice.ts'
import type { Charge, Dispute, Payment } from './payment.ts'
import { type CreditIn, lostOf, refundableMinorOf, refundedOf } from './paymentState.ts'
import { documentView } from './paymentView.ts'
import type { Refund } from './refund.ts'
import { anyPaymentView, refundView } from './refundView.ts'

/** A payment with all that belongs to it, as staff see it. Buyers' names and addresses stay on the documents. */
export const paymentDetail = (
  payment: Payment,
  creditIn: CreditIn,
  refunds: readonly Refund[],
  invoices: readonly Invoice[],
) => ({
  ...anyPaymentView(payment, creditIn),
  lines: payment.order.lines.map(({ kind, description, quantity, netMinor, taxMinor, totalMinor }) => ({
    kind,
    description,
    quantity,
    net: netMinor,
    tax: taxMinor,
    total: totalMinor,
  })),
  adjustments: payment.order.adjustments.map(({ kind, amountMinor }) => ({ kind, amount: amountMinor })),
  charges: payment.charges.map((charge) => chargeView(payment, charge, creditIn)),
  refunds: refunds.map(refundView),
  disputes: payment.disputes.map(disputeView),
  invoices: invoices.map(documentView),
})

const chargeView = (payment: Payment, charge: Charge, creditIn: CreditIn) => ({
  providerPaymentId: charge.providerPaymentId,
  captured: charge.capture
    ? { amount: charge.capture.amountMinor, currency: charge.capture.currency, at: isoOf(charge.capture.at) }
    : null,
  differences: charge.capture?.differences ?? [],
  unlawful: charge.capture?.unlawful ?? [],
  as: charge.as ?? null,
  refunded: refundedOf(charge),
  lost: lostOf(payment, charge),
  creditShort: charge.creditShortMinor ?? 0,
  refundable: refundableMinorOf({ ...payment, charges: [charge] }, creditIn),
  resolved: charge.resolved ? { as: charge.resolved.as, at: isoOf(charge.resolved.at) } : null,
})

const disputeView = ({ disputeId, providerPaymentId, amountMinor, outcome, respondBy, reason }: Dispute) => ({
  id: disputeId,
  providerPaymentId: providerPaymentId ?? null,
  amount: amountMinor,
  state: outcome === undefined ? ('open' as const) : outcome.won ? ('won' as const) : ('lost' as const),
  respondBy: respondBy === undefined ? null : isoOf(respondBy),
  reason: reason ?? null,
  /** What was taken for good. */
  taken: outcome?.won === false ? (outcome.takenMinor ?? amountMinor) : 0,
  decidedAt: outcome ? isoOf(outcome.at) : null,
})

const isoOf = (at: number): string => new Date(at).toISOString()
