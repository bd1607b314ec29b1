import type { SendRequest } from '../fake.ts'
import { type JsonObject, mergeJson } from '../json.ts'
import type { FakeEvent } from '../webhooks.ts'
import * as events from './events.ts'
import {
  type Dispute,
  newest,
  type Order,
  type Payment,
  type Razorpay,
  type Refund,
  seconds,
  type Token,
} from './state.ts'

/** What an event can be about: the row asked for and what belongs to it, or made-up ones when the fake has none yet. */
interface Subject {
  payment: Payment
  order: Order
  refund: Refund
  dispute: Dispute
  token: Token
}

type Compose = (razorpay: Razorpay, kind: string, subject: Subject) => FakeEvent

const ofPayment =
  (changes: Partial<Payment>): Compose =>
  (razorpay, kind, { payment }) =>
    events.paymentEvent(razorpay, kind, { ...payment, ...changes })

const ofRefund =
  (status: Refund['status']): Compose =>
  (razorpay, kind, { refund, payment }) =>
    events.refundEvent(razorpay, kind, { ...refund, status }, payment)

const ofDispute =
  (status: Dispute['status']): Compose =>
  (razorpay, kind, { dispute, payment }) =>
    events.disputeEvent(razorpay, kind, { ...dispute, status }, payment)

const ofToken =
  (status: Token['status']): Compose =>
  (razorpay, kind, { token }) =>
    events.tokenEvent(razorpay, kind, { ...token, status })

const ofNotice: Compose = (razorpay, kind, { order, payment }) => events.noticeEvent(razorpay, kind, order, payment)

const composers = new Map<string, Compose>(
  Object.entries({
    'payment.authorized': ofPayment({ status: 'authorized' }),
    'payment.captured': ofPayment({ status: 'captured' }),
    'payment.failed': ofPayment({ status: 'failed' }),
    'order.paid': (razorpay, _, { payment, order }) => events.orderPaid(razorpay, payment, order),
    'invoice.paid': (razorpay, _, { payment, order }) => events.invoicePaid(razorpay, payment, order),
    'subscription.charged': (razorpay, _, { payment }) => events.subscriptionCharged(razorpay, payment),
    'refund.created': ofRefund('pending'),
    'refund.processed': ofRefund('processed'),
    'refund.failed': ofRefund('failed'),
    'payment.dispute.created': ofDispute('open'),
    'payment.dispute.under_review': ofDispute('under_review'),
    'payment.dispute.action_required': ofDispute('open'),
    'payment.dispute.won': ofDispute('won'),
    'payment.dispute.lost': ofDispute('lost'),
    'payment.dispute.closed': ofDispute('closed'),
    'token.confirmed': ofToken('confirmed'),
    'token.rejected': ofToken('rejected'),
    'token.cancelled': ofToken('cancelled'),
    'token.paused': ofToken('paused'),
    'order.notification.delivered': ofNotice,
    'order.notification.failed': ofNotice,
  }),
)

export const razorpayKinds = [...composers.keys()]

/** The event as Razorpay would send it about that row; the rows themselves stay as they are. */
export function compose(razorpay: Razorpay, { event, of, fields, eventId }: SendRequest): FakeEvent | undefined {
  const composed = composers.get(event)?.(razorpay, event, subjectOf(razorpay, of))
  if (!composed) return undefined
  const body: JsonObject = fields ? mergeJson(composed.body, fields) : composed.body
  return { ...composed, id: eventId ?? composed.id, body }
}

function subjectOf(razorpay: Razorpay, of: string | undefined): Subject {
  const pick = <Row extends { id: string; createdAtMs: number }>(rows: ReadonlyMap<string, Row>): Row | undefined =>
    of === undefined ? newest(rows.values())[0] : rows.get(of)
  const refund = pick(razorpay.refunds)
  const dispute = pick(razorpay.disputes)
  const named = razorpay.payments.get(of === undefined ? '' : (refund?.paymentId ?? dispute?.paymentId ?? of))
  const orderId = of !== undefined && razorpay.orders.has(of) ? of : named?.orderId
  const latest = newest(razorpay.payments.values()).find((one) => orderId === undefined || one.orderId === orderId)
  const order =
    razorpay.orders.get(orderId ?? latest?.orderId ?? '') ??
    newest(razorpay.orders.values())[0] ??
    madeUpOrder(razorpay)
  const payment = named ?? latest ?? madeUpPayment(razorpay, order)
  return {
    payment,
    order,
    refund: refund ?? madeUpRefund(razorpay, payment),
    dispute: dispute ?? madeUpDispute(razorpay, payment),
    token: pick(razorpay.tokens) ?? madeUpToken(razorpay, payment),
  }
}

const madeUpOrder = ({ shop }: Razorpay): Order => ({
  id: shop.ids.id('order_'),
  amount: 50_000,
  amountPaid: 50_000,
  currency: 'INR',
  receipt: null,
  status: 'paid',
  attempts: 1,
  notes: {},
  customerId: null,
  capture: undefined,
  token: undefined,
  notification: undefined,
  createdAtMs: shop.due.now(),
})

const madeUpPayment = ({ shop }: Razorpay, order: Order): Payment => ({
  id: shop.ids.id('pay_'),
  orderId: order.id,
  amount: order.amount,
  currency: order.currency,
  status: 'captured',
  card: 'success',
  cardId: shop.ids.id('card_'),
  amountRefunded: 0,
  description: null,
  email: 'customer@example.com',
  contact: '+919000090000',
  customerId: order.customerId,
  tokenId: null,
  invoiceId: null,
  notes: {},
  fee: null,
  tax: null,
  error: null,
  createdAtMs: shop.due.now(),
  capturedAtMs: shop.due.now(),
})

const madeUpRefund = ({ shop }: Razorpay, payment: Payment): Refund => ({
  id: shop.ids.id('rfnd_'),
  paymentId: payment.id,
  amount: payment.amount,
  currency: payment.currency,
  notes: {},
  receipt: null,
  status: 'processed',
  speed: 'normal',
  createdAtMs: shop.due.now(),
})

const madeUpDispute = ({ shop }: Razorpay, payment: Payment): Dispute => ({
  id: shop.ids.id('disp_'),
  paymentId: payment.id,
  amount: payment.amount,
  currency: payment.currency,
  amountDeducted: 0,
  status: 'open',
  evidence: {},
  createdAtMs: shop.due.now(),
})

const madeUpToken = ({ shop }: Razorpay, payment: Payment): Token => ({
  id: shop.ids.id('token_'),
  token: shop.ids.id(''),
  customerId: payment.customerId ?? shop.ids.id('cust_'),
  card: payment.card,
  status: 'confirmed',
  maxAmount: 1_500_000,
  expiredAt: seconds(shop.due.now()) + 365 * 24 * 3600,
  usedAtMs: shop.due.now(),
  createdAtMs: shop.due.now(),
})
