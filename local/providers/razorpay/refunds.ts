import * as z from 'zod/mini'
import { type Answer, type Call, ok, type Route } from '../call.ts'
import { cards } from '../cards.ts'
import { bad, found, read } from './errors.ts'
import { refundEvent } from './events.ts'
import { amountField, notesField, notesOf } from './fields.ts'
import { newest, type Payment, type Razorpay, type Refund } from './state.ts'
import { collection, refundView } from './views.ts'

const keyPattern = /^[A-Za-z0-9_-]{10,}$/
/** A payment older than six months cannot be refunded. */
const refundableMs = 183 * 24 * 3600 * 1000

const refundBody = z.strictObject({
  amount: z.optional(amountField),
  speed: z.optional(z.enum(['normal', 'optimum'])),
  notes: z.optional(notesField),
  receipt: z.optional(z.string().check(z.maxLength(40))),
})

function create(razorpay: Razorpay, call: Call): Answer {
  const payment = found(razorpay.payments, call.params.id)
  const body = read(refundBody, call)
  const key = call.headers['x-refund-idempotency']
  if (typeof key !== 'string') return ok(refundView(refund(razorpay, payment, body)))
  if (!keyPattern.test(key)) throw bad('The idempotency key is invalid')
  const request = JSON.stringify([payment.id, body])
  const before = razorpay.refundKeys.get(key)
  if (before === undefined) {
    const made = refund(razorpay, payment, body)
    // A refused refund leaves no key behind: it moved nothing.
    razorpay.refundKeys.set(key, { request, refundId: made.id })
    return ok(refundView(made))
  }
  if (before.request !== request) {
    throw bad('Different request with the same idempotency key has been processed', {}, 409)
  }
  return ok(refundView(found(razorpay.refunds, before.refundId)))
}

function refund(razorpay: Razorpay, payment: Payment, body: z.infer<typeof refundBody>): Refund {
  assertRefundable(razorpay, payment)
  const left = payment.amount - payment.amountRefunded
  const amount = body.amount ?? left
  if (amount > left) throw bad('The refund amount provided is greater than amount captured')
  if (amount < 1) throw bad('The amount must be at least 1', { field: 'amount' })
  const made = put(razorpay, payment, amount, {
    notes: notesOf(body.notes),
    receipt: body.receipt ?? null,
    speed: body.speed ?? 'normal',
  })
  razorpay.shop.emit([refundEvent(razorpay, 'refund.created', made, payment)])
  const { due, behaviour } = razorpay.shop
  due.at(due.now() + behaviour.settings.refundDelayMs, () => finish(razorpay, payment, made))
  return made
}

function assertRefundable(razorpay: Razorpay, payment: Payment): void {
  if (payment.status === 'refunded') throw bad('The payment has been fully refunded already')
  if (payment.status !== 'captured') throw bad('Only captured payments can be refunded')
  if (razorpay.shop.due.now() - payment.createdAtMs > refundableMs) {
    throw bad('The payment is more than six months old and cannot be refunded')
  }
}

function put(
  razorpay: Razorpay,
  payment: Payment,
  amount: number,
  more: Pick<Refund, 'notes' | 'receipt' | 'speed'>,
): Refund {
  const made: Refund = {
    id: razorpay.shop.ids.id('rfnd_'),
    paymentId: payment.id,
    amount,
    currency: payment.currency,
    status: 'pending',
    createdAtMs: razorpay.shop.due.now(),
    ...more,
  }
  razorpay.refunds.set(made.id, made)
  payment.amountRefunded += amount
  if (payment.amountRefunded >= payment.amount) payment.status = 'refunded'
  return made
}

function finish(razorpay: Razorpay, payment: Payment, made: Refund): void {
  const fails = cards[payment.card].refundFails === true
  made.status = fails ? 'failed' : 'processed'
  if (fails) {
    payment.amountRefunded -= made.amount
    payment.status = 'captured'
  }
  razorpay.shop.emit([refundEvent(razorpay, `refund.${made.status}`, made, payment)])
}

/** Nobody captured in time: the customer gets the money back, and we a refund of a payment that was never captured. */
export function refundUncaptured(razorpay: Razorpay, payment: Payment): void {
  const made = put(razorpay, payment, payment.amount, { notes: {}, receipt: null, speed: 'normal' })
  made.status = 'processed'
  razorpay.shop.emit([
    refundEvent(razorpay, 'refund.created', made, payment),
    refundEvent(razorpay, 'refund.processed', made, payment),
  ])
}

const refundsOf = (razorpay: Razorpay, payment: Payment): Refund[] =>
  newest(razorpay.refunds.values()).filter(({ paymentId }) => paymentId === payment.id)

export const refundRoutes = (razorpay: Razorpay): Route[] => [
  { route: 'POST /v1/payments/:id/refund', run: (call) => create(razorpay, call) },
  {
    route: 'GET /v1/payments/:id/refunds',
    run: ({ params, query }) =>
      ok(collection(refundsOf(razorpay, found(razorpay.payments, params.id)), query, refundView)),
  },
  {
    route: 'GET /v1/payments/:id/refunds/:refundId',
    run: ({ params }) => ok(refundView(found(razorpay.refunds, params.refundId))),
  },
  {
    route: 'GET /v1/refunds',
    run: ({ query }) => ok(collection(newest(razorpay.refunds.values()), query, refundView)),
  },
  { route: 'GET /v1/refunds/:id', run: ({ params }) => ok(refundView(found(razorpay.refunds, params.id))) },
]
