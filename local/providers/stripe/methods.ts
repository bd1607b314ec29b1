import * as z from 'zod/mini'
import { type Call, ok, type Route } from '../call.ts'
import type { CardName } from '../cards.ts'
import { isObject } from '../json.ts'
import { attach } from './charge.ts'
import { found, invalid, noSuch } from './errors.ts'
import { eventOf, tell } from './events.ts'
import { listOf } from './expand.ts'
import { metadataField, metadataOf, paramsOf, read } from './form.ts'
import type { PaymentMethod, Stripe } from './state.ts'
import { methodView } from './views.ts'

/** Stripe's names of test cards, after `pm_card_` or `tok_`, by what they do. */
const testCards: Readonly<Record<string, CardName>> = {
  visa: 'success',
  mastercard: 'success',
  chargeDeclined: 'declined',
  visa_chargeDeclined: 'declined',
  chargeDeclinedInsufficientFunds: 'insufficient_funds',
  visa_chargeDeclinedInsufficientFunds: 'insufficient_funds',
  chargeCustomerFail: 'declines_later',
  authenticationRequired: 'authentication_required',
  threeDSecure2Required: 'authentication_required',
  createDispute: 'dispute',
  createDisputeInquiry: 'dispute',
  refundFail: 'refund_fails',
  pendingRefund: 'refund_fails',
}

const testCardOf = (id: string): CardName | undefined => {
  const name = /^(?:pm_card|tok)_(.+)$/.exec(id)?.[1]
  return name !== undefined && Object.hasOwn(testCards, name) ? testCards[name] : undefined
}

export function newMethod(stripe: Stripe, card: CardName, more: Partial<PaymentMethod> = {}): PaymentMethod {
  const method: PaymentMethod = {
    id: stripe.shop.ids.id('pm_', 24),
    createdAtMs: stripe.shop.due.now(),
    metadata: {},
    type: 'card',
    card,
    customer: null,
    billing: {},
    ...more,
  }
  stripe.methods.set(method.id, method)
  return method
}

/** The method of that id; one of Stripe's test names makes a new one, as there. */
export function methodOf(stripe: Stripe, id: string): PaymentMethod {
  const method = stripe.methods.get(id)
  if (method) return method
  const card = testCardOf(id)
  if (!card) throw noSuch('PaymentMethod', id, 'payment_method')
  return newMethod(stripe, card)
}

/** The method of that id, to be paid with or attached. */
export function usableMethod(stripe: Stripe, id: string): PaymentMethod {
  const method = methodOf(stripe, id)
  if (method.detached)
    throw invalid('The provided PaymentMethod was detached from a Customer and may not be used again.', 'payment_method')
  return method
}

/** Stripe's test accounts whose debit fails in the end; every other one pays. */
const refusedAccounts = new Set(['AT861904300235473202', 'DE62370400440532013001', 'IT60X0542811101000000123456'])

const createBody = z.object({
  type: z.enum(['card', 'sepa_debit']),
  card: z.optional(z.record(z.string(), z.string())),
  sepa_debit: z.optional(z.object({ iban: z.string() })),
  billing_details: z.optional(z.record(z.string(), z.json())),
  metadata: metadataField,
})

function create(stripe: Stripe, call: Call) {
  const body = read(createBody, call)
  // Whoever sends a number would hold card data: the real one refuses it for most accounts, and so does this.
  if (body.card?.number !== undefined)
    throw invalid('Sending card numbers directly is refused: send a token', 'card[number]')
  const token = body.card?.token ?? 'tok_visa'
  const card = refusedAccounts.has(body.sepa_debit?.iban ?? '') ? 'declined' : testCardOf(token)
  if (!card) throw noSuch('token', token, 'card[token]')
  const billing = body.billing_details ?? {}
  return ok(
    methodView(stripe, newMethod(stripe, card, { type: body.type, billing, metadata: metadataOf({}, body.metadata) })),
  )
}

function attachTo(stripe: Stripe, call: Call) {
  const { customer } = read(z.object({ customer: z.string() }), call)
  found(stripe.customers, 'customer', customer, 'customer')
  const method = usableMethod(stripe, call.params.id ?? '')
  attach(stripe, method, customer)
  return ok(methodView(stripe, method))
}

function detach(stripe: Stripe, call: Call) {
  const method = found(stripe.methods, 'PaymentMethod', call.params.id)
  if (method.customer === null) throw invalid('The payment method you provided is not attached to a customer.')
  method.customer = null
  method.detached = true
  tell(stripe, eventOf(stripe, 'payment_method.detached', methodView(stripe, method)))
  return ok(methodView(stripe, method))
}

function update(stripe: Stripe, call: Call) {
  const method = found(stripe.methods, 'PaymentMethod', call.params.id)
  const body = read(
    z.object({ metadata: metadataField, billing_details: z.optional(z.record(z.string(), z.json())) }),
    call,
  )
  method.metadata = metadataOf(method.metadata, body.metadata)
  if (isObject(body.billing_details)) method.billing = { ...method.billing, ...body.billing_details }
  tell(stripe, eventOf(stripe, 'payment_method.updated', methodView(stripe, method)))
  return ok(methodView(stripe, method))
}

function list(stripe: Stripe, call: Call, customer: unknown, url: string) {
  const params = paramsOf(call)
  const rows = [...stripe.methods.values()].filter(
    (method) =>
      method.customer !== null && method.customer === customer && (params.type ?? method.type) === method.type,
  )
  return listOf(rows, url, params, (method) => methodView(stripe, method))
}

export const methodRoutes = (stripe: Stripe): Route[] => [
  { route: 'POST /v1/payment_methods', run: (call) => create(stripe, call) },
  {
    route: 'GET /v1/payment_methods',
    run: (call) => list(stripe, call, paramsOf(call).customer, '/v1/payment_methods'),
  },
  {
    route: 'GET /v1/payment_methods/:id',
    run: ({ params }) => ok(methodView(stripe, found(stripe.methods, 'PaymentMethod', params.id))),
  },
  { route: 'POST /v1/payment_methods/:id', run: (call) => update(stripe, call) },
  { route: 'POST /v1/payment_methods/:id/attach', run: (call) => attachTo(stripe, call) },
  { route: 'POST /v1/payment_methods/:id/detach', run: (call) => detach(stripe, call) },
  {
    route: 'GET /v1/customers/:id/payment_methods',
    run: (call) =>
      list(
        stripe,
        call,
        found(stripe.customers, 'customer', call.params.id).id,
        `/v1/customers/${call.params.id}/payment_methods`,
      ),
  },
]
