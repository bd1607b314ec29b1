import * as z from 'zod/mini'
import { type Answer, type Call, ok, type Route } from '../call.ts'
import type { JsonObject } from '../json.ts'
import { newPrice, priceFields } from './catalogue.ts'
import { assertAmount, found, invalid } from './errors.ts'
import { eventOf, tell } from './events.ts'
import { listOf } from './expand.ts'
import { currencyField, metadataField, metadataOf, paramsOf, read, wholeField } from './form.ts'
import { methodOf } from './methods.ts'
import { paySession } from './pay.ts'
import { type Session, type Stripe, seconds } from './state.ts'
import { priceView, sessionView } from './views.ts'

const dayMs = 24 * 3600 * 1000
const expiryMinMs = 30 * 60 * 1000

const lineItem = z.object({
  price: z.optional(z.string()),
  price_data: z.optional(z.object(priceFields)),
  quantity: z.optional(wholeField),
})
const sessionBody = z.object({
  mode: z.enum(['payment', 'setup']),
  line_items: z.optional(z.array(lineItem).check(z.minLength(1), z.maxLength(100))),
  currency: z.optional(currencyField),
  customer: z.optional(z.string()),
  customer_email: z.optional(z.string()),
  client_reference_id: z.optional(z.string().check(z.maxLength(200))),
  success_url: z.string(),
  cancel_url: z.optional(z.string()),
  expires_at: z.optional(wholeField),
  payment_intent_data: z.optional(
    z.object({
      setup_future_usage: z.optional(z.enum(['on_session', 'off_session'])),
      description: z.optional(z.string()),
      metadata: metadataField,
    }),
  ),
  metadata: metadataField,
})

function create(stripe: Stripe, call: Call): Answer {
  const body = read(sessionBody, call)
  if (body.customer !== undefined) found(stripe.customers, 'customer', body.customer, 'customer')
  if (body.mode === 'payment' && !body.line_items)
    throw invalid('Missing required param: line_items.', 'line_items', 'parameter_missing')
  if (body.mode === 'setup' && body.line_items) throw invalid('line_items cannot be sent in setup mode', 'line_items')
  const nowMs = stripe.shop.due.now()
  const lines = (body.line_items ?? []).map((line) => lineOf(stripe, line))
  const session: Session = {
    id: stripe.shop.ids.id('cs_test_', 58),
    createdAtMs: nowMs,
    metadata: metadataOf({}, body.metadata),
    mode: body.mode,
    status: 'open',
    paymentStatus: body.mode === 'setup' ? 'no_payment_required' : 'unpaid',
    ...totalOf(lines, body.currency ?? null),
    customer: body.customer ?? null,
    customerEmail: body.customer_email ?? null,
    clientReferenceId: body.client_reference_id ?? null,
    successUrl: body.success_url,
    cancelUrl: body.cancel_url ?? null,
    intent: null,
    setupIntent: null,
    intentData: {
      setupFutureUsage: body.payment_intent_data?.setup_future_usage ?? null,
      description: body.payment_intent_data?.description ?? null,
      metadata: metadataOf({}, body.payment_intent_data?.metadata),
    },
    lineItems: lines.map(({ view }) => view),
    expiresAtMs: expiryOf(body.expires_at, nowMs),
  }
  stripe.sessions.set(session.id, session)
  stripe.shop.due.at(session.expiresAtMs, () => session.status === 'open' && expire(stripe, session))
  return ok(sessionView(stripe, session))
}

interface Line {
  amount: number
  currency: string
  view: JsonObject
}

function lineOf(stripe: Stripe, line: z.infer<typeof lineItem>): Line {
  const price = line.price_data
    ? newPrice(stripe, line.price_data)
    : found(stripe.prices, 'price', line.price, 'line_items[0][price]')
  const quantity = line.quantity ?? 1
  if (quantity < 1) throw invalid('Invalid quantity', 'line_items[0][quantity]')
  const amount = price.unitAmount * quantity
  const view: JsonObject = {
    id: stripe.shop.ids.id('li_', 24),
    object: 'item',
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: stripe.products.get(price.product)?.name ?? null,
    price: priceView(price),
    quantity,
  }
  return { amount, currency: price.currency, view }
}

