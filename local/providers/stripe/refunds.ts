import * as z from 'zod/mini'
import { type Answer, type Call, ok, type Route } from '../call.ts'
import { cards } from '../cards.ts'
import type { DisputeStatus } from '../fake.ts'
import type { Json } from '../json.ts'
import { raiseDispute } from './charge.ts'
import { found, invalid, noSuch } from './errors.ts'
import { eventOf, tell } from './events.ts'
import { listOf } from './expand.ts'
import { metadataField, metadataOf, paramsOf, read, wholeField } from './form.ts'
import { type Charge, type Dispute, newest, type Refund, type Stripe } from './state.ts'
import { chargeView, disputeView, refundView } from './views.ts'

const refundBody = z.object({
  charge: z.optional(z.string()),
  payment_intent: z.optional(z.string()),
  amount: z.optional(wholeField),
  reason: z.optional(z.enum(['duplicate', 'fraudulent', 'requested_by_customer'])),
  metadata: metadataField,
})

function chargeOf(stripe: Stripe, body: z.infer<typeof refundBody>): Charge {
  if (body.charge !== undefined) return found(stripe.charges, 'charge', body.charge, 'charge')
  if (body.payment_intent === undefined) throw invalid('One of charge or payment_intent is required.')
  const intent = found(stripe.intents, 'payment_intent', body.payment_intent, 'payment_intent')
  if (intent.status !== 'succeeded')
    throw invalid('This PaymentIntent does not have a successful charge to refund.', 'payment_intent')
  return found(stripe.charges, 'charge', intent.latestCharge ?? '')
}

function create(stripe: Stripe, call: Call): Answer {
  const body = read(refundBody, call)
  const charge = chargeOf(stripe, body)
  const left = charge.amountCaptured - charge.amountRefunded
  const amount = body.amount ?? left
  if (left <= 0) throw invalid(`Charge ${charge.id} has already been refunded.`, undefined, 'charge_already_refunded')
  if (charge.disputed) throw invalid(`Charge ${charge.id} has been charged back.`, undefined, 'charge_disputed')
  if (amount < 1 || amount > left) {
    throw invalid(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, 'amount')
  }
  const { ids, due, behaviour } = stripe.shop
  const delayMs = behaviour.settings.refundDelayMs
  const refund: Refund = {
    id: ids.id('re_', 24),
    createdAtMs: due.now(),
    metadata: metadataOf({}, body.metadata),
    charge: charge.id,
    intent: charge.intent,
    amount,
    currency: charge.currency,
    reason: body.reason ?? null,
    status: delayMs === 0 ? 'succeeded' : 'pending',
  }
  stripe.refunds.set(refund.id, refund)
  charge.amountRefunded += amount
  tell(
    stripe,
    eventOf(stripe, 'refund.created', refundView(refund)),
    eventOf(stripe, 'charge.refunded', chargeView(stripe, charge)),
  )
  const fails = cards[stripe.methods.get(charge.paymentMethod)?.card ?? 'success'].refundFails === true
  if (delayMs > 0 || fails) due.at(due.now() + delayMs, () => finish(stripe, refund, charge, fails))
  return ok(refundView(refund))
}

/** A refund may fail after it succeeded: the bank sends it back. */
function finish(stripe: Stripe, refund: Refund, charge: Charge, fails: boolean): void {
  refund.status = fails ? 'failed' : 'succeeded'
  if (fails) charge.amountRefunded -= refund.amount
  const view = refundView(refund)
  const kinds = fails
    ? ['refund.failed', 'refund.updated', 'charge.refund.updated']
    : ['refund.updated', 'charge.refund.updated']
  tell(stripe, ...kinds.map((kind) => eventOf(stripe, kind, view)))
}

function update(stripe: Stripe, call: Call): Answer {
  const refund = found(stripe.refunds, 'refund', call.params.id)
  refund.metadata = metadataOf(refund.metadata, read(z.object({ metadata: metadataField }), call).metadata)
  tell(
    stripe,
    eventOf(stripe, 'refund.updated', refundView(refund)),
    eventOf(stripe, 'charge.refund.updated', refundView(refund)),
  )
  return ok(refundView(refund))
}

