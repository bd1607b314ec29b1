import * as z from 'zod/mini'
import { amount, currency, id, isoTime, maybe, minorOf, present, readAs, shown, text, Unreadable } from './fields.ts'
import type { ProviderDispute, ProviderInvoice, ProviderSubscription, WebhookEvent, WebhookSubject } from './gateway.ts'
import { parsePaystackJson } from './paystackJson.ts'
import {
  modeOf,
  numericId,
  ownReference,
  refundIdIn,
  refundState,
  refundStatus,
  transaction,
  transactionPayment,
} from './paystackParse.ts'
import { bodyKey } from './signature.ts'

/**
 * Paystack's events, `{event, data}`: no id, no time, and none at all for a charge that failed. `data.domain` says test
 * or live. `data` is an array in one kind.
 */

const envelope = z.object({ event: text, data: z.optional(z.unknown()) })
const head = z.object({ domain: shown(text), created_at: shown(isoTime) })

export function parsePaystackEvent(rawBody: Uint8Array): WebhookEvent {
  const eventKey = bodyKey(rawBody)
  const read = readAs(envelope, jsonOf(rawBody), (parsed) => parsed)
  if ('fault' in read) {
    const about = { type: 'unreadable' as const, detail: read.fault }
    return { provider: 'paystack', eventKey, kind: '', mode: 'unknown', about }
  }
  const { event, data } = read.value
  const told = head.safeParse(data)
  const about = subjectOf(event, data)
  // A subscription's, or an invoice's, is when that was made: the same in all that is told of it later.
  const createdAt = told.success && about.type !== 'subscription' ? told.data.created_at : undefined
  return {
    provider: 'paystack',
    eventKey,
    kind: event,
    mode: modeOf(told.success ? told.data.domain : undefined),
    ...(createdAt !== undefined && { createdAt }),
    about,
  }
}

function jsonOf(rawBody: Uint8Array): unknown {
  try {
    return parsePaystackJson(new TextDecoder('utf-8', { fatal: true }).decode(rawBody))
  } catch {
    return undefined
  }
}

const readCharge = (data: unknown) =>
  readAs(transaction, data, (read): WebhookSubject => ({ type: 'payment', payment: transactionPayment(read) }))

/** Names the transaction by reference; `amount` is a string in three of five kinds, the id is in one. */
const refunded = z.object({
  id: maybe(numericId),
  status: refundStatus,
  transaction_reference: id,
  amount,
  currency,
  merchant_note: shown(text),
})
const readRefund = (data: unknown) =>
  readAs(refunded, data, (read): WebhookSubject => {
    const refund = present({
      provider: 'paystack' as const,
      providerRefundId: read.id,
      providerOrderId: read.transaction_reference,
      paymentReference: ownReference(read.transaction_reference),
      reference: refundIdIn(read.merchant_note),
      ...refundState(read.status),
      amountMinor: minorOf('paystack', read.amount, read.currency),
      currency: read.currency,
    })
    return { type: 'refund', refund }
  })

/** A dispute's `amount` is `refund_amount`; the transaction inside is a whole one. */
const disputed = z.object({
  id: numericId,
  refund_amount: amount,
  currency,
  status: text,
  resolution: shown(text),
  category: shown(text),
  dueAt: shown(isoTime),
  transaction,
})
const readDispute = (data: unknown) =>
  readAs(disputed, data, (read): WebhookSubject => {
    const status = disputeStatus(read.status, read.resolution)
    const amountMinor = minorOf('paystack', read.refund_amount, read.currency)
    const dispute = present({
      provider: 'paystack' as const,
      providerDisputeId: read.id,
      providerPaymentId: read.transaction.id,
      providerOrderId: read.transaction.reference,
      status,
      amountMinor,
      currency: read.currency,
      deductedMinor: status === 'lost' ? amountMinor : 0,
      reason: read.category,
      respondBy: read.dueAt,
    })
    return { type: 'dispute', dispute, payment: transactionPayment(read.transaction) }
  })

