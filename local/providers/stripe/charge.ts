import { cards } from '../cards.ts'
import type { JsonObject } from '../json.ts'
import { declines, found } from './errors.ts'
import { eventOf, tell } from './events.ts'
import type { Charge, Dispute, Intent, PaymentMethod, Stripe } from './state.ts'
import { chargeView, disputeView, intentView, methodView } from './views.ts'

/** Where a payment is confirmed: on the checkout page, by the API with the customer there, or without the customer. */
export type Place = 'page' | 'api' | 'off_session'

export type Outcome =
  | 'success'
  | 'declined'
  | 'insufficient_funds'
  | 'processing'
  | 'authentication_required'
  | 'action'

export function outcomeOf(method: PaymentMethod, place: Place): Outcome {
  if (method.type === 'sepa_debit') return 'processing'
  const card = cards[method.card]
  const outcome = place === 'off_session' ? card.offSession : card.onPage
  if (place === 'api' && card.offSession === 'authentication_required') return 'action'
  return outcome === 'late_authorized' ? 'processing' : outcome
}

/**
 * Confirms with this method. `settled` hears once how it ended: at once, or when a processing payment has. Answers the
 * card error for the 402, undefined when there is none.
 */
export function confirm(
  stripe: Stripe,
  intent: Intent,
  method: PaymentMethod,
  outcome: Outcome,
  settled: (paid: boolean) => void = () => {},
): JsonObject | undefined {
  intent.paymentMethod = method.id
  switch (outcome) {
    case 'success':
      succeed(stripe, intent, method)
      settled(true)
      return undefined
    case 'processing':
      process(stripe, intent, method, settled)
      return undefined
    case 'action':
      intent.status = 'requires_action'
      tell(stripe, eventOf(stripe, 'payment_intent.requires_action', intentView(stripe, intent)))
      return undefined
    default: {
      const error = decline(stripe, intent, method, outcome)
      settled(false)
      return error
    }
  }
}

function newCharge(stripe: Stripe, intent: Intent, method: PaymentMethod, status: Charge['status']): Charge {
  const charge: Charge = {
    id: stripe.shop.ids.id('ch_', 24),
    createdAtMs: stripe.shop.due.now(),
    metadata: intent.metadata,
    intent: intent.id,
    amount: intent.amount,
    amountCaptured: 0,
    amountRefunded: 0,
    currency: intent.currency,
    status,
    failure: null,
    paymentMethod: method.id,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
  }
  stripe.charges.set(charge.id, charge)
  intent.latestCharge = charge.id
  return charge
}

function succeed(stripe: Stripe, intent: Intent, method: PaymentMethod): void {
  const charge = newCharge(stripe, intent, method, 'succeeded')
  intent.lastError = null
  attachForLater(stripe, intent, method)
  if (intent.manualCapture) {
    intent.status = 'requires_capture'
    tell(
      stripe,
      eventOf(stripe, 'charge.succeeded', chargeView(stripe, charge)),
      eventOf(stripe, 'payment_intent.amount_capturable_updated', intentView(stripe, intent)),
    )
    return
  }
  charge.amountCaptured = intent.amount
  intent.amountReceived = intent.amount
  intent.status = 'succeeded'
  tell(
    stripe,
    eventOf(stripe, 'charge.succeeded', chargeView(stripe, charge)),
    eventOf(stripe, 'payment_intent.succeeded', intentView(stripe, intent)),
  )
  if (cards[method.card].dispute) raiseDispute(stripe, charge)
}

/** A method used with `setup_future_usage` belongs to the customer from then on. */
function attachForLater(stripe: Stripe, intent: Intent, method: PaymentMethod): void {
  if (intent.setupFutureUsage === null || intent.customer === null) return
  attach(stripe, method, intent.customer)
}

export function attach(stripe: Stripe, method: PaymentMethod, customerId: string): void {
  if (method.customer === customerId) return
  method.customer = customerId
  tell(stripe, eventOf(stripe, 'payment_method.attached', methodView(stripe, method)))
}

function process(stripe: Stripe, intent: Intent, method: PaymentMethod, settled: (paid: boolean) => void): void {
  intent.status = 'processing'
  // A bank account that refuses: of cards, none that is declined comes this far.
  intent.failsLater ||= cards[method.card].onPage === 'declined'
  tell(stripe, eventOf(stripe, 'payment_intent.processing', intentView(stripe, intent)))
  const { due, behaviour } = stripe.shop
  due.at(due.now() + behaviour.settings.processingMs, () => {
    if (intent.status !== 'processing') return
    if (intent.failsLater) decline(stripe, intent, method, 'declined')
    else succeed(stripe, intent, method)
    settled(!intent.failsLater)
  })
}

function decline(stripe: Stripe, intent: Intent, method: PaymentMethod, why: keyof typeof declines): JsonObject {
  const failure = declines[why]
  const charge = newCharge(stripe, intent, method, 'failed')
  charge.failure = { ...failure }
  intent.status = 'requires_payment_method'
  intent.paymentMethod = null
  const error: JsonObject = {
    type: 'card_error',
    code: failure.code,
    decline_code: failure.declineCode,
    message: failure.message,
    charge: charge.id,
    payment_method: methodView(stripe, method),
  }
  intent.lastError = error
  tell(
    stripe,
    eventOf(stripe, 'charge.failed', chargeView(stripe, charge)),
    eventOf(stripe, 'payment_intent.payment_failed', intentView(stripe, intent)),
  )
  return { ...error, payment_intent: intentView(stripe, intent) }
}

/** Takes what a manual capture has left open. */
export function capture(stripe: Stripe, intent: Intent, amount: number): void {
  const charge = found(stripe.charges, 'charge', intent.latestCharge ?? '')
  charge.amountCaptured = amount
  intent.amountReceived = amount
  intent.status = 'succeeded'
  tell(
    stripe,
    eventOf(stripe, 'charge.captured', chargeView(stripe, charge)),
    eventOf(stripe, 'payment_intent.succeeded', intentView(stripe, intent)),
  )
}

/** The money is gone the moment a dispute is raised. */
export function raiseDispute(stripe: Stripe, charge: Charge): Dispute {
  const dispute: Dispute = {
    id: stripe.shop.ids.id('du_', 24),
    createdAtMs: stripe.shop.due.now(),
    metadata: {},
    charge: charge.id,
    intent: charge.intent,
    amount: charge.amount,
    currency: charge.currency,
    status: 'needs_response',
  }
  charge.disputed = true
  stripe.disputes.set(dispute.id, dispute)
  tell(
    stripe,
    eventOf(stripe, 'charge.dispute.created', disputeView(dispute)),
    eventOf(stripe, 'charge.dispute.funds_withdrawn', disputeView(dispute)),
  )
  return dispute
}
