import type { SendRequest } from '../fake.ts'
import { type JsonObject, mergeJson, objectAt } from '../json.ts'
import type { FakeEvent } from '../webhooks.ts'
import { eventOf } from './events.ts'
import { newest, type Stripe } from './state.ts'
import * as views from './views.ts'

type Show = (stripe: Stripe, of: string | undefined) => JsonObject | undefined

const pick = <Row extends { id: string; createdAtMs: number }>(
  rows: ReadonlyMap<string, Row>,
  of: string | undefined,
): Row | undefined => (of === undefined ? newest(rows.values())[0] : rows.get(of))

const shown =
  <Row extends { id: string; createdAtMs: number }>(
    rows: (stripe: Stripe) => ReadonlyMap<string, Row>,
    view: (stripe: Stripe, row: Row) => JsonObject,
    changes: JsonObject = {},
  ): Show =>
  (stripe, of) => {
    const row = pick(rows(stripe), of)
    return row && mergeJson(view(stripe, row), changes)
  }

const session = (changes: JsonObject = {}) => shown((stripe) => stripe.sessions, views.sessionView, changes)
const intent = (status: string) => shown((stripe) => stripe.intents, views.intentView, { status })
const charge = (changes: JsonObject = {}) => shown((stripe) => stripe.charges, views.chargeView, changes)
const setup = (status: string) =>
  shown(
    (stripe) => stripe.setupIntents,
    (_, row) => views.setupIntentView(row),
    { status },
  )
const refund = (status: string) =>
  shown(
    (stripe) => stripe.refunds,
    (_, row) => views.refundView(row),
    { status },
  )
const dispute = (status: string) =>
  shown(
    (stripe) => stripe.disputes,
    (_, row) => views.disputeView(row),
    { status },
  )
const customer = shown(
  (stripe) => stripe.customers,
  (_, row) => views.customerView(row),
)
const method = shown((stripe) => stripe.methods, views.methodView)

const composers = new Map<string, Show>(
  Object.entries({
    'checkout.session.completed': session({ status: 'complete', payment_status: 'paid' }),
    'checkout.session.expired': session({ status: 'expired' }),
    'checkout.session.async_payment_succeeded': session({ status: 'complete', payment_status: 'paid' }),
    'checkout.session.async_payment_failed': session({ status: 'complete', payment_status: 'unpaid' }),
    'payment_intent.created': intent('requires_payment_method'),
    'payment_intent.succeeded': intent('succeeded'),
    'payment_intent.payment_failed': intent('requires_payment_method'),
    'payment_intent.processing': intent('processing'),
    'payment_intent.requires_action': intent('requires_action'),
    'payment_intent.canceled': intent('canceled'),
    'charge.succeeded': charge({ status: 'succeeded' }),
    'charge.failed': charge({ status: 'failed' }),
    'charge.refunded': charge(),
    'refund.created': refund('pending'),
    'refund.updated': refund('succeeded'),
    'refund.failed': refund('failed'),
    'charge.dispute.created': dispute('needs_response'),
    'charge.dispute.updated': dispute('under_review'),
    'charge.dispute.closed': dispute('lost'),
    'setup_intent.succeeded': setup('succeeded'),
    'setup_intent.setup_failed': setup('requires_payment_method'),
    'payment_method.attached': method,
    'payment_method.detached': method,
    'customer.created': customer,
    'customer.updated': customer,
    'customer.deleted': customer,
  }),
)

export const stripeKinds = [...composers.keys()]

/** The event about that object, or the latest of its kind, as it would be sent. Undefined when there is none yet. */
export function compose(stripe: Stripe, { event, of, fields, eventId }: SendRequest): FakeEvent | undefined {
  const object = composers.get(event)?.(stripe, of)
  if (!object) return undefined
  const composed = eventOf(stripe, event, object)
  const laid = mergeJson(composed.body, fields ?? {})
  const body = eventId === undefined ? laid : { ...laid, id: eventId }
  // A body laid over must still say what it is.
  return objectAt(body, 'data', 'object') ? { ...composed, id: eventId ?? composed.id, body } : undefined
}
