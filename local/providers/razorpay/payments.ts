import * as z from 'zod/mini'
import { type Answer, type Call, ok, type Route } from '../call.ts'
import { capture, disputeIfCardSays } from './charge.ts'
import { bad, found, read } from './errors.ts'
import { amountField, currencyField, notesField, notesOf } from './fields.ts'
import { newest, type Razorpay } from './state.ts'
import { collection, paymentView } from './views.ts'

const captureBody = z.strictObject({ amount: amountField, currency: z.optional(currencyField) })

function captureNow(razorpay: Razorpay, call: Call): Answer {
  const payment = found(razorpay.payments, call.params.id)
  const { amount, currency } = read(captureBody, call)
  if (payment.status === 'captured') throw bad('This payment has already been captured')
  if (payment.status !== 'authorized')
    throw bad('Only payments which have been authorized and not yet captured can be captured')
  const order = found(razorpay.orders, payment.orderId)
  if (order.status === 'paid') throw bad('Order already paid')
  if (amount !== payment.amount) throw bad('Capture amount must be equal to the amount authorized', { field: 'amount' })
  if (currency !== undefined && currency !== payment.currency) {
    throw bad('Capture currency must be the currency of the payment', { field: 'currency' })
  }
  razorpay.shop.emit(capture(razorpay, payment, order))
  disputeIfCardSays(razorpay, payment)
  return ok(paymentView(payment, false))
}

/** `expand[]=card`, which the official package sends as `expand[expand]=card`: the real API ignores that, and so does this. */
const wantsCard = (query: URLSearchParams): boolean => query.getAll('expand[]').includes('card')

function edit(razorpay: Razorpay, call: Call): Answer {
  const payment = found(razorpay.payments, call.params.id)
  payment.notes = notesOf(read(z.strictObject({ notes: notesField }), call).notes)
  return ok(paymentView(payment, false))
}

export const paymentRoutes = (razorpay: Razorpay): Route[] => [
  {
    route: 'GET /v1/payments',
    run: ({ query }) =>
      ok(collection(newest(razorpay.payments.values()), query, (payment) => paymentView(payment, wantsCard(query)))),
  },
  {
    route: 'GET /v1/payments/:id',
    run: ({ params, query }) => ok(paymentView(found(razorpay.payments, params.id), wantsCard(query))),
  },
  { route: 'PATCH /v1/payments/:id', run: (call) => edit(razorpay, call) },
  { route: 'POST /v1/payments/:id/capture', run: (call) => captureNow(razorpay, call) },
]
