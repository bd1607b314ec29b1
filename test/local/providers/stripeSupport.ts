import Stripe from 'stripe'
import { isObject, type Json, type JsonObject } from '#local/providers/json'
import { type Bench, secrets } from './support.ts'

export const plain = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value))

/** Calls of whichever bench there is at the time: each test has one of its own. */
export function stripeOf(bench: () => Bench) {
  const newSession = (more: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
    bench().stripe.checkout.sessions.create({
      mode: 'payment',
      client_reference_id: 'fpay_1',
      metadata: { paymentId: 'fpay_1' },
      line_items: [{ quantity: 2, price_data: { currency: 'USD', unit_amount: 1500, product_data: { name: 'Pro' } } }],
      success_url: 'https://shop.example/done?session={CHECKOUT_SESSION_ID}',
      cancel_url: 'https://shop.example/back',
      ...more,
    })

  async function newInvoiceItem() {
    const { id: customer } = await bench().stripe.customers.create({})
    return { ...(await bench().stripe.invoiceItems.create({ customer, amount: 1000, currency: 'usd' })), customer }
  }

  async function newSubscription(more: Partial<Stripe.SubscriptionCreateParams> = {}) {
    const { id } = await bench().stripe.customers.create({
      invoice_settings: { default_payment_method: 'pm_card_visa' },
    })
    const product = await bench().stripe.products.create({ name: 'Pro' })
    const price = { product: product.id, unit_amount: 1500, currency: 'usd', recurring: { interval: 'month' } } as const
    const made = await bench().stripe.prices.create(price)
    return bench().stripe.subscriptions.create({ customer: id, items: [{ price: made.id, quantity: 2 }], ...more })
  }

  async function form(method: string, path: string, params: JsonObject = {}) {
    const encoded = new URLSearchParams(flatten(params))
    const response = await fetch(`${bench().fakes.stripe.url}${path}${method === 'GET' ? `?${encoded}` : ''}`, {
      method,
      headers: { authorization: `Bearer ${secrets.stripe.secretKey}`, 'stripe-version': '2026-10-28.endive' },
      ...(method === 'GET' ? {} : { body: encoded }),
    })
    return { status: response.status, body: plain(await response.json()) }
  }

  return { newSession, newInvoiceItem, newSubscription, form }
}

/** As the command line tool writes them: `a[b]` for objects, `a[]` for lists of text, `a[0][b]` for lists of objects. */
function flatten(value: Json, at = ''): [string, string][] {
  if (Array.isArray(value)) {
    return value.flatMap((one, place) => flatten(one, `${at}[${isObject(one) ? place : ''}]`))
  }
  if (!isObject(value)) return [[at, String(value)]]
  return Object.entries(value).flatMap(([name, inner]) => flatten(inner, at === '' ? name : `${at}[${name}]`))
}
