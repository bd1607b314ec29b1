import * as z from 'zod/mini'
import { amount, currency, id, maybe, minorOf, present, readAs, seconds, shown, text, Unreadable } from './fields.ts'
import type {
  MethodChange,
  OrderNews,
  ProviderInvoice,
  ProviderSubscription,
  WebhookEvent,
  WebhookSubject,
} from './gateway.ts'
import { bodyKey } from './signature.ts'
import {
  charge,
  chargePayment,
  dispute,
  disputeOf,
  intentPayment,
  link,
  modeOf,
  paymentIntent,
  paymentMethod,
  refund,
  refundOf,
  savedMethod,
  session,
  sessionReference,
  sessionStatus,
} from './stripeParse.ts'

/** Stripe's events. The id is inside the signed body, so it is the key. Thin events (`v2.core.event`) are not asked for. */

const envelope = z.object({
  id,
  object: text,
  type: text,
  livemode: z.catch(z.nullish(z.boolean()), undefined),
  created: shown(seconds),
  data: z.catch(z.nullish(z.object({ object: z.optional(z.unknown()) })), undefined),
})

export function parseStripeEvent(rawBody: Uint8Array): WebhookEvent {
  const read = readAs(envelope, jsonOf(rawBody), (parsed) => parsed)
  if ('fault' in read) {
    const about = { type: 'unreadable' as const, detail: read.fault }
    return { provider: 'stripe', eventKey: bodyKey(rawBody), kind: '', mode: 'unknown', about }
  }
  const { id: eventKey, object, type, livemode, created, data } = read.value
  return {
    provider: 'stripe',
    eventKey,
    kind: type,
    mode: typeof livemode === 'boolean' ? modeOf(livemode) : 'unknown',
    ...(created !== undefined && { createdAt: created }),
    about: object === 'event' ? subjectOf(type, data?.object) : { type: 'ignored' },
  }
}

function jsonOf(rawBody: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(rawBody))
  } catch {
    return undefined
  }
}

type Read = { value: WebhookSubject } | { fault: string }

const readIntent = (_: string, object: unknown): Read =>
  readAs(paymentIntent, object, (read): WebhookSubject => ({ type: 'payment', payment: intentPayment(read) }))

/** A charge tells the running total of refunds; which refund it was, `refund.*` tells. */
const readCharge = (_: string, object: unknown): Read =>
  readAs(charge, object, (read): WebhookSubject => {
    const payment = chargePayment(read)
    return payment ? { type: 'payment', payment } : { type: 'ignored' }
  })

const readRefund = (_: string, object: unknown): Read =>
  readAs(refund, object, (read): WebhookSubject => {
    const found = refundOf(read)
    if (found.providerPaymentId === undefined) return { type: 'ignored' }
    return { type: 'refund', providerPaymentId: found.providerPaymentId, refund: found }
  })

const readDispute = (_: string, object: unknown): Read =>
  readAs(dispute, object, (read): WebhookSubject => {
    const found = disputeOf(read)
    return found.providerPaymentId === undefined ? { type: 'ignored' } : { type: 'dispute', dispute: found }
  })

const sessionMode = z.object({ mode: text })
/** Only sessions that pay are ours: those that save a card or start Stripe's own subscription have no amount of ours. */
function readSession(kind: string, object: unknown): Read {
  const mode = sessionMode.safeParse(object)
  if (mode.success && mode.data.mode !== 'payment') return { value: { type: 'ignored' } }
  return readAs(session, object, (read): WebhookSubject => {
    const intent = typeof read.payment_intent === 'object' ? read.payment_intent.id : read.payment_intent
    const order: OrderNews = present({
      providerOrderId: read.id,
      status: kind === 'checkout.session.async_payment_failed' ? ('failed' as const) : sessionStatus(read),
      amountMinor: minorOf('stripe', read.amount_total, read.currency),
      currency: read.currency,
      reference: sessionReference(read),
      providerPaymentId: intent,
    })
    return { type: 'order', order }
  })
}

const methodChanges: Record<string, MethodChange> = {
  'payment_method.detached': 'detached',
  'payment_method.updated': 'updated',
  'payment_method.automatically_updated': 'updated',
}
const readMethod = (kind: string, object: unknown): Read =>
  readAs(paymentMethod, object, (read): WebhookSubject => {
    const change = methodChanges[kind]
    if (change === undefined) throw new Unreadable('type')
    return { type: 'method', change, token: read.id, method: savedMethod(read, change === 'updated') }
  })

const setupIntent = z.object({ payment_method: maybe(link), customer: shown(link), usage: shown(text) })
const readSetup = (_: string, object: unknown): Read =>
  readAs(setupIntent, object, (read): WebhookSubject => {
    if (read.payment_method === undefined) throw new Unreadable('payment_method')
    const reusable = read.usage === 'off_session' && read.customer !== undefined
    return {
      type: 'method',
      change: 'confirmed',
      token: read.payment_method,
      method: present({
        kind: 'unknown',
        token: read.payment_method,
        reusable,
        gatewayCustomerId: read.customer,
      }),
    }
  })

