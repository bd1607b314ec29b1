import * as z from 'zod/mini'
import { type Answer, type Call, ok, type Route } from '../call.ts'
import { subscriptionView } from './billingViews.ts'
import { found, invalid } from './errors.ts'
import { eventOf, tell } from './events.ts'
import { flagField, metadataField, metadataOf, read, wholeField } from './form.ts'
import { newInvoice, noMethod, payInvoice } from './invoices.ts'
import { methodOf } from './methods.ts'
import type { Price, Stripe, Subscription } from './state.ts'

/** Stripe's own subscriptions: a trial or a first, paid period, changes and the end. None renews itself. */

const dayMs = 24 * 3600 * 1000
/** Told so long before a trial ends; at once where it is shorter. */
const trialNoticeMs = 3 * dayMs

const createBody = z.object({
  customer: z.string(),
  items: z
    .array(z.object({ price: z.string(), quantity: z.optional(wholeField) }))
    .check(z.minLength(1), z.maxLength(20)),
  default_payment_method: z.optional(z.string()),
  trial_period_days: z.optional(wholeField),
  trial_settings: z.optional(
    z.object({
      end_behavior: z.object({ missing_payment_method: z.enum(['cancel', 'create_invoice', 'pause']) }),
    }),
  ),
  metadata: metadataField,
})

function create(stripe: Stripe, call: Call): Answer {
  const body = read(createBody, call)
  found(stripe.customers, 'customer', body.customer, 'customer')
  const { ids, due } = stripe.shop
  const nowMs = due.now()
  const prices = body.items.map(({ price }) => found(stripe.prices, 'price', price, 'items[0][price]'))
  const [first] = prices
  if (!first || prices.some(({ interval }) => interval === null))
    throw invalid(
      'The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.',
    )
  const trialEndMs = body.trial_period_days ? nowMs + body.trial_period_days * dayMs : null
  const subscription: Subscription = {
    id: ids.id('sub_', 24),
    createdAtMs: nowMs,
    metadata: metadataOf({}, body.metadata),
    customer: body.customer,
    prices: body.items.map(({ price, quantity = 1 }) => ({ itemId: ids.id('si_'), price, quantity })),
    status: trialEndMs === null ? 'incomplete' : 'trialing',
    currency: first.currency,
    defaultPaymentMethod: body.default_payment_method ?? null,
    withoutMethod: body.trial_settings?.end_behavior.missing_payment_method ?? 'create_invoice',
    trialEndMs,
    periodStartMs: nowMs,
    periodEndMs: trialEndMs ?? periodEnd(nowMs, first.interval),
    cancelAtPeriodEnd: false,
    canceledAtMs: null,
    latestInvoice: null,
  }
  const method = methodIdOf(stripe, subscription)
  if (trialEndMs === null && method === null) throw noMethod()
  stripe.subscriptions.set(subscription.id, subscription)
  if (trialEndMs === null) startPeriod(stripe, subscription)
  about(stripe, subscription, 'created')
  if (trialEndMs !== null) runTrial(stripe, subscription, trialEndMs)
  return ok(subscriptionView(stripe, subscription))
}

const about = (stripe: Stripe, subscription: Subscription, what: string): void =>
  tell(stripe, eventOf(stripe, `customer.subscription.${what}`, subscriptionView(stripe, subscription)))

const methodIdOf = (stripe: Stripe, { defaultPaymentMethod, customer }: Subscription): string | null =>
  defaultPaymentMethod ?? stripe.customers.get(customer)?.defaultPaymentMethod ?? null

function periodEnd(startMs: number, interval: Price['interval']): number {
  if (interval === 'day' || interval === 'week') return startMs + (interval === 'day' ? 1 : 7) * dayMs
  const start = new Date(startMs)
  const months = interval === 'year' ? 12 : 1
  const lastDay = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + months + 1, 0)).getUTCDate()
  const end = new Date(startMs)
  end.setUTCMonth(start.getUTCMonth() + months, Math.min(start.getUTCDate(), lastDay))
  return end.getTime()
}

