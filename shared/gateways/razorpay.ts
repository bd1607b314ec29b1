import * as z from 'zod/mini'
import { Problem } from '#errors/problem'
import { dayBounds, mostPages, pageSize, tooManyPages } from './day.ts'
import { toProviderUnits } from './exponent.ts'
import { id, minorOf, readEach } from './fields.ts'
import type { Gateway, GatewayTools, OpenedOrder, ProviderMode, ProviderPayment } from './gateway.ts'
import { GatewayError } from './gatewayError.ts'
import { type RazorpayCall, razorpayCalls } from './razorpayCalls.ts'
import { razorpayCharges } from './razorpayCharge.ts'
import { type OrderEntity, paymentEntity, paymentOf, referenceOf, refundEntity, refundOf } from './razorpayParse.ts'
import { type RazorpayAddress, razorpayTransport } from './razorpayTransport.ts'
import { parseRazorpayEvent } from './razorpayWebhook.ts'
import { checkedId, checkedPaymentId, checkedRefundId, isRefund } from './requests.ts'
import { headerOf, isSigned } from './signature.ts'
import { translated } from './translated.ts'

export interface RazorpayConfig extends RazorpayAddress {
  /** While an API key is being replaced: pages opened with the old one come back signed with it. */
  previousKeySecret?: string
  /** The current secret and, during a rotation, the previous one. Set per address in the dashboard; not the key's secret. */
  webhookSecrets: readonly string[]
}

const orderIdPattern = /^order_[A-Za-z0-9]{1,40}$/
const paymentIdPattern = /^pay_[A-Za-z0-9]{1,40}$/
const checkedPayment = (value: string): string => checkedId('razorpay', paymentIdPattern, value)

/**
 * Razorpay. Only refunds have an idempotency key there, so an order is found again by its receipt, which is our payment id.
 * The answer to a charge means "accepted": by regulation the debit follows a day or more later.
 */
export function razorpayGateway(config: RazorpayConfig, tools: GatewayTools): Gateway {
  const calls = razorpayCalls(razorpayTransport(config, tools))
  const mode = modeOf(config.keyId)
  const payment = (entity: z.output<typeof paymentEntity>, reference?: string) => paymentOf(entity, mode, reference)

  return translated({
    provider: 'razorpay',

    async createOrder(order) {
      const receipt = checkedPaymentId('razorpay', order.paymentId)
      const units = toProviderUnits('razorpay', order.amountMinor, order.currency)
      const customerId = order.saveMethod ? await calls.customer(order.account) : undefined
      const made = await calls.createOrder({
        amount: units,
        currency: order.currency,
        receipt,
        // Not left to the account's setting: what is merely authorised goes back to the customer after days.
        payment_capture: true,
        notes: { paymentId: receipt },
        // Saving needs a card: netbanking and wallets leave nothing to charge again.
        ...(customerId !== undefined && {
          customer_id: customerId,
          method: 'card',
          token: { max_amount: Math.max(units, mandateCeiling), frequency: 'as_presented' },
        }),
      })
      const { name, email } = order.account
      const opened = openedOrder(config.keyId, made, customerId)
      return {
        ...opened,
        checkout: {
          ...opened.checkout,
          description: order.description,
          prefill: { ...(name && { name }), ...(email && { email }) },
        },
      }
    },

    async findOrder(paymentId) {
      const order = await calls.orderOf(checkedPaymentId('razorpay', paymentId))
      return order && { ...openedOrder(config.keyId, order, order.customer_id), ...askedOf(order) }
    },

    async fetchOrder(providerOrderId) {
      const order = await calls.order(checkedId('razorpay', orderIdPattern, providerOrderId))
      const reference = referenceOf(order)
      return {
        provider: 'razorpay',
        providerOrderId: order.id,
        // There is no expiry: an order stays payable, and stays `paid` after a refund.
        status: order.status === 'paid' ? 'paid' : 'open',
        ...askedOf(order),
        reference,
        payments: (await calls.paymentsOf(order.id)).map((entity) => payment(entity, reference)),
      }
    },

    fetchPayment: async (providerPaymentId) => payment(await calls.payment(checkedPayment(providerPaymentId))),

    async orderReference(providerOrderId) {
      try {
        return referenceOf(await calls.order(checkedId('razorpay', orderIdPattern, providerOrderId)))
      } catch (error) {
        if (error instanceof GatewayError && error.kind === 'not_found') return undefined
        throw error
      }
    },

    async capture({ providerPaymentId, amountMinor, currency }) {
      const paymentId = checkedPayment(providerPaymentId)
      const units = toProviderUnits('razorpay', amountMinor, currency)
      try {
        // Repeatable by nature: a second capture is refused, and the payment then says what it is.
        return payment(
          await calls.ask('keyed', paymentEntity, (client) => client.payments.capture(paymentId, units, currency)),
        )
      } catch (error) {
        if (!(error instanceof GatewayError) || error.kind !== 'refused') throw error
        const seen = payment(await calls.payment(paymentId))
        if (seen.status === 'captured' || seen.status === 'refunded') return seen
        throw error
      }
    },

    async refund({ refundId, providerPaymentId, amountMinor, currency }) {
      const receipt = checkedRefundId('razorpay', refundId)
      const paymentId = checkedPayment(providerPaymentId)
      const units = toProviderUnits('razorpay', amountMinor, currency)
      const entity = await calls.ask('keyed', refundEntity, (client) =>
        client.payments.refund(paymentId, { amount: units, receipt, notes: { refundId: receipt } }),
      )
      return refundOf(entity)
    },

    async findRefund(lookup) {
      checkedRefundId('razorpay', lookup.refundId)
      const refunds = await calls.refundsOf(checkedPayment(lookup.providerPaymentId))
      return refunds.map(refundOf).find(isRefund(lookup))
    },

    ...razorpayCharges(calls, payment),

    verifyReturn: (returned, { providerOrderId }) => verifyReturn(config, returned, providerOrderId),

    verifyWebhook: (rawBody, headers) =>
      isSigned('sha256', config.webhookSecrets, [rawBody], headerOf(headers, 'x-razorpay-signature')),

    parseWebhook: parseRazorpayEvent,

    listPayments: (day, unreadable) => listPayments(calls, day, payment, unreadable),
  })
}

