import * as z from 'zod/mini'
import { type Answer, type Call, ok, type Route } from '../call.ts'
import { cards } from '../cards.ts'
import type { JsonObject } from '../json.ts'
import { attach } from './charge.ts'
import { cardError, declines, found, invalid } from './errors.ts'
import { eventOf, tell } from './events.ts'
import { listOf } from './expand.ts'
import { flagField, metadataField, metadataOf, paramsOf, read } from './form.ts'
import { methodOf } from './methods.ts'
import type { PaymentMethod, SetupIntent, Stripe } from './state.ts'
import { methodView, setupIntentView } from './views.ts'

const body = z.object({
  customer: z.optional(z.string()),
  payment_method: z.optional(z.string()),
  confirm: z.optional(flagField),
  description: z.optional(z.string()),
  metadata: metadataField,
})

export function newSetupIntent(stripe: Stripe, more: Partial<SetupIntent>): SetupIntent {
  const intent: SetupIntent = {
    id: stripe.shop.ids.id('seti_', 24),
    createdAtMs: stripe.shop.due.now(),
    metadata: {},
    customer: null,
    paymentMethod: null,
    status: 'requires_payment_method',
    description: null,
    lastError: null,
    cancellationReason: null,
    ...more,
  }
  stripe.setupIntents.set(intent.id, intent)
  tell(stripe, eventOf(stripe, 'setup_intent.created', setupIntentView(intent)))
  return intent
}

/** `onPage`: the customer can pass 3-D Secure. `fails`: the bank refuses whatever the card. */
interface Saving {
  onPage: boolean
  fails: boolean
}

/** Saves the method. Answers the card error where the bank refuses. */
export function setUp(
  stripe: Stripe,
  intent: SetupIntent,
  method: PaymentMethod,
  { onPage, fails }: Saving,
): JsonObject | undefined {
  const card = cards[method.card]
  intent.paymentMethod = method.id
  const outcome = fails ? 'declined' : card.onPage
  if (outcome === 'declined' || outcome === 'insufficient_funds') {
    const { code, declineCode, message } = declines[outcome]
    intent.status = 'requires_payment_method'
    intent.paymentMethod = null
    intent.lastError = {
      type: 'card_error',
      code,
      decline_code: declineCode,
      message,
      payment_method: methodView(stripe, method),
    }
    tell(stripe, eventOf(stripe, 'setup_intent.setup_failed', setupIntentView(intent)))
    return { ...intent.lastError, setup_intent: setupIntentView(intent) }
  }
  const acts = !onPage && card.offSession === 'authentication_required'
  intent.status = acts ? 'requires_action' : 'succeeded'
  if (!acts && intent.customer !== null) attach(stripe, method, intent.customer)
  tell(stripe, eventOf(stripe, `setup_intent.${acts ? 'requires_action' : 'succeeded'}`, setupIntentView(intent)))
  return undefined
}

function create(stripe: Stripe, call: Call): Answer {
  const given = read(body, call)
  if (given.customer !== undefined) found(stripe.customers, 'customer', given.customer, 'customer')
  const method = given.payment_method === undefined ? undefined : methodOf(stripe, given.payment_method)
  const intent = newSetupIntent(stripe, {
    customer: given.customer ?? null,
    paymentMethod: method?.id ?? null,
    status: method ? 'requires_confirmation' : 'requires_payment_method',
    description: given.description ?? null,
    metadata: metadataOf({}, given.metadata),
  })
  return given.confirm ? confirmNow(stripe, intent, method) : ok(setupIntentView(intent))
}

function confirmNow(stripe: Stripe, intent: SetupIntent, method: PaymentMethod | undefined): Answer {
  if (!method)
    throw invalid('You cannot confirm this SetupIntent because it is missing a payment method.', 'payment_method')
  const error = setUp(stripe, intent, method, { onPage: false, fails: false })
  if (error) throw cardError(error)
  return ok(setupIntentView(intent))
}

function confirmLater(stripe: Stripe, call: Call): Answer {
  const intent = intentOf(stripe, call)
  const given = read(z.object({ payment_method: z.optional(z.string()) }), call)
  const id = given.payment_method ?? intent.paymentMethod
  return confirmNow(stripe, intent, id === null ? undefined : methodOf(stripe, id))
}

function cancel(stripe: Stripe, call: Call): Answer {
  const intent = intentOf(stripe, call)
  if (intent.status === 'succeeded') throw invalid('You cannot cancel this SetupIntent because it has succeeded.')
  intent.status = 'canceled'
  intent.cancellationReason =
    read(z.object({ cancellation_reason: z.optional(z.string()) }), call).cancellation_reason ?? null
  tell(stripe, eventOf(stripe, 'setup_intent.canceled', setupIntentView(intent)))
  return ok(setupIntentView(intent))
}

const intentOf = (stripe: Stripe, call: Call): SetupIntent => found(stripe.setupIntents, 'setupintent', call.params.id)

export const setupIntentRoutes = (stripe: Stripe): Route[] => [
  { route: 'POST /v1/setup_intents', run: (call) => create(stripe, call) },
  {
    route: 'GET /v1/setup_intents',
    run: (call) => listOf(stripe.setupIntents.values(), '/v1/setup_intents', paramsOf(call), setupIntentView),
  },
  { route: 'GET /v1/setup_intents/:id', run: (call) => ok(setupIntentView(intentOf(stripe, call))) },
  { route: 'POST /v1/setup_intents/:id/confirm', run: (call) => confirmLater(stripe, call) },
  { route: 'POST /v1/setup_intents/:id/cancel', run: (call) => cancel(stripe, call) },
]
