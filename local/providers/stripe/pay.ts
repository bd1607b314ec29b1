import type { PayAnswer, PayRequest } from '../fake.ts'
import type { JsonObject } from '../json.ts'
import { confirm, outcomeOf } from './charge.ts'
import { newCustomer } from './customers.ts'
import { found, invalid } from './errors.ts'
import { eventOf, tell } from './events.ts'
import { newIntent } from './intents.ts'
import { newMethod } from './methods.ts'
import { newSetupIntent, setUp } from './setupIntents.ts'
import type { Intent, PaymentMethod, Session, Stripe } from './state.ts'
import { sessionView } from './views.ts'

/** The customer is at the page of a session, or at the 3-D Secure page of a payment intent. */
export function pay(stripe: Stripe, request: PayRequest): PayAnswer {
  const waiting = stripe.intents.get(request.orderId)
  if (waiting) return finishAction(stripe, waiting, request)
  const session = found(stripe.sessions, 'checkout.session', request.orderId)
  if (session.status !== 'open') throw invalid('This Checkout Session is no longer open')
  const { amount, currency } = request
  if (session.amountTotal !== null) session.amountTotal = amount ?? session.amountTotal
  session.currency = currency?.toLowerCase() ?? session.currency
  const method = newMethod(stripe, request.card ?? 'success')
  const error = paySession(stripe, session, {
    method,
    fails: request.outcome === 'fail',
    save: request.saveMethod === true,
  })
  return error ?? (request.outcome === 'lost_callback' ? { lost: true } : { sessionId: session.id })
}

/** The customer passes, or fails, what an intent in `requires_action` waits for. */
function finishAction(stripe: Stripe, intent: Intent, request: PayRequest): PayAnswer {
  if (intent.status !== 'requires_action' || intent.paymentMethod === null)
    throw invalid('The payment waits for nothing')
  const method = found(stripe.methods, 'PaymentMethod', intent.paymentMethod)
  const error = confirm(stripe, intent, method, request.outcome === 'fail' ? 'authentication_required' : 'success')
  if (error) return failed(error)
  return request.outcome === 'lost_callback' ? { lost: true } : { paymentIntentId: intent.id }
}

const failed = (error: JsonObject): PayAnswer => ({
  error: { code: error.code ?? null, decline_code: error.decline_code ?? null, description: error.message ?? null },
})

interface Paying {
  method: PaymentMethod
  /** The bank refuses, at once or at the end of processing. */
  fails: boolean
  save: boolean
}

/** Pays a session, or saves its card. Answers what the page says when that failed; the session stays open then. */
export function paySession(stripe: Stripe, session: Session, { method, fails, save }: Paying): PayAnswer | undefined {
  const saves = save || session.mode === 'setup' || session.intentData.setupFutureUsage !== null
  if (saves && session.customer === null) session.customer = newCustomer(stripe, { email: session.customerEmail }).id
  if (session.mode === 'setup') return saveOnly(stripe, session, method, fails)
  const intent = intentFor(stripe, session, saves)
  const usual = outcomeOf(method, 'page')
  const outcome = fails && usual !== 'processing' ? 'declined' : usual
  intent.failsLater = fails
  // A bank debit completes the session before anybody knows whether it is paid.
  if (outcome === 'processing') complete(stripe, session, 'unpaid', intent)
  const error = confirm(stripe, intent, method, outcome, (paid) => settled(stripe, session, intent, paid))
  return error && failed(error)
}

function intentFor(stripe: Stripe, session: Session, saves: boolean): Intent {
  const before = stripe.intents.get(session.intent ?? '')
  if (before) return before
  const { metadata, description, setupFutureUsage } = session.intentData
  const intent = newIntent(stripe, {
    amount: session.amountTotal ?? 0,
    currency: session.currency ?? 'usd',
    customer: session.customer,
    setupFutureUsage: saves ? (setupFutureUsage ?? 'off_session') : null,
    metadata,
    description,
  })
  session.intent = intent.id
  return intent
}

/** Hears how the payment ended. A refused card leaves the session open; a refused debit comes after it was complete. */
function settled(stripe: Stripe, session: Session, intent: Intent, paid: boolean): void {
  if (session.status === 'open') {
    if (paid) complete(stripe, session, 'paid', intent)
    return
  }
  if (paid) session.paymentStatus = 'paid'
  const kind = `checkout.session.async_payment_${paid ? 'succeeded' : 'failed'}`
  tell(stripe, eventOf(stripe, kind, sessionView(stripe, session)))
}

function complete(
  stripe: Stripe,
  session: Session,
  paymentStatus: Session['paymentStatus'],
  intent: Intent | null,
): void {
  session.status = 'complete'
  session.paymentStatus = paymentStatus
  session.intent = intent?.id ?? null
  tell(stripe, eventOf(stripe, 'checkout.session.completed', sessionView(stripe, session)))
}

function saveOnly(stripe: Stripe, session: Session, method: PaymentMethod, fails: boolean): PayAnswer | undefined {
  const intent = newSetupIntent(stripe, { customer: session.customer, metadata: session.metadata })
  session.setupIntent = intent.id
  const error = setUp(stripe, intent, method, { onPage: true, fails })
  if (error) return failed(error)
  complete(stripe, session, 'no_payment_required', null)
  return undefined
}