const askedOf = ({ amount, currency }: OrderEntity) => ({
  amountMinor: minorOf('razorpay', amount, currency),
  currency,
})

/** INR 15,000: the most that may be debited without the customer approving each time; in paise. */
const mandateCeiling = 1_500_000

/** What `checkout.js` takes. `recurring` asks for the mandate and goes with the customer whose card is kept. */
function openedOrder(keyId: string, order: OrderEntity, customerId: string | undefined): OpenedOrder {
  return {
    providerOrderId: order.id,
    checkout: {
      key: keyId,
      order_id: order.id,
      amount: order.amount,
      currency: order.currency,
      ...(customerId !== undefined && { customer_id: customerId, recurring: '1' }),
    },
    ...(customerId !== undefined && { gatewayCustomerId: customerId }),
  }
}

const returnFields = z.object({
  razorpay_payment_id: id,
  razorpay_order_id: z.optional(z.string()),
  razorpay_signature: z.string(),
})

/** The signed order id is the one we stored: a page that names another (a cheaper one) does not match. */
function verifyReturn(config: RazorpayConfig, returned: unknown, providerOrderId: string) {
  const read = returnFields.safeParse(returned)
  const secrets = [config.keySecret, config.previousKeySecret ?? '']
  if (
    !read.success ||
    (read.data.razorpay_order_id ?? providerOrderId) !== providerOrderId ||
    !isReturnSigned(secrets, [providerOrderId, read.data.razorpay_payment_id], read.data.razorpay_signature)
  )
    throw new Problem('invalid_signature', 'The payment is not signed by the provider for this order.')
  return { providerPaymentId: read.data.razorpay_payment_id }
}

/** Ids joined by pipes in the alphabetical order of their field names; an empty or missing one is never signed by us. */
export const isReturnSigned = (secrets: readonly string[], ids: readonly string[], signature: string): boolean =>
  ids.every((one) => one !== '') && isSigned('sha256', secrets, [ids.join('|')], signature)

const modeOf = (keyId: string): ProviderMode =>
  keyId.startsWith('rzp_test_') ? 'test' : keyId.startsWith('rzp_live_') ? 'live' : 'unknown'

async function* listPayments(
  calls: RazorpayCall,
  day: string,
  payment: (entity: z.output<typeof paymentEntity>) => ProviderPayment,
  unreadable?: () => void,
): AsyncGenerator<ProviderPayment> {
  const { fromMs, toMs } = dayBounds('razorpay', day)
  for (let page = 0; page < mostPages; page++) {
    // Both bounds are inclusive seconds.
    const entities = await calls.paymentsBetween(fromMs / 1000, toMs / 1000 - 1, page * pageSize)
    yield* readEach(paymentEntity, entities, (entity) => payment(entity), unreadable)
    if (entities.length < pageSize) return
  }
  throw tooManyPages('razorpay')
}
