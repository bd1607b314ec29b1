import { createHmac } from 'node:crypto'
import Stripe from 'stripe'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { plain, stripeOf } from './stripeSupport.ts'
import { type Bench, dayMs, hourMs, kindsOf, startBench, text } from './support.ts'

let bench: Bench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.stop())

const { form, newSession } = stripeOf(() => bench)

type Card = Parameters<Bench['fakes']['stripe']['pay']>[0]['card']
const payPage = (
  orderId: string,
  more: { card?: Card; outcome?: 'fail' | 'lost_callback'; saveMethod?: boolean } = {},
) => bench.fakes.stripe.pay({ orderId, outcome: 'success', ...more })

describe('a checkout session', () => {
  it('totals inline prices, is paid on its page, and is fulfilled by a signed event', async () => {
    const session = await newSession()
    expect(session).toMatchObject({ status: 'open', payment_status: 'unpaid', amount_total: 3000, currency: 'usd' })
    expect(session.url).toBe(`${bench.fakes.stripe.url}/_fake/checkout/${session.id}`)
    expect(payPage(session.id)).toEqual({ sessionId: session.id })
    await bench.fakes.idle()
    expect(kindsOf(bench.heard)).toEqual([
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'checkout.session.completed',
    ])
    for (const { raw, headers } of bench.heard) {
      const [, time = '', v1 = ''] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(text(headers['stripe-signature'])) ?? []
      expect(createHmac('sha256', 'whsec_now').update(`${time}.${raw}`).digest('hex')).toBe(v1)
      const event = bench.stripe.webhooks.constructEvent(raw, text(headers['stripe-signature']), 'whsec_now')
      expect(event.api_version).toBe(Stripe.API_VERSION)
    }
    const paid = await bench.stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent.latest_charge'] })
    expect(paid).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      client_reference_id: 'fpay_1',
      payment_intent: {
        status: 'succeeded',
        amount_received: 3000,
        latest_charge: { paid: true, amount_captured: 3000 },
      },
    })
  })

  it('stays open after a refused card', async () => {
    const session = await newSession()
    expect(payPage(session.id, { card: 'insufficient_funds' })).toMatchObject({
      error: { code: 'card_declined', decline_code: 'insufficient_funds' },
    })
    expect(await bench.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'open' })
    payPage(session.id)
    const paid = await bench.stripe.checkout.sessions.retrieve(session.id)
    expect(paid).toMatchObject({ status: 'complete', payment_status: 'paid' })
    await bench.fakes.idle()
    expect(kindsOf(bench.heard)).toContain('payment_intent.payment_failed')
  })

  it.each([
    ['succeeded', undefined, 'paid'],
    ['failed', 'fail', 'unpaid'],
  ] as const)('with a slow bank is complete and unpaid, then async_payment_%s', async (end, outcome, status) => {
    const session = await newSession()
    payPage(session.id, { card: 'processing', ...(outcome ? { outcome } : {}) })
    expect(await bench.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
      status: 'complete',
      payment_status: 'unpaid',
    })
    await bench.advance(hourMs)
    expect(kindsOf(bench.heard).at(-1)).toBe(`checkout.session.async_payment_${end}`)
    expect(await bench.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ payment_status: status })
  })

  it('expires after 24 hours', async () => {
    const session = await newSession()
    await bench.advance(dayMs)
    expect(kindsOf(bench.heard)).toEqual(['checkout.session.expired'])
    expect(await bench.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'expired', url: null })
    expect(() => payPage(session.id)).toThrow('refused with 400')
  })

  it('in setup mode saves a card and takes nothing', async () => {
    const customer = await bench.stripe.customers.create({ email: 'asha@example.com' })
    const session = await bench.stripe.checkout.sessions.create({
      mode: 'setup',
      currency: 'usd',
      customer: customer.id,
      success_url: 'https://shop.example/done',
    })
    payPage(session.id)
    const done = await bench.stripe.checkout.sessions.retrieve(session.id, { expand: ['setup_intent'] })
    expect(done).toMatchObject({ payment_status: 'no_payment_required', setup_intent: { status: 'succeeded' } })
    const saved = await bench.stripe.customers.listPaymentMethods(customer.id, { type: 'card' })
    expect(saved.data.map(({ card }) => card?.last4)).toEqual(['4242'])
  })
})

