import * as z from 'zod/mini'
import { amount, count, currency, id, maybe, minorOf, ownPaymentId, present, seconds, shown, text } from './fields.ts'
import type {
  PaymentState,
  ProviderDispute,
  ProviderMethod,
  ProviderMode,
  ProviderPayment,
  ProviderRefund,
} from './gateway.ts'

/** Stripe's objects. A reference is an id or, expanded, the object; currencies come in lower case. */

const metadata = z.catch(z.nullish(z.record(z.string(), z.unknown())), undefined)
/** An id, or the object that has one. */
export const link = z.pipe(
  z.union([id, z.object({ id })]),
  z.transform((value: string | { id: string }) => (typeof value === 'string' ? value : value.id)),
)

const card = z.object({
  brand: shown(text),
  last4: shown(text),
  exp_month: shown(count),
  exp_year: shown(count),
  fingerprint: shown(text),
})
export const paymentMethod = z.object({ id, type: text, card: shown(card), customer: shown(link) })
type PaymentMethodObject = z.output<typeof paymentMethod>

const lastError = z.object({ code: shown(text), decline_code: shown(text), message: shown(text) })

export const charge = z.object({
  id,
  payment_intent: maybe(link),
  amount,
  amount_captured: maybe(amount),
  amount_refunded: maybe(amount),
  refunded: z.boolean(),
  captured: z.boolean(),
  currency,
  status: text,
  livemode: z.boolean(),
  metadata,
  created: shown(seconds),
  payment_method_details: shown(z.object({ type: shown(text), card: shown(card) })),
})
type ChargeObject = z.output<typeof charge>

export const paymentIntent = z.object({
  id,
  amount,
  amount_received: maybe(amount),
  currency,
  status: z.enum([
    'requires_payment_method',
    'requires_confirmation',
    'requires_action',
    'processing',
    'requires_capture',
    'canceled',
    'succeeded',
  ]),
  livemode: z.boolean(),
  metadata,
  created: shown(seconds),
  customer: shown(link),
  invoice: shown(link),
  setup_future_usage: shown(text),
  last_payment_error: shown(lastError),
  payment_method: shown(z.union([id, paymentMethod])),
  latest_charge: shown(z.union([id, charge])),
})
export type PaymentIntent = z.output<typeof paymentIntent>

export const modeOf = (livemode: boolean): ProviderMode => (livemode ? 'live' : 'test')

export function intentPayment(intent: PaymentIntent, providerOrderId?: string): ProviderPayment {
  const spent = typeof intent.latest_charge === 'object' ? intent.latest_charge : undefined
  const status = stateOf(intent, spent)
  // What was received counts once there is something: a part capture is less than `amount`.
  const units = intent.status === 'succeeded' ? (intent.amount_received ?? intent.amount) : intent.amount
  return present({
    provider: 'stripe' as const,
    providerPaymentId: intent.id,
    providerOrderId,
    reference: ownPaymentId(intent.metadata?.paymentId),
    status,
    amountMinor: minorOf('stripe', units, intent.currency),
    currency: intent.currency,
    refundedMinor: minorOf('stripe', spent?.amount_refunded ?? 0, intent.currency),
    mode: modeOf(intent.livemode),
    method: intentMethod(intent, spent),
    failure: status === 'failed' ? failureOf(intent) : undefined,
    createdAt: intent.created,
    // Told up to API version 2025-03-31; nothing of ours is charged on an invoice of Stripe's.
    isOwnCycle: intent.invoice === undefined ? undefined : (true as const),
  })
}

function stateOf(intent: PaymentIntent, spent: ChargeObject | undefined): PaymentState {
  if (intent.status === 'succeeded') return spent?.refunded ? 'refunded' : 'captured'
  if (intent.status === 'processing') return 'processing'
  if (intent.status === 'requires_capture') return 'authorized'
  if (intent.status === 'canceled') return 'failed'
  // An attempt that failed goes back to the first state: only its error tells it from one that was never made.
  return intent.status === 'requires_payment_method' && intent.last_payment_error ? 'failed' : 'created'
}

const failureOf = ({ status, last_payment_error: error }: PaymentIntent) => ({
  code: errorCode(error) ?? (status === 'canceled' ? 'canceled' : 'failed'),
  reason: error?.message ?? 'The payment failed.',
})

/** `authentication_required` asks for the customer; the decline code beside it says the same in other words. */
const errorCode = (error: PaymentIntent['last_payment_error']): string | undefined =>
  error?.code === 'authentication_required' ? error.code : (error?.decline_code ?? error?.code)

function intentMethod(intent: PaymentIntent, spent: ChargeObject | undefined): ProviderMethod | undefined {
  const method = intent.payment_method
  const token = typeof method === 'string' ? method : method?.id
  const details = typeof method === 'object' ? method : spent?.payment_method_details
  if (token === undefined && details === undefined) return undefined
  // Kept for charges without the customer only when asked so, and only under a customer.
  const reusable = intent.setup_future_usage === 'off_session' && intent.customer !== undefined && token !== undefined
  return present({
    kind: details?.type ?? 'unknown',
    ...cardFields(details?.card),
    token: reusable ? token : undefined,
    reusable,
    gatewayCustomerId: intent.customer,
  })
}

