import type { Invoice } from './invoice.ts'
import type { Payment } from './payment.ts'
import { pendingOf, refundableOf } from './paymentState.ts'
import type { Refund } from './refund.ts'

/** A payment as answers show it. Never the provider's tokens: a payment holds none. */
export const paymentView = (payment: Payment) => ({
  id: payment.id,
  type: payment.type,
  status: payment.status,
  amount: payment.amountMinor,
  currency: payment.currency,
  refunded: payment.refundedMinor,
  refundPending: payment.charges.reduce((sum, charge) => sum + pendingOf(charge), 0),
  refundable: payment.charges.reduce((sum, charge) => sum + refundableOf(charge), 0),
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

/** The payment with what belongs to it. `documents`: its invoice and credit notes, `refunds` those that were asked for here. */
export function paymentDetail(payment: Payment, documents: readonly Invoice[], refunds: readonly Refund[]) {
  const invoice = documents.find(({ kind }) => kind === 'invoice')
  return {
    ...paymentView(payment),
    invoiceId: invoice?.id ?? null,
    invoiceNumber: invoice?.number ?? null,
    documents: documents.map(({ id, kind, number, refundId, totalMinor, issuedOn }) => ({
      id,
      kind,
      number: number ?? null,
      refundId: refundId ?? null,
      total: totalMinor,
      issuedOn,
    })),
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