/** An invoice of the period that begins, paid with what the customer left: paid makes the subscription active. */
function startPeriod(stripe: Stripe, subscription: Subscription): void {
  const nowMs = stripe.shop.due.now()
  const lines = subscription.prices.map(({ price, quantity }) => {
    const { unitAmount, product } = found(stripe.prices, 'price', price)
    const description = stripe.products.get(product)?.name ?? null
    return { amount: unitAmount * quantity, description, quantity }
  })
  const { customer, currency, id } = subscription
  const invoice = newInvoice(stripe, { customer, currency, subscription: id, lines })
  subscription.latestInvoice = invoice.id
  subscription.periodStartMs = nowMs
  subscription.periodEndMs = periodEnd(
    nowMs,
    stripe.prices.get(subscription.prices[0]?.price ?? '')?.interval ?? 'month',
  )
  stripe.shop.due.at(subscription.periodEndMs, () => {
    if (subscription.cancelAtPeriodEnd && subscription.status === 'active') end(stripe, subscription)
  })
  const method = methodIdOf(stripe, subscription)
  if (method !== null) payInvoice(stripe, invoice, methodOf(stripe, method))
  subscription.status = invoice.status === 'paid' ? 'active' : 'incomplete'
}

function runTrial(stripe: Stripe, subscription: Subscription, endMs: number): void {
  const { due } = stripe.shop
  const isOn = () => subscription.status === 'trialing' && subscription.trialEndMs === endMs
  due.at(Math.max(due.now(), endMs - trialNoticeMs), () => isOn() && about(stripe, subscription, 'trial_will_end'))
  due.at(endMs, () => isOn() && endTrial(stripe, subscription))
}

function endTrial(stripe: Stripe, subscription: Subscription): void {
  subscription.trialEndMs = stripe.shop.due.now()
  const hasMethod = methodIdOf(stripe, subscription) !== null
  if (!hasMethod && subscription.withoutMethod === 'pause') {
    subscription.status = 'paused'
    return about(stripe, subscription, 'paused')
  }
  if (!hasMethod && subscription.withoutMethod === 'cancel') return end(stripe, subscription)
  startPeriod(stripe, subscription)
  about(stripe, subscription, 'updated')
}

function end(stripe: Stripe, subscription: Subscription): void {
  subscription.status = 'canceled'
  subscription.canceledAtMs = stripe.shop.due.now()
  about(stripe, subscription, 'deleted')
}

const updateBody = z.object({
  metadata: metadataField,
  cancel_at_period_end: z.optional(flagField),
  default_payment_method: z.optional(z.string()),
  trial_end: z.optional(z.literal('now')),
})

function update(stripe: Stripe, call: Call): Answer {
  const subscription = subscriptionOf(stripe, call)
  const body = read(updateBody, call)
  if (subscription.status === 'canceled') throw invalid('A canceled subscription can only update its metadata.')
  subscription.metadata = metadataOf(subscription.metadata, body.metadata)
  subscription.cancelAtPeriodEnd = body.cancel_at_period_end ?? subscription.cancelAtPeriodEnd
  subscription.defaultPaymentMethod = body.default_payment_method ?? subscription.defaultPaymentMethod
  if (body.trial_end === 'now' && subscription.status === 'trialing') endTrial(stripe, subscription)
  else about(stripe, subscription, 'updated')
  return ok(subscriptionView(stripe, subscription))
}

function cancel(stripe: Stripe, call: Call): Answer {
  const subscription = subscriptionOf(stripe, call)
  if (subscription.status === 'canceled') throw invalid('This subscription is already canceled.')
  end(stripe, subscription)
  return ok(subscriptionView(stripe, subscription))
}

const subscriptionOf = (stripe: Stripe, call: Call): Subscription =>
  found(stripe.subscriptions, 'subscription', call.params.id)

export const subscriptionRoutes = (stripe: Stripe): Route[] => [
  { route: 'POST /v1/subscriptions', run: (call) => create(stripe, call) },
  { route: 'GET /v1/subscriptions/:id', run: (call) => ok(subscriptionView(stripe, subscriptionOf(stripe, call))) },
  { route: 'POST /v1/subscriptions/:id', run: (call) => update(stripe, call) },
  { route: 'DELETE /v1/subscriptions/:id', run: (call) => cancel(stripe, call) },
]
