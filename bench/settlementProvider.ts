import type { Gateway, OrderRequest, ProviderPayment } from '#gateways/gateway'
import { openGateways } from '#gateways/gateways'
import { realNow } from '#local/time'

const keyId = 'rzp_live_BENCHKEYID0001'
export const keySecret = 'bench-key-secret'
export const webhookSecret = 'bench-webhook-secret'

/** A provider in this process. Signatures and events are read by the product's own gateway; only what would call out is played. */
export interface PlayedProvider {
  gateway: Gateway
  /** The customer has paid, with a card that is kept where that was asked for. @throws Error when there is no such order. */
  captured(providerPaymentId: string): ProviderPayment
  /** Our refund id, as the provider was told it. */
  refundOf(providerPaymentId: string): string
}

/** `asked` hears of each call that opens an order or refunds, at the moment at which it would leave. */
export function playedProvider(asked: () => void): PlayedProvider {
  const orders = new Map<string, OrderRequest>()
  const refunds = new Map<string, string>()

  function captured(providerPaymentId: string): ProviderPayment {
    const providerOrderId = orderIdOf(providerPaymentId)
    const order = orders.get(providerOrderId)
    if (!order) throw new Error(`nobody pays ${providerOrderId}`)
    const { saveMethod: reusable, paymentId: reference, amountMinor, currency } = order
    const card = { kind: 'card', brand: 'visa', last4: '4242', expMonth: 12, expYear: 2099, reusable }
    const kept = { token: `token_${providerPaymentId}`, gatewayCustomerId: 'cust_Bench000000001' }
    return {
      provider: 'razorpay',
      providerPaymentId,
      providerOrderId,
      reference,
      status: 'captured',
      amountMinor,
      currency,
      refundedMinor: 0,
      mode: 'live',
      method: reusable ? { ...card, ...kept } : card,
      createdAt: realNow(),
    }
  }

  const tools = { wait: async () => {}, rng: () => 0.5 }
  const razorpay = { keyId, keySecret, webhookSecrets: [webhookSecret] }
  const gateway: Gateway = {
    ...openGateways({ razorpay }, tools)('razorpay'),
    createOrder: async (order) => {
      asked()
      const providerOrderId = `order_Bench${String(orders.size).padStart(9, '0')}`
      orders.set(providerOrderId, order)
      const { amountMinor: amount, currency, description, account } = order
      const prefill = { name: account.name ?? '', email: account.email ?? '' }
      const checkout = { key: keyId, order_id: providerOrderId, amount, currency, description, prefill }
      return { providerOrderId, checkout }
    },
    fetchPayment: async (providerPaymentId) => captured(providerPaymentId),
    refund: async ({ refundId, providerPaymentId, amountMinor, currency }) => {
      asked()
      refunds.set(providerPaymentId, refundId)
      return {
        provider: 'razorpay',
        status: 'pending',
        reference: refundId,
        providerRefundId: providerPaymentId.replace('pay_', 'rfnd_'),
        providerPaymentId,
        amountMinor,
        currency,
        createdAt: realNow(),
      }
    },
  }
  return {
    gateway,
    captured,
    refundOf: (providerPaymentId) => {
      const refundId = refunds.get(providerPaymentId)
      if (refundId === undefined) throw new Error(`no refund of ${providerPaymentId} was asked for`)
      return refundId
    },
  }
}

export const paymentIdOf = (providerOrderId: string): string => providerOrderId.replace('order_', 'pay_')
const orderIdOf = (providerPaymentId: string): string => providerPaymentId.replace('pay_', 'order_')