function listRefunds(stripe: Stripe, call: Call): Answer {
  const params = paramsOf(call)
  const rows = [...stripe.refunds.values()].filter(
    (row) =>
      (params.charge === undefined || row.charge === params.charge) &&
      (params.payment_intent === undefined || row.intent === params.payment_intent),
  )
  return listOf(rows, '/v1/refunds', params, refundView)
}

/** Raises a dispute on the payment intent's charge, or moves its latest. */
export function moveDispute(stripe: Stripe, paymentId: string, status: DisputeStatus): Json {
  const intent = stripe.intents.get(paymentId)
  const charge = stripe.charges.get(intent?.latestCharge ?? paymentId)
  if (!charge) throw noSuch('payment_intent', paymentId)
  if (status === 'created') return disputeView(raiseDispute(stripe, charge))
  const dispute = newest(stripe.disputes.values()).find((one) => one.charge === charge.id)
  if (!dispute) throw invalid('The payment has no dispute')
  if (status === 'under_review') {
    dispute.status = 'under_review'
    tell(stripe, eventOf(stripe, 'charge.dispute.updated', disputeView(dispute)))
  } else close(stripe, dispute, status === 'closed' ? 'warning_closed' : status)
  return disputeView(dispute)
}

function close(stripe: Stripe, dispute: Dispute, status: 'won' | 'lost' | 'warning_closed'): void {
  dispute.status = status
  const events = [eventOf(stripe, 'charge.dispute.closed', disputeView(dispute))]
  if (status !== 'lost') events.push(eventOf(stripe, 'charge.dispute.funds_reinstated', disputeView(dispute)))
  tell(stripe, ...events)
}

function listDisputes(stripe: Stripe, call: Call): Answer {
  const params = paramsOf(call)
  const rows = [...stripe.disputes.values()].filter(
    (row) => params.payment_intent === undefined || row.intent === params.payment_intent,
  )
  return listOf(rows, '/v1/disputes', params, disputeView)
}

function updateDispute(stripe: Stripe, call: Call): Answer {
  const dispute = found(stripe.disputes, 'dispute', call.params.id)
  dispute.metadata = metadataOf(dispute.metadata, read(z.object({ metadata: metadataField }), call).metadata)
  tell(stripe, eventOf(stripe, 'charge.dispute.updated', disputeView(dispute)))
  return ok(disputeView(dispute))
}

function closeDispute(stripe: Stripe, call: Call): Answer {
  const dispute = found(stripe.disputes, 'dispute', call.params.id)
  // Closing by the API accepts the dispute.
  close(stripe, dispute, 'lost')
  return ok(disputeView(dispute))
}

function listCharges(stripe: Stripe, call: Call): Answer {
  const params = paramsOf(call)
  const rows = [...stripe.charges.values()].filter(
    (row) =>
      (params.payment_intent === undefined || row.intent === params.payment_intent) &&
      (params.customer === undefined || row.customer === params.customer),
  )
  return listOf(rows, '/v1/charges', params, (row) => chargeView(stripe, row))
}

export const refundRoutes = (stripe: Stripe): Route[] => [
  { route: 'POST /v1/refunds', run: (call) => create(stripe, call) },
  { route: 'GET /v1/refunds', run: (call) => listRefunds(stripe, call) },
  { route: 'GET /v1/refunds/:id', run: ({ params }) => ok(refundView(found(stripe.refunds, 'refund', params.id))) },
  { route: 'POST /v1/refunds/:id', run: (call) => update(stripe, call) },
  { route: 'GET /v1/disputes', run: (call) => listDisputes(stripe, call) },
  { route: 'GET /v1/disputes/:id', run: ({ params }) => ok(disputeView(found(stripe.disputes, 'dispute', params.id))) },
  { route: 'POST /v1/disputes/:id', run: (call) => updateDispute(stripe, call) },
  { route: 'POST /v1/disputes/:id/close', run: (call) => closeDispute(stripe, call) },
  { route: 'GET /v1/charges', run: (call) => listCharges(stripe, call) },
  {
    route: 'GET /v1/charges/:id',
    run: ({ params }) => ok(chargeView(stripe, found(stripe.charges, 'charge', params.id))),
  },
]
