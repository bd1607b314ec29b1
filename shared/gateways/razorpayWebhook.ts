import * as z from 'zod/mini'
import { id, maybe, readAs, seconds, shown, text, Unreadable } from './fields.ts'
import type { MethodChange, WebhookEvent, WebhookSubject } from './gateway.ts'
import {
  disputeEntity,
  disputeOf,
  orderEntity,
  paymentEntity,
  paymentOf,
  referenceOf,
  refundEntity,
  refundOf,
  subscriptionEntity,
  subscriptionOf,
  tokenEntity,
  tokenMethod,
} from './razorpayParse.ts'
import { bodyKey } from './signature.ts'

/**
 * Razorpay's events. The signature covers the body alone and the event id is an unsigned header, so the key is the
 * body's hash. Nothing says test or live: each has its own secret. `created_at` may be missing.
 */

const of = <S extends z.ZodMiniType>(entity: S) => z.object({ entity })
const envelope = z.object({
  event: text,
  created_at: shown(seconds),
  payload: z.catch(z.record(z.string(), z.unknown()), {}),
})

export function parseRazorpayEvent(rawBody: Uint8Array): WebhookEvent {
  const eventKey = bodyKey(rawBody)
  const unread = (detail: string): WebhookEvent => ({
    provider: 'razorpay',
    eventKey,
    kind: '',
    mode: 'unknown',
    about: { type: 'unreadable', detail },
  })
  const body = jsonOf(rawBody)
  if (body === undefined) return unread('(body)')
  const read = readAs(envelope, body, (parsed) => parsed)
  if ('fault' in read) return unread(read.fault)
  const { event, created_at, payload } = read.value
  return {
    provider: 'razorpay',
    eventKey,
    kind: event,
    mode: 'unknown',
    ...(created_at !== undefined && { createdAt: created_at }),
    about: subjectOf(event, payload),
  }
}

function jsonOf(rawBody: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(rawBody))
  } catch {
    return undefined
  }
}

/** Which reader an event goes to; what is not here is stored and ignored. */
const readers: [RegExp, (event: string, payload: unknown) => { value: WebhookSubject } | { fault: string }][] = [
  [/^payment\.(authorized|captured|failed|pending)$/, readPayment],
  [/^order\.paid$/, readPayment],
  [/^invoice\.(paid|partially_paid)$/, readPayment],
  [/^refund\.(created|processed|failed)$/, readRefund],
  [/^payment\.dispute\.(created|under_review|action_required|won|lost|closed)$/, readDispute],
  [/^token\.(confirmed|rejected|cancelled|paused)$/, readToken],
  [/^order\.notification\.(delivered|failed)$/, readNotice],
  [
    /^subscription\.(authenticated|activated|charged|completed|updated|pending|halted|cancelled|paused|resumed)$/,
    readSubscription,
  ],
]

function subjectOf(event: string, payload: unknown): WebhookSubject {
  const reader = readers.find(([pattern]) => pattern.test(event))?.[1]
  if (!reader) return { type: 'ignored' }
  const read = reader(event, payload)
  return 'fault' in read ? { type: 'unreadable', detail: read.fault } : read.value
}

/**
 * The order, where an event carries it, is ours by its receipt; of the payment alone only the order id is trusted. An invoice
 * of a subscription is that subscription's.
 */
const paid = z.object({
  payment: of(paymentEntity),
  order: shown(of(orderEntity)),
  invoice: shown(of(z.object({ subscription_id: id }))),
})
function readPayment(_: string, payload: unknown) {
  return readAs(paid, payload, ({ payment, order, invoice }): WebhookSubject => {
    const providerSubscriptionId = invoice?.entity.subscription_id
    if (providerSubscriptionId !== undefined)
      return { type: 'subscription', providerSubscriptionId, payment: paymentOf(payment.entity, 'unknown') }
    const reference = order?.entity.id === payment.entity.order_id && order ? referenceOf(order.entity) : undefined
    return { type: 'payment', payment: paymentOf(payment.entity, 'unknown', reference) }
  })
}

/** The payment beside it stays `captured` and its `amount_refunded` is a running total, not this refund. */
const refunded = z.object({ refund: of(refundEntity), payment: maybe(of(paymentEntity)) })
function readRefund(event: string, payload: unknown) {
  return readAs(refunded, payload, ({ refund, payment }): WebhookSubject => {
    const read = refundOf(refund.entity)
    const providerPaymentId = read.providerPaymentId ?? payment?.entity.id
    return {
      type: 'refund',
      ...(providerPaymentId !== undefined && { providerPaymentId }),
      // The event's name decides against a stale entity only where it says less: a failure is a failure.
      refund: event === 'refund.failed' ? { ...read, status: 'failed', failure: refundFailure } : read,
      ...(payment && { payment: paymentOf(payment.entity, 'unknown') }),
    }
  })
}
const refundFailure = { code: 'refund_failed', reason: 'The refund failed.' }

const disputed = z.object({ dispute: of(disputeEntity), payment: maybe(of(paymentEntity)) })
function readDispute(_: string, payload: unknown) {
  return readAs(disputed, payload, ({ dispute, payment }): WebhookSubject => {
    const order = payment?.entity.order_id
    const read = disputeOf(dispute.entity)
    const providerPaymentId = read.providerPaymentId ?? payment?.entity.id
    return {
      type: 'dispute',
      dispute: {
        ...read,
        ...(providerPaymentId !== undefined && { providerPaymentId }),
        ...(order !== undefined && { providerOrderId: order }),
      },
      ...(payment && { payment: paymentOf(payment.entity, 'unknown') }),
    }
  })
}

const changes: Record<string, MethodChange> = {
  'token.confirmed': 'confirmed',
  'token.rejected': 'rejected',
  'token.cancelled': 'cancelled',
  'token.paused': 'paused',
}
function readToken(event: string, payload: unknown) {
  return readAs(z.object({ token: of(tokenEntity) }), payload, ({ token }): WebhookSubject => {
    const change = changes[event]
    if (change === undefined) throw new Unreadable('event')
    const reason = token.entity.recurring_details?.failure_reason
    const method = tokenMethod(token.entity)
    return {
      type: 'method',
      change,
      token: token.entity.id,
      method: change === 'confirmed' ? method : { ...method, reusable: false },
      ...(change === 'rejected' && { failure: { code: 'token_rejected', reason: reason ?? 'The bank refused.' } }),
    }
  })
}

const notice = z.object({ notification: of(z.object({ order_id: shown(text) })) })
function readNotice(event: string, payload: unknown) {
  return readAs(notice, payload, ({ notification }): WebhookSubject => {
    const order = notification.entity.order_id
    return {
      type: 'notice',
      delivered: event === 'order.notification.delivered',
      ...(order !== undefined && { providerOrderId: order }),
    }
  })
}

/** A charge's payment names no subscription: only this event ties the two. */
const subscribed = z.object({ subscription: of(subscriptionEntity), payment: maybe(of(paymentEntity)) })
function readSubscription(_: string, payload: unknown) {
  return readAs(subscribed, payload, (parsed): WebhookSubject => {
    const subscription = subscriptionOf(parsed.subscription.entity)
    if (subscription === undefined) throw new Unreadable('subscription.entity.status')
    return {
      type: 'subscription',
      subscription,
      providerSubscriptionId: subscription.providerSubscriptionId,
      ...(parsed.payment && { payment: paymentOf(parsed.payment.entity, 'unknown') }),
    }
  })
}