/** Since 2025-03-31 the period is on the items; events of endpoints on older versions have it on the subscription. */
const period = { current_period_start: shown(seconds), current_period_end: shown(seconds) }
const subscription = z.object({
  id,
  status: text,
  customer: shown(link),
  cancel_at_period_end: z.catch(z.nullish(z.boolean()), undefined),
  items: shown(z.object({ data: z.array(z.object(period)) })),
  ...period,
})
const subscriptionStates: Record<string, ProviderSubscription['state']> = {
  incomplete: 'pending',
  trialing: 'active',
  active: 'active',
  past_due: 'past_due',
  unpaid: 'past_due',
  paused: 'paused',
  canceled: 'ended',
  incomplete_expired: 'ended',
}
const readSubscription = (_: string, object: unknown): Read =>
  readAs(subscription, object, (read): WebhookSubject => {
    const state = subscriptionStates[read.status]
    if (state === undefined) throw new Unreadable('status')
    const item = read.items?.data[0]
    const found: ProviderSubscription = present({
      provider: 'stripe' as const,
      providerSubscriptionId: read.id,
      state,
      status: read.status,
      periodStart: item?.current_period_start ?? read.current_period_start,
      periodEnd: item?.current_period_end ?? read.current_period_end,
      endsAtPeriodEnd: read.cancel_at_period_end === true,
      gatewayCustomerId: read.customer,
    })
    return { type: 'subscription', providerSubscriptionId: read.id, subscription: found }
  })

/**
 * Likewise moved: `parent.subscription_details.subscription`, before `subscription`. Its own period is the one before; what is
 * paid for is on its lines.
 */
const invoice = z.object({
  id,
  amount_paid: maybe(amount),
  amount_due: maybe(amount),
  currency,
  status: shown(text),
  parent: shown(z.object({ subscription_details: shown(z.object({ subscription: shown(link) })) })),
  subscription: shown(link),
  payment_intent: shown(link),
  lines: shown(z.object({ data: z.array(z.object({ period: shown(z.object({ start: seconds, end: seconds })) })) })),
})
const readInvoice = (kind: string, object: unknown): Read =>
  readAs(invoice, object, (read): WebhookSubject => {
    const owner = read.parent?.subscription_details?.subscription ?? read.subscription
    if (owner === undefined) return { type: 'ignored' }
    const paid = read.status === 'paid'
    const units = paid ? read.amount_paid : read.amount_due
    // Lines of use are for the time before, those of the plan for the time ahead.
    const spans = (read.lines?.data ?? []).flatMap(({ period: span }) => (span && span.end > span.start ? [span] : []))
    const span = spans.toSorted((one, other) => other.end - one.end)[0]
    const failed = kind === 'invoice.payment_failed'
    const found: ProviderInvoice = present({
      providerInvoiceId: read.id,
      state: paid ? ('paid' as const) : failed ? ('failed' as const) : ('open' as const),
      amountMinor: units === undefined ? undefined : minorOf('stripe', units, read.currency),
      currency: read.currency,
      periodStart: span?.start,
      periodEnd: span?.end,
      providerPaymentId: read.payment_intent,
    })
    return { type: 'subscription', providerSubscriptionId: owner, invoice: found }
  })

/** Which reader an event goes to; what is not here is stored and ignored. */
const readers: [RegExp, (kind: string, object: unknown) => Read][] = [
  [
    /^payment_intent\.(succeeded|payment_failed|processing|requires_action|canceled|amount_capturable_updated)$/,
    readIntent,
  ],
  [/^checkout\.session\.(completed|expired|async_payment_succeeded|async_payment_failed)$/, readSession],
  [/^charge\.refunded$/, readCharge],
  [/^(refund\.(created|updated|failed)|charge\.refund\.updated)$/, readRefund],
  [/^charge\.dispute\.(created|updated|closed|funds_withdrawn|funds_reinstated)$/, readDispute],
  [/^payment_method\.(detached|updated|automatically_updated)$/, readMethod],
  [/^setup_intent\.succeeded$/, readSetup],
  [/^customer\.subscription\.(created|updated|deleted|paused|resumed)$/, readSubscription],
  [/^invoice\.(paid|payment_failed|payment_action_required)$/, readInvoice],
]

function subjectOf(kind: string, object: unknown): WebhookSubject {
  const reader = readers.find(([pattern]) => pattern.test(kind))?.[1]
  if (!reader) return { type: 'ignored' }
  const read = reader(kind, object)
  return 'fault' in read ? { type: 'unreadable', detail: read.fault } : read.value
}
