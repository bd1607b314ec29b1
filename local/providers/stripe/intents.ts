import * as z from 'zod/mini'
import { type Answer, type Call, ok, type Route } from '../call.ts'
import { capture, confirm, outcomeOf } from './charge.ts'
import { assertAmount, cardError, found, invalid } from './errors.ts'
import { eventOf, tell } from './events.ts'
import { listOf } from './expand.ts'
import { currencyField, flagField, metadataField, metadataOf, paramsOf, read, wholeField } from './form.ts'
import { methodOf, usableMethod } from './methods.ts'
import type { Intent, Stripe } from './state.ts'
import { intentView } from './views.ts'

const offSessionField = z.optional(z.enum(['true', 'false', 'one_off', 'recurring']))
const intentBody = z.object({
  amount: wholeField,
  currency: currencyField,
  customer: z.optional(z.string()),
  payment_method: z.optional(z.string()),
  confirm: z.optional(flagField),
  off_session: offSessionField,
  capture_method: z.optional(z.enum(['automatic', 'automatic_async', 'manual'])),
  setup_future_usage: z.optional(z.enum(['on_session', 'off_session'])),
  description: z.optional(z.string()),
  receipt_email: z.optional(z.string()),
  metadata: metadataField,
})

export function newIntent(stripe: Stripe, more: Pick<Intent, 'amount' | 'currency'> & Partial<Intent>): Intent {
  assertAmount(more.amount, more.currency)
  const intent: Intent = {
    id: stripe.shop.ids.id('pi_', 24),
    createdAtMs: stripe.shop.due.now(),
    metadata: {},
    amountReceived: 0,
    customer: null,
    paymentMethod: null,
    status: 'requires_payment_method',
    manualCapture: false,
    setupFutureUsage: null,
    description: null,
    receiptEmail: null,
    lastError: null,
    latestCharge: null,
    cancellationReason: null,
    canceledAtMs: null,
    failsLater: false,
    ...more,
  }
  stripe.intents.set(intent.id, intent)
  tell(stripe, eventOf(stripe, 'payment_intent.created', intentView(stripe, intent)))
  return intent
}

function create(stripe: Stripe, call: Call): Answer {
  const body = read(intentBody, call)
  if (body.customer !== undefined) found(stripe.customers, 'customer', body.customer, 'customer')
  const offSession = isOffSession(body.off_session)
  if (offSession && !body.confirm) throw invalid('off_session needs confirm=true', 'off_session')
  if (offSession && body.setup_future_usage) throw invalid('off_session goes without setup_future_usage', 'off_session')
  const method = body.payment_method === undefined ? undefined : usableMethod(stripe, body.payment_method)
  if (method && method.customer !== null && method.customer !== (body.customer ?? null)) {
    throw invalid('The payment method belongs to a Customer: send its customer with it.', 'payment_method')
  }
  const intent = newIntent(stripe, {
    amount: body.amount,
    currency: body.currency,
    customer: body.customer ?? null,
    paymentMethod: method?.id ?? null,
    status: method ? 'requires_confirmation' : 'requires_payment_method',
    manualCapture: body.capture_method === 'manual',
    setupFutureUsage: body.setup_future_usage ?? null,
    description: body.description ?? null,
    receiptEmail: body.receipt_email ?? null,
    metadata: metadataOf({}, body.metadata),
  })
  return body.confirm ? confirmNow(stripe, intent, offSession) : ok(intentView(stripe, intent))
}

const isOffSession = (value: string | undefined): boolean => value !== undefined && value !== 'false'

function confirmNow(stripe: Stripe, intent: Intent, offSession: boolean): Answer {
  if (intent.paymentMethod === null) {
    throw invalid('You cannot confirm this PaymentIntent because it is missing a payment method.', 'payment_method')
  }
  const method = methodOf(stripe, intent.paymentMethod)
  const error = confirm(stripe, intent, method, outcomeOf(method, offSession ? 'off_session' : 'api'))
  if (error) throw cardError(error)
  return ok(intentView(stripe, intent))
}

const unexpected = (intent: Intent, verb: string) =>
  invalid(
    `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`,
    undefined,
    'payment_intent_unexpected_state',
  )

function confirmLater(stripe: Stripe, call: Call): Answer {
  const intent = intentOf(stripe, call)
  const body = read(z.object({ payment_method: z.optional(z.string()), off_session: offSessionField }), call)
  if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status)) {
    throw unexpected(intent, 'confirm')
  }
  if (body.payment_method !== undefined) intent.paymentMethod = usableMethod(stripe, body.payment_method).id
  return confirmNow(stripe, intent, isOffSession(body.off_session))
}

function captureNow(stripe: Stripe, call: Call): Answer {
  const intent = intentOf(stripe, call)
  const { amount_to_capture: amount = intent.amount } = read(
    z.object({ amount_to_capture: z.optional(wholeField) }),
    call,
  )
  if (intent.status !== 'requires_capture') throw unexpected(intent, 'capture')
  if (amount < 1 || amount > intent.amount)
    throw invalid('The amount is more than was authorized.', 'amount_to_capture')
  capture(stripe, intent, amount)
  return ok(intentView(stripe, intent))
}

function cancel(stripe: Stripe, call: Call): Answer {
  const intent = intentOf(stripe, call)
  const body = read(z.object({ cancellation_reason: z.optional(z.string()) }), call)
  if (intent.status === 'succeeded' || intent.status === 'canceled') throw unexpected(intent, 'cancel')
  intent.status = 'canceled'
  intent.canceledAtMs = stripe.shop.due.now()
  intent.cancellationReason = body.cancellation_reason ?? null
  tell(stripe, eventOf(stripe, 'payment_intent.canceled', intentView(stripe, intent)))
  return ok(intentView(stripe, intent))
}

function update(stripe: Stripe, call: Call): Answer {
  const intent = intentOf(stripe, call)
  const body = read(z.object({ description: z.optional(z.string()), metadata: metadataField }), call)
  intent.description = body.description ?? intent.description
  intent.metadata = metadataOf(intent.metadata, body.metadata)
  return ok(intentView(stripe, intent))
}

const intentOf = (stripe: Stripe, call: Call): Intent => found(stripe.intents, 'payment_intent', call.params.id)

function list(stripe: Stripe, call: Call): Answer {
  const params = paramsOf(call)
  const rows = [...stripe.intents.values()].filter(
    ({ customer }) => params.customer === undefined || customer === params.customer,
  )
  return listOf(rows, '/v1/payment_intents', params, (row) => intentView(stripe, row))
}

export const intentRoutes = (stripe: Stripe): Route[] => [
  { route: 'POST /v1/payment_intents', run: (call) => create(stripe, call) },
  { route: 'GET /v1/payment_intents', run: (call) => list(stripe, call) },
  { route: 'GET /v1/payment_intents/:id', run: (call) => ok(intentView(stripe, intentOf(stripe, call))) },
  { route: 'POST /v1/payment_intents/:id', run: (call) => update(stripe, call) },
  { route: 'POST /v1/payment_intents/:id/confirm', run: (call) => confirmLater(stripe, call) },
  { route: 'POST /v1/payment_intents/:id/capture', run: (call) => captureNow(stripe, call) },
  { route: 'POST /v1/payment_intents/:id/cancel', run: (call) => cancel(stripe, call) },
]