/** `auto-accepted`: nobody answered in time. */
function disputeStatus(status: string, resolution: string | undefined): ProviderDispute['status'] {
  if (status === 'resolved' || status === 'archived') {
    if (resolution === 'declined') return 'won'
    return resolution === 'merchant-accepted' || resolution === 'auto-accepted' ? 'lost' : 'closed'
  }
  if (status === 'awaiting-bank-feedback') return 'under_review'
  if (status === 'awaiting-merchant-feedback' || status === 'pending') return 'open'
  throw new Unreadable('status')
}

const subscribed = z.object({
  subscription_code: id,
  status: text,
  next_payment_date: shown(isoTime),
  customer: shown(z.object({ customer_code: shown(id) })),
})
const subscriptionStates: Record<string, ProviderSubscription['state']> = {
  active: 'active',
  'non-renewing': 'active',
  attention: 'past_due',
  // The status table says `completed`, an event says `complete`.
  completed: 'ended',
  complete: 'ended',
  cancelled: 'ended',
}
const subscriptionOf = (read: z.output<typeof subscribed>): ProviderSubscription => {
  const state = subscriptionStates[read.status]
  if (state === undefined) throw new Unreadable('status')
  return present({
    provider: 'paystack' as const,
    providerSubscriptionId: read.subscription_code,
    state,
    status: read.status,
    periodEnd: read.next_payment_date,
    endsAtPeriodEnd: read.status === 'non-renewing',
    gatewayCustomerId: read.customer?.customer_code,
  })
}
const readSubscription = (data: unknown) =>
  readAs(subscribed, data, (read): WebhookSubject => {
    const subscription = subscriptionOf(read)
    return { type: 'subscription', subscription, providerSubscriptionId: subscription.providerSubscriptionId }
  })

/**
 * The only event that ties a renewal's charge to its subscription. A failed one has an empty transaction and no currency.
 * `period_end` is the evening before, and in some samples lies before the start: the next charge ends the period.
 */
const invoiced = z.object({
  invoice_code: id,
  amount: maybe(amount),
  paid: z.catch(z.nullish(z.boolean()), undefined),
  period_start: shown(isoTime),
  period_end: shown(isoTime),
  subscription: z.object({ subscription_code: id, next_payment_date: shown(isoTime) }),
  transaction: shown(z.object({ reference: shown(id), currency: shown(currency) })),
})
const readInvoice = (data: unknown, event: string) =>
  readAs(invoiced, data, (read): WebhookSubject => {
    const code = read.transaction?.currency
    const known = code !== undefined && read.amount !== undefined
    const start = read.period_start
    const failed = event === 'invoice.payment_failed'
    const invoice: ProviderInvoice = present({
      providerInvoiceId: read.invoice_code,
      state: read.paid === true ? ('paid' as const) : failed ? ('failed' as const) : ('open' as const),
      periodStart: start,
      periodEnd: [read.subscription.next_payment_date, read.period_end].find((end) => (end ?? 0) > (start ?? 0)),
      amountMinor: known ? minorOf('paystack', read.amount ?? 0, code) : undefined,
      currency: known ? code : undefined,
      providerOrderId: read.transaction?.reference,
    })
    return { type: 'subscription', providerSubscriptionId: read.subscription.subscription_code, invoice }
  })

/** What is not here is stored and ignored. */
const readers: Record<string, (data: unknown, event: string) => { value: WebhookSubject } | { fault: string }> = {
  'charge.success': readCharge,
  'refund.pending': readRefund,
  'refund.processing': readRefund,
  'refund.processed': readRefund,
  'refund.failed': readRefund,
  'refund.needs-attention': readRefund,
  'charge.dispute.create': readDispute,
  'charge.dispute.remind': readDispute,
  'charge.dispute.resolve': readDispute,
  'subscription.create': readSubscription,
  'subscription.enable': readSubscription,
  'subscription.disable': readSubscription,
  'subscription.not_renew': readSubscription,
  'invoice.create': readInvoice,
  'invoice.update': readInvoice,
  'invoice.payment_failed': readInvoice,
}

function subjectOf(event: string, data: unknown): WebhookSubject {
  const reader = Object.hasOwn(readers, event) ? readers[event] : undefined
  if (!reader) return { type: 'ignored' }
  const read = reader(data, event)
  return 'fault' in read ? { type: 'unreadable', detail: read.fault } : read.value
}
