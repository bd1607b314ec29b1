import type { Invoice } from './invoice.ts'
import type { Payment } from './payment.ts'
import { type CreditIn, lostMinorOf, pendingOf, refundableMinorOf } from './paymentState.ts'
import type { Refund } from './refund.ts'

/** A payment as answers show it. Never the provider's tokens: a payment holds none. `creditIn`: of its account, where `creditedCurrencies` asks. */
export const paymentView = (payment: Payment, creditIn: CreditIn) => ({
  id: payment.id,
  type: payment.type,
  status: payment.status,
  amount: payment.amountMinor,
  currency: payment.currency,
  refunded: payment.refundedMinor,
  lost: lostMinorOf(payment),
  refundPending: payment.charges.reduce((sum, charge) => sum + pendingOf(charge), 0),
  refundable: refundableMinorOf(payment, creditIn),
  provider: payment.provider,
  providerOrderId: payment.providerOrderId ?? null,
  providerPaymentId: payment.providerPaymentId ?? null,
  description: payment.order.lines.map(({ description }) => description).join(', '),
  failure: failureOf(payment),
  flags: payment.flags,
  createdAt: isoOf(payment.createdAt),
  expiresAt: isoOf(payment.expiresAt),
  completedAt: payment.settled ? isoOf(payment.settled.at) : null,
})

export const documentView = ({ id, kind, number, refundId, disputeId, totalMinor, issuedOn, period }: Invoice) => ({
  id,
  kind,
  number: number ?? null,
  refundId: refundId ?? null,
  disputeId: disputeId ?? null,
  total: totalMinor,
  issuedOn,
  period: period ?? null,
})

/** The payment with what belongs to it. `documents`: its invoice and credit notes, `refunds` those that were asked for here. */
export function paymentDetail(
  payment: Payment,
  creditIn: CreditIn,
  documents: readonly Invoice[],
  refunds: readonly Refund[],
) {
  const invoice = documents.find(({ kind }) => kind === 'invoice')
  return {
    ...paymentView(payment, creditIn),
    invoiceId: invoice?.id ?? null,
    invoiceNumber: invoice?.number ?? null,
    documents: documents.map(documentView),
    refunds: refunds.map(({ id, status, amountMinor, currency, reason, creditNoteId, createdAt }) => ({
      id,
      status,
      amount: amountMinor,
      currency,
      reason,
      creditNoteId: creditNoteId ?? null,
      createdAt: isoOf(createdAt),
    })),
  }
}

/** The last attempt's, while it is the last word. */
function failureOf({ status, attempt }: Payment): { code: string | null; reason: string | null } | null {
  if (status !== 'failed' || attempt?.state !== 'failed') return null
  return { code: attempt.code ?? null, reason: attempt.reason ?? null }
}

const isoOf = (at: number): string => new Date(at).toISOString()
