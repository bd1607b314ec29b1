import { createHmac } from 'node:crypto'
import { type Answer, type Call } from '../call.ts'
import type { Bill, Fake, FakeOptions, Provider } from '../fake.ts'
import { type DispatchOf, startFake } from '../server.ts'
import { pay } from './charge.ts'
import { compose, razorpayKinds } from './compose.ts'
import { customerRoutes } from './customers.ts'
import { disputeRoutes, moveDispute } from './disputes.ts'
import { failureAnswer } from './errors.ts'
import { alter } from './events.ts'
import { orderRoutes } from './orders.ts'
import { paymentRoutes } from './payments.ts'
import { recurringRoutes } from './recurring.ts'
import { refundRoutes } from './refunds.ts'
import { createState, type Razorpay, type RazorpaySecrets } from './state.ts'

const minuteMs = 60_000
/** Exponential until 24 hours after the event; the real steps are not published. */
const retryDelaysMs = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 417].map((minutes) => minutes * minuteMs)

/** A Razorpay of one's own. `url` goes into the official package as `rz.api.rq.defaults.baseURL`. */
export function startRazorpayFake(options: FakeOptions<RazorpaySecrets>): Promise<Fake> {
  return startFake(options, dispatchOf(options.secrets), (shop) => build(createState(shop, options.secrets)))
}

const dispatchOf = (secrets: RazorpaySecrets): DispatchOf => ({
  sign: (raw, secret, event) => ({
    'x-razorpay-signature': createHmac('sha256', secret).update(raw).digest('hex'),
    'x-razorpay-event-id': event.id,
  }),
  secret: secrets.webhookSecret,
  oldSecret: secrets.oldWebhookSecret ?? secrets.webhookSecret,
  timeoutMs: 5000,
  retryDelaysMs,
  disablesUrl: true,
  alter,
})

function build(razorpay: Razorpay): Provider {
  const expected = `Basic ${Buffer.from(`${razorpay.secrets.keyId}:${razorpay.secrets.keySecret}`).toString('base64')}`
  return {
    name: 'razorpay',
    // Recurring first: `create` there is not a payment id.
    routes: [
      ...recurringRoutes(razorpay),
      ...orderRoutes(razorpay),
      ...paymentRoutes(razorpay),
      ...refundRoutes(razorpay),
      ...customerRoutes(razorpay),
      ...disputeRoutes(razorpay),
    ],
    // Exactly `Basic`: the real one refuses `basic` and `BASIC`.
    guard: (call) => (call.headers.authorization === expected ? undefined : unauthenticated),
    around: (_call, _route, run) => run(),
    failure,
    bill: (orderId) => billOf(razorpay, orderId),
    pay: (request) => pay(razorpay, request),
    dispute: (paymentId, status) => moveDispute(razorpay, paymentId, status),
    compose: (request) => compose(razorpay, request),
    kinds: razorpayKinds,
  }
}

const unauthenticated: Answer = failureAnswer(401, 'BAD_REQUEST_ERROR', 'Authentication failed')

function failure(kind: 'too_many_requests' | 'server_error' | 'no_such_route', _call: Call): Answer {
  if (kind === 'too_many_requests')
    return failureAnswer(429, 'BAD_REQUEST_ERROR', 'Request failed. Please try after sometime.')
  if (kind === 'server_error')
    return failureAnswer(500, 'SERVER_ERROR', 'We are facing some trouble completing your request.')
  return failureAnswer(400, 'BAD_REQUEST_ERROR', 'The requested URL was not found on the server.')
}

function billOf(razorpay: Razorpay, orderId: string): Bill | undefined {
  const order = razorpay.orders.get(orderId)
  if (!order) return undefined
  return {
    title: order.receipt ?? order.id,
    amount: order.amount,
    currency: order.currency,
    open: order.status !== 'paid',
  }
}
