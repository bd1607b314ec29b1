import { createHmac } from 'node:crypto'
import { realNow } from '../../time.ts'
import { type Answer, type Call, ok, type Route } from '../call.ts'
import type { Bill, Fake, FakeOptions, Provider } from '../fake.ts'
import { type DispatchOf, startFake } from '../server.ts'
import { catalogueRoutes } from './catalogue.ts'
import { compose, stripeKinds } from './compose.ts'
import { customerRoutes } from './customers.ts'
import { found } from './errors.ts'
import { alter } from './events.ts'
import { expand, listOf } from './expand.ts'
import { paramsOf } from './form.ts'
import { once } from './idempotency.ts'
import { intentRoutes } from './intents.ts'
import { invoiceRoutes } from './invoices.ts'
import { methodRoutes } from './methods.ts'
import { pay } from './pay.ts'
import { moveDispute, refundRoutes } from './refunds.ts'
import { sessionRoutes } from './sessions.ts'
import { setupIntentRoutes } from './setupIntents.ts'
import { createState, type Stripe, type StripeSecrets, seconds } from './state.ts'
import { subscriptionRoutes } from './subscriptions.ts'

const hourMs = 3600 * 1000
/** Exponential up to three days; the real steps are not published. */
const retryDelaysMs = [1 / 60, 1 / 6, 1, 2, 4, 8, 16, 40].map((hours) => hours * hourMs)

/** A Stripe of one's own, for the official package with `host`, `port` and `protocol: 'http'`. */
export function startStripeFake(options: FakeOptions<StripeSecrets>): Promise<Fake> {
  return startFake(options, dispatchOf(options), (shop) => build(createState(shop, options.secrets)))
}

/** Every attempt is signed anew, with the real time: a turned clock must not make a signature look old. */
const dispatchOf = ({ secrets, signatureNow = realNow }: FakeOptions<StripeSecrets>): DispatchOf => ({
  sign: (raw, secret) => {
    const time = seconds(signatureNow())
    const v1 = createHmac('sha256', secret).update(`${time}.${raw}`).digest('hex')
    return { 'stripe-signature': `t=${time},v1=${v1}` }
  },
  secret: secrets.webhookSecret,
  oldSecret: secrets.oldWebhookSecret ?? secrets.webhookSecret,
  timeoutMs: 10_000,
  retryDelaysMs,
  disablesUrl: false,
  alter,
})

function build(stripe: Stripe): Provider {
  const expected = `Bearer ${stripe.secrets.secretKey}`
  return {
    name: 'stripe',
    routes: routesOf(stripe),
    guard: (call) => (call.headers.authorization === expected ? undefined : unauthenticated),
    around: (call, _route, run) => once(stripe, call, () => expanded(stripe, call, run())),
    failure,
    bill: (orderId) => billOf(stripe, orderId),
    pay: (request) => pay(stripe, request),
    dispute: (paymentId, status) => moveDispute(stripe, paymentId, status),
    compose: (request) => compose(stripe, request),
    kinds: stripeKinds,
  }
}

const routesOf = (stripe: Stripe): Route[] => [
  ...customerRoutes(stripe),
  ...methodRoutes(stripe),
  ...intentRoutes(stripe),
  ...setupIntentRoutes(stripe),
  ...sessionRoutes(stripe),
  ...refundRoutes(stripe),
  ...catalogueRoutes(stripe),
  ...invoiceRoutes(stripe),
  ...subscriptionRoutes(stripe),
  { route: 'GET /v1/events', run: (call) => listEvents(stripe, call) },
  { route: 'GET /v1/events/:id', run: ({ params }) => ok(found(stripe.events, 'event', params.id).body) },
]

function listEvents(stripe: Stripe, call: Call): Answer {
  const params = paramsOf(call)
  const rows = [...stripe.events.values()].filter(({ kind }) => params.type === undefined || kind === params.type)
  return listOf(rows, '/v1/events', params, ({ body }) => body)
}

function expanded(stripe: Stripe, call: Call, answer: Answer): Answer {
  const paths = paramsOf(call).expand
  if (!Array.isArray(paths)) return answer
  const { body } = answer
  return {
    ...answer,
    body: expand(
      stripe,
      body,
      paths.filter((path) => typeof path === 'string'),
    ),
  }
}

const unauthenticated: Answer = {
  status: 401,
  body: { error: { type: 'invalid_request_error', message: 'Invalid API Key provided' } },
}

function failure(kind: 'too_many_requests' | 'server_error' | 'no_such_route', call: Call): Answer {
  if (kind === 'too_many_requests') {
    return {
      status: 429,
      body: { error: { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests' } },
    }
  }
  if (kind === 'server_error')
    return { status: 500, body: { error: { type: 'api_error', message: 'An error occurred' } } }
  const message = `Unrecognized request URL (${call.method}: ${call.path}).`
  return { status: 404, body: { error: { type: 'invalid_request_error', message } } }
}

function billOf(stripe: Stripe, id: string): Bill | undefined {
  const intent = stripe.intents.get(id)
  if (intent) {
    const { amount, currency, status } = intent
    return {
      title: intent.description ?? id,
      amount,
      currency: currency.toUpperCase(),
      open: status === 'requires_action',
    }
  }
  const session = stripe.sessions.get(id)
  if (!session) return undefined
  return {
    title: session.clientReferenceId ?? id,
    amount: session.amountTotal ?? undefined,
    currency: (session.currency ?? '').toUpperCase(),
    open: session.status === 'open',
    ...(session.successUrl === null ? {} : { returnUrl: session.successUrl.replace('{CHECKOUT_SESSION_ID}', id) }),
    ...(session.cancelUrl === null ? {} : { cancelUrl: session.cancelUrl }),
  }
}
