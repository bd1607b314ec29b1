import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { charge, chargePayment, intentPayment, paymentIntent } from '#gateways/stripeParse'
import { parseStripeEvent } from '#gateways/stripeWebhook'
import { bytes, hasVectors, paymentId, vectorFiles, vectorText } from './support.ts'

/** The providers' own samples: each is read, and goes where its kind says. */

const read = (path: string): unknown => JSON.parse(vectorText(path))

describe.runIf(hasVectors)('Stripe', () => {
  const { resources } = z
    .object({ resources: z.record(z.string(), z.record(z.string(), z.unknown())) })
    .parse(hasVectors ? read('stripe-fixtures3-subset.json') : { resources: {} })
  const event = (type: string, object: unknown, more: object = {}) =>
    parseStripeEvent(
      bytes(
        JSON.stringify({
          id: 'evt_1',
          object: 'event',
          type,
          livemode: false,
          created: 1_700_000_000,
          data: { object },
          ...more,
        }),
      ),
    )

  it('the sample event, of a kind that is not acted on, is ignored', () => {
    expect(parseStripeEvent(bytes(JSON.stringify(resources.event)))).toMatchObject({
      eventKey: 'evt_1Pgc76B7WZ01zgkWwyRHS12y',
      kind: 'plan.created',
      mode: 'test',
      createdAt: 1_234_567_890_000,
      about: { type: 'ignored' },
    })
  })

  /** The objects with what the bare samples lack: an amount, a payment intent, an owner. */
  const whole: [RegExp, object][] = [
    [/^checkout\.session\./, { ...resources['checkout.session'], amount_total: 1500, currency: 'usd' }],
    [/^charge\.dispute\./, { ...resources.dispute, payment_intent: 'pi_1' }],
    [/^charge\.refund\.|^refund\./, { ...resources.refund, payment_intent: 'pi_1' }],
    [/^charge\./, { ...resources.charge, payment_intent: 'pi_1', captured: true }],
    [/^payment_intent\./, { ...resources.payment_intent }],
    [/^payment_method\./, { ...resources.payment_method }],
    [/^setup_intent\./, { ...resources.setup_intent, payment_method: 'pm_1' }],
    [/^customer\.subscription\./, { ...resources.subscription }],
    [/^invoice\./, { ...resources.invoice, currency: 'usd', subscription: 'sub_1' }],
    [/^customer\./, { ...resources.customer }],
  ]
  const routes: [RegExp, string][] = [
    [/^checkout\.session\./, 'order'],
    [/^charge\.dispute\.(created|updated|closed)$/, 'dispute'],
    [/^charge\.refund\.updated$/, 'refund'],
    [/^charge\.refunded$/, 'payment'],
    [
      /^payment_intent\.(succeeded|payment_failed|processing|requires_action|canceled|amount_capturable_updated)$/,
      'payment',
    ],
    [/^payment_method\.(detached|updated)$/, 'method'],
    [/^setup_intent\.succeeded$/, 'method'],
    [/^customer\.subscription\.(created|updated|deleted|paused)$/, 'subscription'],
    [/^invoice\.(paid|payment_failed|payment_action_required)$/, 'subscription'],
  ]
  it.each(vectorFiles('stripe-cli-triggers'))('an event as the CLI triggers it: %s', (file) => {
    const kind = file.replace(/\.json$/, '')
    const object = whole.find(([pattern]) => pattern.test(kind))?.[1]
    expect(object).toBeDefined()
    expect(event(kind, object).about.type).toBe(routes.find(([pattern]) => pattern.test(kind))?.[1] ?? 'ignored')
  })

  it.each([
    ['payment_intent.payment_failed', 'payment_intent', 'payment'],
    ['charge.refunded', 'charge', 'ignored'],
    ['refund.updated', 'refund', 'ignored'],
    ['charge.dispute.created', 'dispute', 'ignored'],
    ['payment_method.detached', 'payment_method', 'method'],
    ['customer.subscription.updated', 'subscription', 'subscription'],
    ['customer.created', 'customer', 'ignored'],
    ['checkout.session.completed', 'checkout.session', 'unreadable'],
  ])('%s of the sample goes to %s → %s', (type, name, expected) => {
    expect(event(type, resources[name]).about.type).toBe(expected)
  })

  it('a session with an amount is an order, with the same after a late bank debit', () => {
    const paid = {
      ...resources['checkout.session'],
      amount_total: 1500,
      currency: 'usd',
      payment_status: 'paid',
      status: 'complete',
      client_reference_id: paymentId,
    }
    const order = {
      type: 'order',
      order: {
        status: 'paid',
        amountMinor: 1500,
        currency: 'USD',
        reference: paymentId,
        providerPaymentId: 'pi_1PgafyB7WZ01zgkWSjxsAJo3',
      },
    }
    expect(event('checkout.session.completed', paid).about).toMatchObject(order)
    expect(event('checkout.session.async_payment_succeeded', paid).about).toMatchObject(order)
    expect(event('checkout.session.completed', { ...paid, payment_status: 'unpaid' }).about).toMatchObject({
      order: { status: 'open' },
    })
    expect(event('checkout.session.async_payment_failed', { ...paid, payment_status: 'unpaid' }).about).toMatchObject({
      order: { status: 'failed' },
    })
    expect(
      event('checkout.session.expired', { ...paid, payment_status: 'unpaid', status: 'expired' }).about,
    ).toMatchObject({ order: { status: 'expired' } })
    expect(event('checkout.session.completed', { ...paid, mode: 'subscription' }).about.type).toBe('ignored')
  })

  it('refunds and disputes with a payment intent are ours', () => {
    const refund = { ...resources.refund, payment_intent: 'pi_1', metadata: { refundId: 'rfd_0123456789' } }
    expect(event('refund.updated', refund).about).toMatchObject({
      providerPaymentId: 'pi_1',
      refund: { status: 'processed', reference: 'rfd_0123456789', amountMinor: 100 },
    })
    expect(
      event('refund.failed', { ...refund, status: 'failed', failure_reason: 'lost_or_stolen_card' }).about,
    ).toMatchObject({ refund: { status: 'failed', failure: { code: 'lost_or_stolen_card' } } })
    expect(
      event('charge.dispute.closed', { ...resources.dispute, payment_intent: 'pi_1', status: 'lost' }).about,
    ).toMatchObject({ dispute: { status: 'lost', amountMinor: 1000, deductedMinor: 1000, respondBy: 1723679999000 } })
    const spent = {
      ...resources.charge,
      payment_intent: 'pi_1',
      captured: true,
      amount_captured: 100,
      amount_refunded: 40,
    }
    expect(event('charge.refunded', spent).about).toMatchObject({
      payment: { status: 'captured', refundedMinor: 40, amountMinor: 100 },
    })
    expect(chargePayment(charge.parse({ ...spent, refunded: true, amount_refunded: 100 }))).toMatchObject({
      status: 'refunded',
      refundedMinor: 100,
    })
  })

  it('a subscription has its period on the item; an invoice its subscription under its parent', () => {
    const item = {
      ...resources.subscription_item,
      current_period_start: 1_700_000_000,
      current_period_end: 1_702_592_000,
    }
    const subscription = { ...resources.subscription, status: 'active', items: { data: [item] } }
    expect(event('customer.subscription.updated', subscription).about).toMatchObject({
      subscription: { state: 'active', periodStart: 1_700_000_000_000, periodEnd: 1_702_592_000_000 },
    })
    const invoice = {
      ...resources.invoice,
      currency: 'usd',
      status: 'paid',
      amount_paid: 900,
      parent: { subscription_details: { subscription: 'sub_1' } },
    }
    expect(event('invoice.paid', invoice).about).toMatchObject({
      providerSubscriptionId: 'sub_1',
      invoice: { state: 'paid', amountMinor: 900 },
    })
    expect(event('invoice.paid', { ...invoice, parent: null, subscription: null }).about.type).toBe('ignored')
  })

  it('an invoice is for the longest of its lines’ times, and failed only where its event says so', () => {
    const spans = [
      { start: 1_700_000_000, end: 1_700_000_000 },
      { start: 1_702_592_000, end: 1_705_270_400 },
      { start: 1_700_000_000, end: 1_702_592_000 },
    ]
    const invoice = {
      ...resources.invoice,
      ...{ currency: 'usd', status: 'open', subscription: 'sub_1', payment_intent: 'pi_1' },
      lines: { data: spans.map((period) => ({ period })) },
    }
    expect(event('invoice.payment_failed', invoice).about).toMatchObject({
      invoice: {
        ...{ state: 'failed', providerPaymentId: 'pi_1' },
        ...{ periodStart: 1_702_592_000_000, periodEnd: 1_705_270_400_000 },
      },
    })
    expect(event('invoice.payment_action_required', invoice).about).toMatchObject({ invoice: { state: 'open' } })
    const first = { ...invoice, lines: { data: [{ period: spans[0] }] } }
    expect(event('invoice.payment_failed', first).about).not.toHaveProperty('invoice.periodEnd')
  })

  it('an intent of an invoice is Stripe’s own', () => {
    const paid = { ...resources.payment_intent, status: 'succeeded' }
    expect(event('payment_intent.succeeded', paid).about).not.toHaveProperty('payment.isOwnCycle')
    expect(event('payment_intent.succeeded', { ...paid, invoice: 'in_1' }).about).toHaveProperty(
      'payment.isOwnCycle',
      true,
    )
  })

  it('an intent fails by its error, not by its state; its mode is its own', () => {
    const base = { ...resources.payment_intent, last_payment_error: null }
    const of = (fields: object) => intentPayment(paymentIntent.parse({ ...base, ...fields }))
    expect(of({}).status).toBe('created')
    expect(
      of({ last_payment_error: { code: 'card_declined', decline_code: 'insufficient_funds', message: 'No.' } }),
    ).toMatchObject({ status: 'failed', failure: { code: 'insufficient_funds' } })
    expect(of({ status: 'succeeded', amount_received: 900, livemode: true })).toMatchObject({
      status: 'captured',
      amountMinor: 900,
      mode: 'live',
    })
    expect(of({ status: 'processing' }).status).toBe('processing')
    expect(of({ status: 'requires_capture' }).status).toBe('authorized')
    expect(of({ status: 'canceled' })).toMatchObject({ status: 'failed', failure: { code: 'canceled' } })
    expect(
      of({
        status: 'succeeded',
        amount_received: 1099,
        latest_charge: { ...resources.charge, refunded: true, amount_refunded: 1099 },
      }),
    ).toMatchObject({ status: 'refunded', refundedMinor: 1099 })
  })
})