const cardFields = (read: z.output<typeof card> | undefined) =>
  present({
    brand: read?.brand,
    last4: read?.last4,
    expMonth: read?.exp_month,
    expYear: read?.exp_year,
    instrument: read?.fingerprint,
  })

export const savedMethod = (method: PaymentMethodObject, reusable: boolean): ProviderMethod =>
  present({
    kind: method.type,
    ...cardFields(method.card),
    token: method.id,
    reusable,
    gatewayCustomerId: method.customer,
  })

/** @returns undefined for a charge without a payment intent, or one that took nothing: not ours. */
export function chargePayment(object: ChargeObject): ProviderPayment | undefined {
  if (object.payment_intent === undefined || object.status !== 'succeeded' || !object.captured) return undefined
  return present({
    provider: 'stripe' as const,
    providerPaymentId: object.payment_intent,
    reference: ownPaymentId(object.metadata?.paymentId),
    status: object.refunded ? ('refunded' as const) : ('captured' as const),
    amountMinor: minorOf('stripe', object.amount_captured ?? object.amount, object.currency),
    currency: object.currency,
    refundedMinor: minorOf('stripe', object.amount_refunded ?? 0, object.currency),
    mode: modeOf(object.livemode),
    createdAt: object.created,
  })
}

export const session = z.object({
  id,
  mode: text,
  status: z.nullish(z.enum(['open', 'complete', 'expired'])),
  payment_status: z.enum(['paid', 'unpaid', 'no_payment_required']),
  amount_total: amount,
  currency,
  client_reference_id: shown(text),
  metadata,
  customer: shown(link),
  payment_intent: shown(z.union([id, paymentIntent])),
  url: shown(z.string()),
  livemode: z.boolean(),
})
export type Session = z.output<typeof session>

export const sessionReference = (read: Session): string | undefined =>
  ownPaymentId(read.client_reference_id) ?? ownPaymentId(read.metadata?.paymentId)

/** `complete` and `unpaid` is a bank debit on its way. */
export const sessionStatus = ({ status, payment_status }: Session): 'open' | 'paid' | 'expired' =>
  payment_status !== 'unpaid' && status !== 'expired' ? sessionPaid(status) : status === 'expired' ? 'expired' : 'open'
/** `no_payment_required` is said of open sessions too. */
const sessionPaid = (status: Session['status']): 'open' | 'paid' => (status === 'open' ? 'open' : 'paid')

export const refund = z.object({
  id,
  payment_intent: maybe(link),
  amount,
  currency,
  status: z.nullish(z.enum(['pending', 'requires_action', 'succeeded', 'failed', 'canceled'])),
  failure_reason: shown(text),
  metadata,
  created: shown(seconds),
})

const refundStates = {
  pending: 'pending',
  requires_action: 'pending',
  succeeded: 'processed',
  failed: 'failed',
  canceled: 'failed',
} as const

export function refundOf(read: z.output<typeof refund>): ProviderRefund {
  const status = refundStates[read.status ?? 'pending']
  const reference = read.metadata?.refundId
  return present({
    provider: 'stripe' as const,
    providerRefundId: read.id,
    providerPaymentId: read.payment_intent,
    reference: typeof reference === 'string' ? reference : undefined,
    status,
    amountMinor: minorOf('stripe', read.amount, read.currency),
    currency: read.currency,
    failure:
      status === 'failed' ? { code: read.failure_reason ?? 'refund_failed', reason: 'The refund failed.' } : undefined,
    createdAt: read.created,
  })
}

export const dispute = z.object({
  id,
  amount,
  currency,
  payment_intent: maybe(link),
  reason: shown(text),
  status: z.enum([
    'warning_needs_response',
    'warning_under_review',
    'warning_closed',
    'needs_response',
    'under_review',
    'won',
    'lost',
    'prevented',
    'appeal_needs_response',
    'appeal_under_review',
  ]),
  evidence_details: shown(z.object({ due_by: shown(seconds) })),
})

const disputeStates: Record<z.output<typeof dispute>['status'], ProviderDispute['status']> = {
  warning_needs_response: 'open',
  needs_response: 'open',
  appeal_needs_response: 'open',
  warning_under_review: 'under_review',
  under_review: 'under_review',
  appeal_under_review: 'under_review',
  warning_closed: 'closed',
  prevented: 'closed',
  won: 'won',
  lost: 'lost',
}

export function disputeOf(read: z.output<typeof dispute>): ProviderDispute {
  const amountMinor = minorOf('stripe', read.amount, read.currency)
  return present({
    provider: 'stripe' as const,
    providerDisputeId: read.id,
    providerPaymentId: read.payment_intent,
    status: disputeStates[read.status],
    amountMinor,
    currency: read.currency,
    // Stripe withholds the money from the first day; it is gone for good when the dispute is lost.
    deductedMinor: read.status === 'lost' ? amountMinor : 0,
    reason: read.reason,
    respondBy: read.evidence_details?.due_by,
  })
}
