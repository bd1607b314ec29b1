import * as z from 'zod/mini'
import { type Answer, type Call, ok, type Route } from '../call.ts'
import { bad, found, read } from './errors.ts'
import { amountField, assertAmount, currencyField, flagField, flagOf, notesField, notesOf } from './fields.ts'
import { newest, type Order, type Razorpay, seconds } from './state.ts'
import { collection, orderView, paymentView } from './views.ts'

const orderBody = z.strictObject({
  amount: amountField,
  currency: currencyField,
  receipt: z.optional(z.string().check(z.maxLength(40))),
  notes: z.optional(notesField),
  partial_payment: z.optional(flagField),
  first_payment_min_amount: z.optional(amountField),
  payment_capture: z.optional(flagField),
  payment: z.optional(
    z.strictObject({ capture: z.enum(['automatic', 'manual']), capture_options: z.optional(z.looseObject({})) }),
  ),
  customer_id: z.optional(z.string()),
  method: z.optional(z.enum(['card', 'upi', 'emandate', 'nach', 'netbanking'])),
  token: z.optional(
    z.strictObject({
      max_amount: z.optional(amountField),
      expire_at: z.optional(z.int()),
      frequency: z.optional(z.string()),
    }),
  ),
  notification: z.optional(z.strictObject({ token_id: z.string(), payment_after: z.optional(z.int()) })),
})

/** What a bank lets pass between the word to its customer and the debit. */
const noticeSeconds = 24 * 60 * 60

function assertNotice({ shop }: Razorpay, paymentAfter: number | undefined): void {
  if (paymentAfter === undefined || paymentAfter >= seconds(shop.due.now()) + noticeSeconds) return
  throw bad('The debit must be at least 24 hours after its notification', { field: 'payment_after' })
}

function create(razorpay: Razorpay, call: Call): Answer {
  const body = read(orderBody, call)
  assertAmount(body.amount, body.currency)
  if (body.customer_id !== undefined) found(razorpay.customers, body.customer_id)
  if (body.notification) {
    found(razorpay.tokens, body.notification.token_id)
    assertNotice(razorpay, body.notification.payment_after)
  }
  const { token, notification } = body
  const order: Order = {
    id: razorpay.shop.ids.id('order_'),
    amount: body.amount,
    amountPaid: 0,
    currency: body.currency,
    receipt: body.receipt ?? null,
    status: 'created',
    attempts: 0,
    notes: notesOf(body.notes),
    customerId: body.customer_id ?? null,
    capture: body.payment ? body.payment.capture === 'automatic' : flagOf(body.payment_capture),
    token: token && { maxAmount: token.max_amount ?? null, expireAt: token.expire_at ?? null },
    notification: notification && { tokenId: notification.token_id, paymentAfter: notification.payment_after ?? null },
    createdAtMs: razorpay.shop.due.now(),
  }
  razorpay.orders.set(order.id, order)
  return ok(orderView(order))
}

function list(razorpay: Razorpay, { query }: Call): Answer {
  const receipt = query.get('receipt')
  const orders = newest(razorpay.orders.values()).filter((order) => receipt === null || order.receipt === receipt)
  return ok(collection(orders, query, orderView))
}

function edit(razorpay: Razorpay, call: Call): Answer {
  const order = found(razorpay.orders, call.params.id)
  // Notes are all that an order lets change.
  const { notes } = read(z.strictObject({ notes: notesField }), call)
  order.notes = notesOf(notes)
  return ok(orderView(order))
}

function payments(razorpay: Razorpay, { params, query }: Call): Answer {
  const order = found(razorpay.orders, params.id)
  const rows = newest(razorpay.payments.values()).filter(({ orderId }) => orderId === order.id)
  return ok(
    collection(rows, new URLSearchParams({ ...Object.fromEntries(query), count: '100' }), (row) =>
      paymentView(row, false),
    ),
  )
}

export const orderRoutes = (razorpay: Razorpay): Route[] => [
  { route: 'POST /v1/orders', run: (call) => create(razorpay, call) },
  { route: 'GET /v1/orders', run: (call) => list(razorpay, call) },
  { route: 'GET /v1/orders/:id', run: ({ params }) => ok(orderView(found(razorpay.orders, params.id))) },
  { route: 'PATCH /v1/orders/:id', run: (call) => edit(razorpay, call) },
  { route: 'GET /v1/orders/:id/payments', run: (call) => payments(razorpay, call) },
]

/** The order, still to be paid. */
export function openOrder(razorpay: Razorpay, id: string): Order {
  const order = found(razorpay.orders, id)
  if (order.status === 'paid') throw bad('Order already paid', { metadata: { order_id: order.id } })
  return order
}
