import * as z from 'zod/mini'
import { type Answer, type Call, ok, type Route } from '../call.ts'
import { cards } from '../cards.ts'
import { authorize, fail, mandateMax, returnFields, startPayment } from './charge.ts'
import { authenticationNeeded, bad, declines, found, noticeFailed, read } from './errors.ts'
import { noticeEvent } from './events.ts'
import { amountField, currencyField, flagField, notesField, notesOf } from './fields.ts'
import { openOrder } from './orders.ts'
import { type Order, type Payment, type Razorpay, seconds, type Token } from './state.ts'

/** From the notice to the debit: 36 hours and 5 minutes. */
const debitDelayMs = (36 * 60 + 5) * 60 * 1000

const recurringBody = z.strictObject({
  email: z.string(),
  contact: z.string(),
  amount: amountField,
  currency: currencyField,
  order_id: z.string(),
  customer_id: z.string(),
  token: z.string(),
  recurring: flagField,
  description: z.optional(z.string()),
  notes: z.optional(notesField),
})

/** A debit on a saved method. The answer says "accepted": the money moves, or does not, a day and a half later. */
function create(razorpay: Razorpay, call: Call): Answer {
  const body = read(recurringBody, call)
  const order = openOrder(razorpay, body.order_id)
  const token = usableToken(razorpay, body)
  if (body.amount !== order.amount || body.currency !== order.currency) {
    throw bad('Payment amount is different from the order amount', { field: 'amount' })
  }
  const limit = Math.min(token.maxAmount, mandateMax)
  if (body.currency === 'INR' && body.amount > limit) {
    throw bad('Amount exceeds maximum amount allowed', { field: 'amount', reason: 'amount_exceeds_maximum_limit' })
  }
  const payment = startPayment(razorpay, order, token.card)
  payment.tokenId = token.id
  payment.customerId = token.customerId
  payment.email = body.email
  payment.contact = body.contact
  payment.description = body.description ?? null
  payment.notes = notesOf(body.notes)
  plan(razorpay, order, payment, token)
  return ok(returnFields(razorpay, payment))
}

function usableToken(razorpay: Razorpay, body: z.infer<typeof recurringBody>): Token {
  found(razorpay.customers, body.customer_id)
  const token = found(razorpay.tokens, body.token)
  if (token.customerId !== body.customer_id) throw bad('The id provided does not exist')
  if (token.status !== 'confirmed') throw bad('The token is not confirmed for recurring payments')
  if (token.expiredAt <= seconds(razorpay.shop.due.now())) throw bad('The token has expired')
  return token
}

function plan(razorpay: Razorpay, order: Order, payment: Payment, token: Token): void {
  const { due, behaviour, emit } = razorpay.shop
  const failed = behaviour.settings.preDebitNoticeFails
  if (order.notification) {
    emit([noticeEvent(razorpay, `order.notification.${failed ? 'failed' : 'delivered'}`, order, payment)])
  }
  const promisedMs = (order.notification?.paymentAfter ?? 0) * 1000
  due.at(Math.max(due.now() + debitDelayMs, promisedMs), () => {
    token.usedAtMs = due.now()
    if (failed) return fail(razorpay, payment, noticeFailed)
    debit(razorpay, payment)
  })
}

function debit(razorpay: Razorpay, payment: Payment): void {
  const { due, behaviour } = razorpay.shop
  const outcome = cards[payment.card].offSession
  if (outcome === 'success') return authorize(razorpay, payment)
  if (outcome === 'processing') {
    return due.at(due.now() + behaviour.settings.processingMs, () => authorize(razorpay, payment))
  }
  fail(razorpay, payment, outcome === 'authentication_required' ? authenticationNeeded : declines[outcome])
}

export const recurringRoutes = (razorpay: Razorpay): Route[] => [
  { route: 'POST /v1/payments/create/recurring', run: (call) => create(razorpay, call) },
]
