import { Problem } from '#errors/problem'
import type {
  Gateway,
  OpenedOrder,
  ProviderDispute,
  ProviderOrder,
  ProviderPayment,
  ProviderRefund,
  RefundLists,
} from '#gateways/gateway'
import { GatewayError, type GatewayErrorKind } from '#gateways/gatewayError'
import { Contention } from '#table/port'
import {
  type BookDispute,
  type BookOrder,
  type BookPayment,
  type BookRefund,
  type Books,
  refundedMinor,
} from './providerBooks.ts'
import type { Post } from './providerPost.ts'
import { NetworkError, type ProviderCall } from './world.ts'

/** The provider as one invocation reaches it: every call is a fault point, and what is lost is told in a gateway's words. */
export function simulatedGateway(books: Books, post: Post, call: ProviderCall): Gateway {
  const { provider } = books
  const reached = asGateway(books, call)
  return {
    provider,
    createOrder: ({ paymentId, amountMinor, currency }) =>
      reached('provide', `order ${paymentId}`, () => opened(books.createOrder(paymentId, amountMinor, currency))),
    findOrder: (paymentId) =>
      reached('ask', `find order ${paymentId}`, () => {
        const order = books.findOrder(paymentId)
        return order && { ...opened(order), amountMinor: order.amountMinor, currency: order.currency }
      }),
    fetchOrder: (id) => reached('ask', `fetch ${id}`, () => providerOrder(books, books.order(id))),
    fetchPayment: (id) => reached('ask', `fetch ${id}`, () => shown(books, books.payment(id))),
    ...(books.provider === 'razorpay' && {
      orderReference: (id: string) => reached('ask', `receipt of ${id}`, () => books.order(id).reference),
    }),
    capture: ({ providerPaymentId }) =>
      reached('provide', `capture ${providerPaymentId}`, () => shown(books, books.capture(providerPaymentId))),
    refund: ({ refundId, providerPaymentId, amountMinor }) =>
      reached('provide', `refund ${refundId}`, () => {
        const refund = books.refund(providerPaymentId, refundId, amountMinor)
        return shownRefund(books, books.payment(providerPaymentId), refund)
      }),
    findRefund: ({ refundId, providerRefundId, providerPaymentId }) =>
      reached('ask', `find ${refundId}`, () => {
        const payment = books.payment(providerPaymentId)
        const refund = payment.refunds.find(({ id, reference }) => reference === refundId || id === providerRefundId)
        return refund && shownRefund(books, payment, refund)
      }),
    ...(provider === 'paystack' && { refundLists: refundLists(books, reached) }),
    chargeMethod: async () => unsupported(),
    findCharge: async () => unsupported(),
    forgetMethod: async () => unsupported(),
    verifyReturn: (returned, { providerOrderId }) => verified(books, returned, providerOrderId),
    verifyWebhook: (bytes, headers) => post.isOurs(bytes, headers),
    parseWebhook: (bytes) => post.read(bytes),
    listPayments: (day) => listed(books, day, reached),
  }
}

/** What gets lost on the way there or back, in a gateway's words. */
export const asGateway =
  (books: Books, call: ProviderCall): ProviderCall =>
  async (kind, what, perform) => {
    try {
      return await call(kind, what, perform)
    } catch (error) {
      throw gatewayError(books, kind, error)
    }
  }

function unsupported(): never {
  throw new Error('no saved method is charged here')
}

/** Refused unheard is safe to repeat; a read that got lost too; of a write only a look-up tells. */
function gatewayError(books: Books, kind: 'ask' | 'provide', error: unknown): unknown {
  const failed = (of: GatewayErrorKind) => new GatewayError(books.provider, of, { code: 'simulated' })
  if (error instanceof Contention) return failed('unavailable')
  if (error instanceof NetworkError) return failed(kind === 'ask' ? 'unavailable' : 'unknown_outcome')
  return error
}

const opened = ({ id }: BookOrder): OpenedOrder => ({ providerOrderId: id, checkout: { orderId: id } })