/** A card saved by paying with `setup_future_usage`. */
async function savedCard(card: Card) {
  const customer = await bench.stripe.customers.create({ email: 'asha@example.com' })
  const session = await newSession({
    customer: customer.id,
    payment_intent_data: { setup_future_usage: 'off_session' },
  })
  payPage(session.id, { card })
  await bench.advance(hourMs)
  const methods = await bench.stripe.customers.listPaymentMethods(customer.id)
  await bench.fakes.idle()
  bench.heard.length = 0
  return { customer: customer.id, payment_method: methods.data[0]?.id ?? '' }
}

const renew = async (card: Card) => {
  const saved = await savedCard(card)
  return bench.stripe.paymentIntents.create(
    { amount: 3000, currency: 'usd', ...saved, off_session: true, confirm: true },
    { idempotencyKey: 'renew:sub:1' },
  )
}

describe('charges without the customer', () => {
  it('succeed', async () => {
    expect(await renew('success')).toMatchObject({ status: 'succeeded', amount_received: 3000 })
    await bench.fakes.idle()
    expect(kindsOf(bench.heard)).toContain('payment_intent.succeeded')
  })

  it('may stay processing', async () => {
    const intent = await renew('processing')
    expect(intent.status).toBe('processing')
    await bench.advance(hourMs)
    expect(await bench.stripe.paymentIntents.retrieve(intent.id)).toMatchObject({ status: 'succeeded' })
  })

  it.each([
    ['authentication_required', 'authentication_required', 'authentication_required'],
    ['declines_later', 'card_declined', 'insufficient_funds'],
  ] as const)('with the card %s are 402 %s', async (card, code, declineCode) => {
    const failure: unknown = await renew(card).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Stripe.errors.StripeCardError)
    expect(failure).toMatchObject({
      statusCode: 402,
      code,
      decline_code: declineCode,
      payment_intent: { status: 'requires_payment_method', last_payment_error: { code } },
    })
    await bench.fakes.idle()
    expect(kindsOf(bench.heard)).toContain('payment_intent.payment_failed')
  })

  it('a customer who is there can pass 3-D Secure', async () => {
    const intent = await bench.stripe.paymentIntents.create({
      amount: 3000,
      currency: 'usd',
      payment_method: 'pm_card_authenticationRequired',
      confirm: true,
    })
    expect(intent.status).toBe('requires_action')
    payPage(intent.id)
    expect(await bench.stripe.paymentIntents.retrieve(intent.id)).toMatchObject({ status: 'succeeded' })
  })
})

describe('idempotency keys', () => {
  const create = (amount: number) =>
    bench.stripe.paymentIntents.create(
      { amount, currency: 'usd', payment_method: 'pm_card_visa', confirm: true },
      { idempotencyKey: 'renew:1' },
    )

  it('answer the same for the same, and refuse other parameters', async () => {
    const first = await create(3000)
    const again = await create(3000)
    expect(again.id).toBe(first.id)
    expect(again.lastResponse.headers['idempotent-replayed']).toBe('true')
    await expect(create(3001)).rejects.toBeInstanceOf(Stripe.errors.StripeIdempotencyError)
    expect((await bench.stripe.paymentIntents.list()).data).toHaveLength(1)
  })

  it('are forgotten after 24 hours: the same call charges again', async () => {
    const first = await create(3000)
    await bench.advance(dayMs - 1)
    expect((await create(3000)).id).toBe(first.id)
    await bench.advance(1)
    expect((await create(3000)).id).not.toBe(first.id)
  })

  it('keep a card error, not a mistake in the parameters', async () => {
    await expect(create(49)).rejects.toMatchObject({ code: 'amount_too_small' })
    expect((await create(3000)).status).toBe('succeeded')
    const declined = () =>
      bench.stripe.paymentIntents.create(
        { amount: 3000, currency: 'usd', payment_method: 'pm_card_chargeDeclined', confirm: true },
        { idempotencyKey: 'renew:2' },
      )
    await expect(declined()).rejects.toMatchObject({ code: 'card_declined' })
    await expect(declined()).rejects.toMatchObject({ code: 'card_declined' })
    expect((await bench.stripe.paymentIntents.list()).data).toHaveLength(2)
  })
})

