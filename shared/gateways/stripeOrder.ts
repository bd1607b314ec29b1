import { toProviderUnits } from './exponent.ts'
import type { OrderRequest } from './gateway.ts'
import { badAnswer, GatewayError } from './gatewayError.ts'
import { checkedId, checkedPaymentId } from './requests.ts'
import { type Session, session } from './stripeParse.ts'
import type { StripeTransport } from './stripeTransport.ts'

export const customerPattern = /^cus_[A-Za-z0-9_]{1,200}$/

/** A checkout session with the price inline: no products or prices are kept at Stripe. */
export async function createSession(transport: StripeTransport, order: OrderRequest): Promise<Session> {
  const paymentId = checkedPaymentId('stripe', order.paymentId)
  const unit_amount = toProviderUnits('stripe', order.amountMinor, order.currency)
  const { returnUrl } = order
  if (returnUrl === undefined) throw new GatewayError('stripe', 'refused', { code: 'return_url_required' })
  const metadata = { paymentId }
  const made = await transport.ask('keyed', session, (client) =>
    client.checkout.sessions.create(
      {
        mode: 'payment',
        client_reference_id: paymentId,
        metadata,
        line_items: [
          {
            quantity: 1,
            price_data: {
              currency: order.currency.toLowerCase(),
              unit_amount,
              product_data: { name: order.description },
            },
          },
        ],
        payment_intent_data: {
          metadata,
          description: order.description,
          ...(order.saveMethod && { setup_future_usage: 'off_session' }),
        },
        ...payer(order),
        // Charging in the visitor's own currency would make every amount differ from ours.
        adaptive_pricing: { enabled: false },
        success_url: withQuery(returnUrl, 'session_id={CHECKOUT_SESSION_ID}'),
        cancel_url: withQuery(returnUrl, 'cancelled=1'),
        ...(order.expiresAt !== undefined && { expires_at: Math.floor(order.expiresAt / 1000) }),
      },
      { idempotencyKey: `order:${paymentId}` },
    ),
  )
  if (made.amount_total !== unit_amount || made.currency !== order.currency) throw badAnswer('stripe', 'keyed')
  return made
}

function payer({ account: { gatewayCustomerId, email }, saveMethod }: OrderRequest) {
  if (gatewayCustomerId !== undefined) return { customer: checkedId('stripe', customerPattern, gatewayCustomerId) }
  return {
    ...(email !== undefined && { customer_email: email }),
    // A method is kept under a customer, and a session makes none by itself.
    ...(saveMethod && { customer_creation: 'always' as const }),
  }
}

/** As text: Stripe fills in the braces, which an URL object would escape. */
const withQuery = (address: string, query: string): string => {
  const [base = '', fragment] = address.split('#')
  return `${base}${base.includes('?') ? '&' : '?'}${query}${fragment === undefined ? '' : `#${fragment}`}`
}
