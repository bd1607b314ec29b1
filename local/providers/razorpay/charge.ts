import { createHmac } from 'node:crypto'
import { type CardName, cards } from '../cards.ts'
import type { PayAnswer, PayRequest } from '../fake.ts'
import { raiseDispute } from './disputes.ts'
import { bad, declines, found, timedOut } from './errors.ts'
import { invoicePaid, orderPaid, paymentEvent, subscriptionCharged, tokenEvent } from './events.ts'
import { refundUncaptured } from './refunds.ts'
import type { Order, Payment, PaymentError, Razorpay, Token } from './state.ts'
import { seconds } from './state.ts'

/** What is authorised and not captured by then goes back to the customer. */
const captureWindowMs = 3 * 24 * 3600 * 1000
/** A payment without the bank's answer is called failed after this. */
const failedAfterMs = 10 * 60 * 1000
/** The bank answers after all: inside the three days during which Razorpay goes on asking. */
const lateAfterMs = 60 * 60 * 1000
/** The debit that a mandate without a limit of its own allows: INR 15,000 in paise. */
export const mandateMax = 1_500_000

/** What Checkout signs, and the answer of a recurring payment too: HMAC-SHA256 of `order|payment` under the key's secret. */
export const returnSignature = (secret: string, orderId: string, paymentId: string): string =>
  createHmac('sha256', secret).update(`${orderId}|${paymentId}`).digest('hex')

export const returnFields = ({ secrets }: Razorpay, payment: Payment): PayAnswer => ({
  razorpay_payment_id: payment.id,
  razorpay_order_id: payment.orderId,
  razorpay_signature: returnSignature(secrets.keySecret, payment.orderId, payment.id),
})

/** The customer pays an order on the page. */
export function pay(razorpay: Razorpay, request: PayRequest): PayAnswer {
  const order = found(razorpay.orders, request.orderId)
  if (order.status === 'paid') throw bad('Order already paid')
  const name = request.card ?? 'success'
  const payment = startPayment(razorpay, order, name)
  payment.amount = request.amount ?? payment.amount
  payment.currency = request.currency?.toUpperCase() ?? payment.currency
  const outcome = request.outcome === 'fail' ? 'declined' : cards[name].onPage
  if (outcome === 'declined' || outcome === 'insufficient_funds') {
    fail(razorpay, payment, declines[outcome])
    return { error: { ...declines[outcome], metadata: { payment_id: payment.id, order_id: order.id } } }
  }
  if (request.saveMethod || order.token) saveToken(razorpay, order, payment)
  if (outcome === 'success') authorize(razorpay, payment)
  else wait(razorpay, payment, outcome)
  return request.outcome === 'lost_callback' ? { lost: true } : returnFields(razorpay, payment)
}

export function startPayment(razorpay: Razorpay, order: Order, card: CardName): Payment {
  const { ids, due } = razorpay.shop
  const customer = razorpay.customers.get(order.customerId ?? '')
  const payment: Payment = {
    id: ids.id('pay_'),
    orderId: order.id,
    amount: order.amount,
    currency: order.currency,
    status: 'created',
    card,
    cardId: ids.id('card_'),
    amountRefunded: 0,
    description: null,
    email: customer?.email ?? 'customer@example.com',
    contact: customer?.contact ?? '+919000090000',
    customerId: order.customerId,
    tokenId: null,
    invoiceId: null,
    notes: {},
    fee: null,
    tax: null,
    error: null,
    createdAtMs: due.now(),
    capturedAtMs: null,
  }
  order.attempts++
  if (order.status === 'created') order.status = 'attempted'
  razorpay.payments.set(payment.id, payment)
  return payment
}

/** A payment whose bank does not answer: failed after ten minutes for one card, then authorised late. */
function wait(razorpay: Razorpay, payment: Payment, kind: 'processing' | 'late_authorized'): void {
  const { due, behaviour } = razorpay.shop
  if (kind === 'processing') {
    due.at(due.now() + behaviour.settings.processingMs, () => authorize(razorpay, payment))
    return
  }
  due.at(due.now() + failedAfterMs, () => fail(razorpay, payment, timedOut))
  due.at(due.now() + lateAfterMs, () => authorize(razorpay, payment))
}

export function fail(razorpay: Razorpay, payment: Payment, error: PaymentError): void {
  payment.status = 'failed'
  payment.error = error
  razorpay.shop.emit([paymentEvent(razorpay, 'payment.failed', payment)])
}

/** The bank says yes; captured at once where the order or the account says so. `failed` before is no obstacle. */
export function authorize(razorpay: Razorpay, payment: Payment): void {
  const { shop, orders } = razorpay
  const order = found(orders, payment.orderId)
  payment.status = 'authorized'
  payment.error = null
  const authorized = paymentEvent(razorpay, 'payment.authorized', payment)
  if (order.capture ?? shop.behaviour.settings.autoCapture) {
    shop.emit([authorized, ...capture(razorpay, payment, order)])
    disputeIfCardSays(razorpay, payment)
    return
  }
  shop.emit([authorized])
  shop.due.at(shop.due.now() + captureWindowMs, () => giveBack(razorpay, payment))
}

export const disputeIfCardSays = (razorpay: Razorpay, payment: Payment): void => {
  if (cards[payment.card].dispute) raiseDispute(razorpay, payment)
}

/** Captures; the events it makes, in the order that Razorpay sends them. */
export function capture(razorpay: Razorpay, payment: Payment, order: Order) {
  payment.status = 'captured'
  payment.capturedAtMs = razorpay.shop.due.now()
  // 2 % and 18 % tax on it; `fee` includes the tax.
  payment.fee = Math.floor((payment.amount * 236) / 10_000)
  payment.tax = Math.floor((payment.fee * 18) / 118)
  order.status = 'paid'
  order.amountPaid = payment.amount
  const { fiveEvents } = razorpay.shop.behaviour.settings
  if (fiveEvents) payment.invoiceId = razorpay.shop.ids.id('inv_')
  const usual = [paymentEvent(razorpay, 'payment.captured', payment), orderPaid(razorpay, payment, order)]
  if (!fiveEvents) return usual
  return [...usual, invoicePaid(razorpay, payment, order), subscriptionCharged(razorpay, payment)]
}

function giveBack(razorpay: Razorpay, payment: Payment): void {
  if (payment.status !== 'authorized') return
  refundUncaptured(razorpay, payment)
}

function saveToken(razorpay: Razorpay, order: Order, payment: Payment): void {
  const { ids, due, emit } = razorpay.shop
  if (order.customerId === null) throw bad('customer_id is required to save a payment method')
  const nowMs = due.now()
  const token: Token = {
    id: ids.id('token_'),
    token: ids.id('', 14),
    customerId: order.customerId,
    card: payment.card,
    status: 'confirmed',
    maxAmount: order.token?.maxAmount ?? mandateMax,
    expiredAt: order.token?.expireAt ?? seconds(nowMs) + 10 * 365 * 24 * 3600,
    usedAtMs: nowMs,
    createdAtMs: nowMs,
  }
  razorpay.tokens.set(token.id, token)
  payment.tokenId = token.id
  emit([tokenEvent(razorpay, 'token.confirmed', token)])
}