describe('refunds and disputes', () => {
  const charge = (method = 'pm_card_visa') =>
    bench.stripe.paymentIntents.create({ amount: 3000, currency: 'usd', payment_method: method, confirm: true })

  it('in parts, never above the charge', async () => {
    const intent = await charge()
    const refund = await bench.stripe.refunds.create({ payment_intent: intent.id, amount: 1000 })
    expect(refund).toMatchObject({ status: 'succeeded', amount: 1000, payment_intent: intent.id })
    await expect(bench.stripe.refunds.create({ payment_intent: intent.id, amount: 2001 })).rejects.toMatchObject({
      param: 'amount',
    })
    await bench.stripe.refunds.create({ payment_intent: intent.id })
    await expect(bench.stripe.refunds.create({ payment_intent: intent.id })).rejects.toMatchObject({
      code: 'charge_already_refunded',
    })
    expect(await bench.stripe.paymentIntents.retrieve(intent.id)).toMatchObject({ status: 'succeeded' })
    expect((await bench.stripe.refunds.list({ payment_intent: intent.id })).data).toHaveLength(2)
    await bench.fakes.idle()
    expect(kindsOf(bench.heard).filter((kind) => kind === 'charge.refunded')).toHaveLength(2)
  })

  it('a refund can fail after it succeeded', async () => {
    const intent = await charge('pm_card_refundFail')
    const refund = await bench.stripe.refunds.create({ payment_intent: intent.id })
    expect(refund.status).toBe('succeeded')
    expect(await bench.stripe.refunds.retrieve(refund.id)).toMatchObject({ status: 'failed' })
    await bench.fakes.idle()
    expect(kindsOf(bench.heard)).toContain('refund.failed')
  })

  it('a dispute takes the money at once and is closed as lost', async () => {
    const intent = await charge('pm_card_createDispute')
    await bench.fakes.idle()
    bench.fakes.stripe.dispute(intent.id, 'lost')
    await bench.fakes.idle()
    expect(kindsOf(bench.heard).slice(-3)).toEqual([
      'charge.dispute.created',
      'charge.dispute.funds_withdrawn',
      'charge.dispute.closed',
    ])
    await expect(bench.stripe.refunds.create({ payment_intent: intent.id })).rejects.toMatchObject({
      code: 'charge_disputed',
    })
  })
})

it('ids arrive decoded, and an id with a path in it is no other resource', async () => {
  const { id } = await bench.stripe.customers.create({ email: 'asha@example.com' })
  await expect(bench.stripe.paymentIntents.retrieve(`../customers/${id}`)).rejects.toMatchObject({
    statusCode: 404,
    code: 'resource_missing',
    message: `No such payment_intent: '../customers/${id}'`,
  })
})

it.each([
  ['ISK', 50_050, 400],
  ['ISK', 50_000, 200],
  ['KWD', 9991, 400],
  ['JPY', 50, 200],
  ['JPY', 49, 400],
])('%s %i as Stripe counts it: %i', async (currency, amount, status) => {
  const made = bench.stripe.paymentIntents.create({ amount, currency })
  if (status === 200) expect((await made).currency).toBe(currency.toLowerCase())
  else await expect(made).rejects.toMatchObject({ statusCode: status, param: 'amount' })
})

it('lists events, and a detached method is one', async () => {
  const customer = await bench.stripe.customers.create({})
  const method = await bench.stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
  await bench.stripe.paymentMethods.detach(method.id)
  const again = bench.stripe.paymentMethods.attach(method.id, { customer: customer.id })
  await expect(again).rejects.toMatchObject({ statusCode: 400, param: 'payment_method' })
  const events = await bench.stripe.events.list({ type: 'payment_method.detached' })
  expect(events.data.map(({ data }) => plain(data.object).id)).toEqual([method.id])
  const all = await bench.stripe.events.list({ limit: 1 })
  expect(all).toMatchObject({ has_more: true, data: [{ type: 'payment_method.detached' }] })
  const next = await bench.stripe.events.list({ limit: 1, starting_after: all.data[0]?.id ?? '' })
  expect(next.data[0]?.type).toBe('payment_method.attached')
})

it('a raw card number is refused', async () => {
  const answer = await form('POST', '/v1/payment_methods', { type: 'card', card: { number: '4242424242424242' } })
  expect(answer).toMatchObject({ status: 400, body: { error: { param: 'card[number]' } } })
})