function totalOf(lines: Line[], currency: string | null): Pick<Session, 'amountTotal' | 'currency'> {
  const [first] = lines
  if (!first) return { amountTotal: null, currency }
  if (lines.some((line) => line.currency !== first.currency))
    throw invalid('All line items need one currency', 'line_items')
  const amountTotal = lines.reduce((sum, { amount }) => sum + amount, 0)
  assertAmount(amountTotal, first.currency)
  return { amountTotal, currency: first.currency }
}

/** 24 hours, or what was asked for: from 30 minutes up to that. */
function expiryOf(asked: number | undefined, nowMs: number): number {
  if (asked === undefined) return nowMs + dayMs
  if (asked < seconds(nowMs + expiryMinMs) || asked > seconds(nowMs + dayMs)) {
    throw invalid('The expires_at timestamp must be between 30 minutes and 24 hours from now.', 'expires_at')
  }
  return asked * 1000
}

function expire(stripe: Stripe, session: Session): void {
  session.status = 'expired'
  tell(stripe, eventOf(stripe, 'checkout.session.expired', sessionView(stripe, session)))
}

const sessionOf = (stripe: Stripe, call: Call): Session => found(stripe.sessions, 'checkout.session', call.params.id)

function expireNow(stripe: Stripe, call: Call): Answer {
  const session = sessionOf(stripe, call)
  if (session.status !== 'open') throw invalid(`Only Checkout Sessions with a status of open can be expired.`)
  expire(stripe, session)
  return ok(sessionView(stripe, session))
}

function list(stripe: Stripe, call: Call): Answer {
  const params = paramsOf(call)
  const rows = [...stripe.sessions.values()].filter(
    (row) =>
      (params.payment_intent === undefined || row.intent === params.payment_intent) &&
      (params.customer === undefined || row.customer === params.customer) &&
      (params.status === undefined || row.status === params.status),
  )
  return listOf(rows, '/v1/checkout/sessions', params, (row) => sessionView(stripe, row))
}

function lineItems(stripe: Stripe, call: Call): Answer {
  const session = sessionOf(stripe, call)
  const url = `/v1/checkout/sessions/${session.id}/line_items`
  return ok({ object: 'list', data: session.lineItems, has_more: false, url })
}

/** The page's own side of a session, which `stripe trigger` uses. */
function confirmPage(stripe: Stripe, call: Call): Answer {
  const session = sessionOf(stripe, call)
  const body = read(z.object({ payment_method: z.string(), expected_amount: z.optional(wholeField) }), call)
  if (body.expected_amount !== undefined && body.expected_amount !== session.amountTotal) {
    throw invalid('The amount has changed', 'expected_amount', 'checkout_amount_mismatch')
  }
  paySession(stripe, session, { method: methodOf(stripe, body.payment_method), fails: false, save: false })
  return ok(sessionView(stripe, session))
}

export const sessionRoutes = (stripe: Stripe): Route[] => [
  { route: 'POST /v1/checkout/sessions', run: (call) => create(stripe, call) },
  { route: 'GET /v1/checkout/sessions', run: (call) => list(stripe, call) },
  { route: 'GET /v1/checkout/sessions/:id', run: (call) => ok(sessionView(stripe, sessionOf(stripe, call))) },
  { route: 'POST /v1/checkout/sessions/:id/expire', run: (call) => expireNow(stripe, call) },
  { route: 'GET /v1/checkout/sessions/:id/line_items', run: (call) => lineItems(stripe, call) },
  { route: 'GET /v1/payment_pages/:id', run: (call) => ok(sessionView(stripe, sessionOf(stripe, call))) },
  { route: 'POST /v1/payment_pages/:id/confirm', run: (call) => confirmPage(stripe, call) },
]