export function shown(books: Books, payment: BookPayment): ProviderPayment {
  const { id, order, amountMinor, currency, createdAt, status, token } = payment
  const isBack = status === 'captured' && refundedMinor(payment) >= amountMinor
  return {
    provider: books.provider,
    providerPaymentId: id,
    // Stripe charges a saved method without any order.
    ...(!(order.isCharge && books.provider === 'stripe') && { providerOrderId: order.id }),
    // Razorpay's notes can be set by a browser: its gateway hands over none of them.
    ...(books.provider !== 'razorpay' && { reference: order.reference }),
    status: isBack ? 'refunded' : status,
    amountMinor,
    currency,
    refundedMinor: books.provider === 'paystack' ? 0 : refundedMinor(payment),
    mode: books.provider === 'razorpay' ? 'unknown' : 'test',
    ...(status === 'failed' && { failure: { code: 'declined', reason: 'Declined' } }),
    ...(token !== undefined && { method: methodOf(token) }),
    createdAt,
  }
}

/** Whoever asked for the order has its receipt at hand. */
export const shownOnOrder = (books: Books, payment: BookPayment): ProviderPayment => ({
  ...shown(books, payment),
  reference: payment.order.reference,
})

const methodOf = (token: string) => ({
  kind: 'card',
  last4: '4242',
  token,
  reusable: true,
  gatewayCustomerId: 'cus_sim',
})

const providerOrder = (books: Books, order: BookOrder): ProviderOrder => ({
  provider: books.provider,
  providerOrderId: order.id,
  status: order.payments.some(({ status }) => status === 'captured') ? 'paid' : 'open',
  amountMinor: order.amountMinor,
  currency: order.currency,
  reference: order.reference,
  payments: order.payments.map((payment) => shownOnOrder(books, payment)),
})

export const shownRefund = (books: Books, payment: BookPayment, refund: BookRefund): ProviderRefund => ({
  provider: books.provider,
  providerRefundId: refund.id,
  providerPaymentId: payment.id,
  ...(refund.reference !== undefined && { reference: refund.reference }),
  status: refund.status,
  amountMinor: refund.amountMinor,
  currency: payment.currency,
  createdAt: refund.createdAt,
})

export const shownDispute = (books: Books, payment: BookPayment, dispute: BookDispute): ProviderDispute => ({
  provider: books.provider,
  providerDisputeId: dispute.id,
  providerPaymentId: payment.id,
  status: dispute.state,
  amountMinor: dispute.amountMinor,
  currency: payment.currency,
  deductedMinor: dispute.state === 'lost' ? dispute.takenMinor : 0,
})

/** Razorpay signs what its page hands over; the others sign nothing, and prove nothing. */
function verified(books: Books, returned: unknown, providerOrderId: string): { providerPaymentId?: string } {
  if (books.provider !== 'razorpay') return {}
  const { razorpay_payment_id: id, razorpay_signature: signature } = Object(returned)
  if (typeof id !== 'string' || signature !== returnSignature(providerOrderId, id))
    throw new Problem('invalid_signature', 'The signature does not belong to this order.')
  return { providerPaymentId: id }
}

export const returnSignature = (orderId: string, paymentId: string): string => `signed-${orderId}-${paymentId}`

const refundLists = (books: Books, reached: Reached): RefundLists => ({
  of: (providerPaymentId) =>
    reached('ask', `refunds of ${providerPaymentId}`, () => {
      const payment = books.payment(providerPaymentId)
      return payment.refunds.map((refund) => shownRefund(books, payment, refund))
    }),
  async *on(day) {
    const from = Date.parse(`${day}T00:00:00.000Z`)
    yield* await reached('ask', `refunds on ${day}`, () =>
      books.payments.flatMap((payment) =>
        payment.refunds
          .filter(({ createdAt }) => createdAt >= from && createdAt < from + dayMs)
          .map((refund) => shownRefund(books, payment, refund)),
      ),
    )
  },
})

type Reached = <Answer>(kind: 'ask', what: string, perform: () => Answer) => Promise<Answer>

/** A day by creation, in pages of two, the last of a page again on the next: each at least once. */
async function* listed(books: Books, day: string, reached: Reached): AsyncGenerator<ProviderPayment> {
  const from = Date.parse(`${day}T00:00:00.000Z`)
  for (let at = 0; ; at++) {
    const page = await reached('ask', `list ${day}`, () =>
      books.payments
        .filter(({ createdAt }) => createdAt >= from && createdAt < from + dayMs)
        .slice(at, at + 2)
        .map((payment) => shown(books, payment)),
    )
    yield* page
    if (page.length < 2) return
  }
}

const dayMs = 86_400_000
