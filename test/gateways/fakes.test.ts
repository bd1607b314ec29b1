import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { type PaymentProvider, paymentProviders } from '#domain/moneyCharge'
import type { ChargeRequest, Gateway, Headers, ProviderPayment } from '#gateways/gateway'
import { type Fakes, startFakes } from '#local/providers/start'
import { collected, failureOf, gatewayAt, keys, type Loopback, loopback } from './support.ts'

/** The real clients against the stateful fakes: a payment's whole life at each provider, webhooks included. */

const begin = Date.UTC(2026, 10, 20, 12)
let now = begin
let counter = 0
let fakes: Fakes
let inbox: Loopback
const webhooks: { provider: PaymentProvider; raw: Uint8Array; headers: Headers }[] = []

const webhookHeaders = z.record(z.string(), z.optional(z.string()))
beforeAll(async () => {
  inbox = await loopback(({ target, body, headers }, response) => {
    const provider = paymentProviders.find((one) => target === `/${one}`)
    if (provider) webhooks.push({ provider, raw: Buffer.from(body), headers: webhookHeaders.parse({ ...headers }) })
    response.writeHead(200).end()
  })
  fakes = await startFakes({
    secrets: {
      razorpay: { keyId: keys.razorpayId, keySecret: keys.razorpaySecret, webhookSecret: keys.webhook },
      paystack: { secretKey: keys.paystack },
      stripe: { secretKey: keys.stripe, webhookSecret: keys.webhook },
    },
    now: () => now,
    random: () => `r${counter++}`,
    webhookUrl: (provider) => `${inbox.url}/${provider}`,
    signatureNow: () => begin,
  })
})
afterAll(async () => {
  await fakes.stop()
  await inbox.close()
})
beforeEach(async () => {
  await fakes.idle()
  now = begin
  webhooks.length = 0
  for (const provider of paymentProviders) fakes[provider].behave({ reset: true })
})

const currencies = { razorpay: 'INR', paystack: 'NGN', stripe: 'USD' } as const
const orderRoutes = {
  razorpay: 'POST /v1/orders',
  paystack: 'POST /transaction/initialize',
  stripe: 'POST /v1/checkout/sessions',
} as const
const refundRoutes = {
  razorpay: 'POST /v1/payments/:id/refund',
  paystack: 'POST /refund',
  stripe: 'POST /v1/refunds',
} as const
const chargeRoutes = {
  razorpay: 'POST /v1/payments/create/recurring',
  paystack: 'POST /transaction/charge_authorization',
  stripe: 'POST /v1/payment_intents',
} as const

let serial = 0
const newId = (prefix: string): string => `${prefix}_01JD3Q5Z7V8W9X0Y${String(serial++).padStart(10, '0')}`
const account = { id: 'acct_1', email: 'ada@shop.example', name: 'Ada Lovelace', contact: '+919000090000' }
const orderOf = (provider: PaymentProvider, more: object = {}) => ({
  paymentId: newId('fpay'),
  amountMinor: 49900,
  currency: currencies[provider],
  description: 'Pro, monthly',
  account,
  saveMethod: false,
  returnUrl: 'https://shop.example/back?from=pay',
  ...more,
})

async function paid(gateway: Gateway, more: object = {}) {
  const order = orderOf(gateway.provider, more)
  const opened = await gateway.createOrder(order)
  const returned = fakes[gateway.provider].pay({
    orderId: opened.providerOrderId,
    outcome: 'success',
    saveMethod: order.saveMethod,
  })
  const fetched = await gateway.fetchOrder(opened.providerOrderId)
  const [payment] = fetched.payments
  if (!payment) throw new Error('nothing was paid')
  return { order, opened, returned, fetched, payment }
}

describe.each(paymentProviders)('%s', (provider) => {
  const gateway = () => gatewayAt(provider, fakes[provider].url)

  it('an order is opened, is open, is paid, and comes back signed', async () => {
    const order = orderOf(provider)
    const opened = await gateway().createOrder(order)
    expect(await gateway().fetchOrder(opened.providerOrderId)).toMatchObject({
      status: 'open',
      amountMinor: 49900,
      currency: order.currency,
      reference: order.paymentId,
    })
    const returned = fakes[provider].pay({ orderId: opened.providerOrderId, outcome: 'success' })
    const fetched = await gateway().fetchOrder(opened.providerOrderId)
    expect(fetched).toMatchObject({
      status: 'paid',
      payments: [
        {
          status: 'captured',
          amountMinor: 49900,
          currency: order.currency,
          refundedMinor: 0,
          reference: order.paymentId,
          providerOrderId: opened.providerOrderId,
          mode: 'test',
        },
      ],
    })
    expect(gateway().verifyReturn(returned, opened)).toEqual(
      provider === 'razorpay' ? { providerPaymentId: fetched.payments[0]?.providerPaymentId } : {},
    )
    expect(await gateway().fetchPayment(fetched.payments[0]?.providerPaymentId ?? '')).toMatchObject({
      status: 'captured',
      amountMinor: 49900,
      method: { kind: 'card', last4: '4242' },
    })
  })

  it('its webhooks are signed, and tell of the same payment', async () => {
    const { payment } = await paid(gateway())
    await fakes[provider].idle()
    const told = webhooks.filter((one) => one.provider === provider)
    expect(told.length).toBeGreaterThan(0)
    for (const { raw, headers } of told) {
      expect(gateway().verifyWebhook(raw, headers, begin)).toBe(true)
      expect(gateway().verifyWebhook(Buffer.concat([raw, Buffer.from(' ')]), headers, begin)).toBe(false)
    }
    const events = told.map(({ raw, headers }) => gateway().parseWebhook(raw, headers))
    expect(events.filter(({ about }) => about.type === 'unreadable')).toEqual([])
    const money = events.flatMap(({ about }) =>
      about.type === 'payment' && about.payment.status === 'captured' ? [about.payment] : [],
    )
    expect(money.length).toBeGreaterThan(0)
    for (const one of money)
      expect(one).toMatchObject({ providerPaymentId: payment.providerPaymentId, amountMinor: 49900 })
  })

  it('a failed attempt leaves the order open and says why', async () => {
    const opened = await gateway().createOrder(orderOf(provider))
    fakes[provider].pay({ orderId: opened.providerOrderId, outcome: 'fail' })
    const fetched = await gateway().fetchOrder(opened.providerOrderId)
    expect(fetched.status).toBe('open')
    expect(fetched.payments.at(-1)).toMatchObject({ status: 'failed', failure: { code: expect.any(String) } })
  })

  it.each(['commit_then_drop', 'commit_then_hang'] as const)(
    'an order whose answer is lost (%s) is found or safely made again',
    async (fault) => {
      const order = orderOf(provider)
      fakes[provider].behave({ requests: [{ route: orderRoutes[provider], fault, times: 1 }] })
      const impatient = gatewayAt(provider, fakes[provider].url, undefined, 1_000)
      const first =
        provider === 'stripe' && fault === 'commit_then_drop'
          ? undefined
          : await failureOf(impatient.createOrder(order))
      if (first) expect(first.kind).toBe('unknown_outcome')
      const opened = (await gateway().findOrder(order.paymentId)) ?? (await gateway().createOrder(order))
      expect(opened.checkout).not.toEqual({})
      fakes[provider].pay({ orderId: opened.providerOrderId, outcome: 'success' })
      expect(await gateway().fetchOrder(opened.providerOrderId)).toMatchObject({
        status: 'paid',
        reference: order.paymentId,
      })
    },
  )

  it('an order that is found says what it asks for', async () => {
    const order = orderOf(provider)
    const { providerOrderId } = await gateway().createOrder(order)
    const { amountMinor, currency } = order
    // What opens the page is told once: until somebody has, another order is made.
    if (provider === 'paystack') fakes.paystack.visit({ orderId: providerOrderId, customer: 'opens' })
    expect(await gateway().findOrder(order.paymentId)).toMatchObject({ providerOrderId, amountMinor, currency })
  })

  it('an order that was never made is not found', async () => {
    expect(await gateway().findOrder(newId('fpay'))).toBeUndefined()
  })

  it('what the provider does not know is not_found', async () => {
    const ids = { razorpay: 'order_Unknown0000001', paystack: 'fpay-unknown', stripe: 'cs_test_unknown' }
    const payments = { razorpay: 'pay_Unknown00000001', paystack: '999999', stripe: 'pi_unknown' }
    expect((await failureOf(gateway().fetchOrder(ids[provider]))).kind).toBe('not_found')
    expect((await failureOf(gateway().fetchPayment(payments[provider]))).kind).toBe('not_found')
  })

  it('a captured payment captured again is captured', async () => {
    const { payment } = await paid(gateway())
    expect(await gateway().capture(payment)).toMatchObject({
      status: 'captured',
      providerPaymentId: payment.providerPaymentId,
    })
  })

  it('refunds: part, repeated under its id, then the rest, then none', async () => {
    const { payment } = await paid(gateway())
    const refundOf = (amountMinor: number) => ({ ...payment, refundId: newId('rfd'), amountMinor, reason: 'asked for' })
    const part = refundOf(20000)
    expect(await gateway().findRefund(part)).toBeUndefined()
    const made = await gateway().refund(part)
    expect(made).toMatchObject({
      amountMinor: 20000,
      currency: payment.currency,
      reference: part.refundId,
      providerPaymentId: payment.providerPaymentId,
    })
    expect(await gateway().findRefund(part)).toMatchObject({
      providerRefundId: made.providerRefundId,
      amountMinor: 20000,
    })
    if (provider !== 'paystack') expect((await gateway().refund(part)).providerRefundId).toBe(made.providerRefundId)
    await gateway().refund(refundOf(29900))
    expect((await failureOf(gateway().refund(refundOf(100)))).kind).toBe('refused')
    fakes[provider].tick()
    expect(await gateway().fetchPayment(payment.providerPaymentId)).toMatchObject({
      status: 'refunded',
      refundedMinor: 49900,
    })
  })

  it('a refund whose answer is lost is found', async () => {
    const { payment } = await paid(gateway())
    const refund = { ...payment, refundId: newId('rfd'), amountMinor: 5000, reason: 'asked for' }
    fakes[provider].behave({ requests: [{ route: refundRoutes[provider], fault: 'commit_then_hang', times: 1 }] })
    const impatient = gatewayAt(provider, fakes[provider].url, undefined, 1_000)
    expect((await failureOf(impatient.refund(refund))).kind).toBe('unknown_outcome')
    expect(await gateway().findRefund(refund)).toMatchObject({ reference: refund.refundId, amountMinor: 5000 })
  })

  it('a refund made in the dashboard is found by its own id; where events do not name it, on the lists', async () => {
    now = begin + (20 + paymentProviders.indexOf(provider)) * 86_400_000
    const { payment } = await paid(gateway())
    const { payment: other } = await paid(gateway())
    const refund = { ...payment, refundId: newId('rfd'), amountMinor: 5000, reason: 'asked for' }
    const made = await gateway().refund({ ...refund, refundId: newId('rfd') })
    await gateway().refund({ ...refund, ...other, amountMinor: 5000 })
    const { providerRefundId = '' } = made
    expect(await gateway().findRefund(refund)).toBeUndefined()
    expect(await gateway().findRefund({ ...refund, providerRefundId })).toMatchObject({ providerRefundId })
    const lists = gateway().refundLists
    expect(lists !== undefined).toBe(provider === 'paystack')
    if (!lists) return
    expect((await lists.of(payment.providerPaymentId)).map((one) => one.providerRefundId)).toEqual([providerRefundId])
    const day = new Date(now).toISOString().slice(0, 10)
    const next = new Date(now + 86_400_000).toISOString().slice(0, 10)
    expect((await collected(lists.on(day))).map((one) => one.providerPaymentId)).toEqual([
      other.providerPaymentId,
      payment.providerPaymentId,
    ])
    expect(await collected(lists.on(next))).toEqual([])
    expect((await failureOf(collected(lists.on('2026-13-45')))).code).toBe('day_invalid')
    expect((await failureOf(lists.of('1/../2'))).code).toBe('id_invalid')
  })

  const withSaved = async (card: 'success' | 'insufficient_funds' = 'success'): Promise<ChargeRequest> => {
    const order = orderOf(provider, { saveMethod: true })
    const opened = await gateway().createOrder(order)
    const chosen = card === 'success' ? 'success' : 'declines_later'
    fakes[provider].pay({ orderId: opened.providerOrderId, outcome: 'success', saveMethod: true, card: chosen })
    const { payments } = await gateway().fetchOrder(opened.providerOrderId)
    const method = (await gateway().fetchPayment(payments[0]?.providerPaymentId ?? '')).method
    if (!method?.token || !method.reusable) throw new Error(`no reusable method: ${JSON.stringify(method)}`)
    return {
      ...order,
      paymentId: newId('fpay'),
      amountMinor: 25000,
      token: method.token,
      account,
      ...(method.gatewayCustomerId !== undefined && { gatewayCustomerId: method.gatewayCustomerId }),
    }
  }
  const settled = async (charge: ChargeRequest): Promise<ProviderPayment> => {
    // Razorpay debits after the notice that regulation asks for: 36 h and some.
    now += 48 * 3_600_000
    fakes[provider].tick()
    const found = await gateway().findCharge(charge)
    if (!found || !('amountMinor' in found)) throw new Error('the charge is not there')
    return found
  }

  it('a saved method is charged once for one payment id, and found', async () => {
    const charge = await withSaved()
    expect(await gateway().findCharge(charge)).toBeUndefined()
    const first = await gateway().chargeMethod(charge)
    expect(first.status).toBe(provider === 'razorpay' ? 'processing' : 'captured')
    const again = await gateway().chargeMethod(charge)
    expect(again.providerPaymentId).toBe(first.providerPaymentId)
    expect(await settled(charge)).toMatchObject({
      status: 'captured',
      amountMinor: 25000,
      reference: charge.paymentId,
      providerPaymentId: first.providerPaymentId,
    })
  })

  it('a decline is a failed payment with its reason', async () => {
    const charge = await withSaved('insufficient_funds')
    const first = await gateway().chargeMethod(charge)
    expect(first.status).toBe(provider === 'razorpay' ? 'processing' : 'failed')
    expect(await settled(charge)).toMatchObject({ status: 'failed', failure: { code: expect.any(String) } })
  })

  it('a charge whose answer is lost is found, and not made twice', async () => {
    const charge = await withSaved()
    fakes[provider].behave({ requests: [{ route: chargeRoutes[provider], fault: 'commit_then_hang', times: 1 }] })
    const impatient = gatewayAt(provider, fakes[provider].url, undefined, 1_000)
    expect((await failureOf(impatient.chargeMethod(charge))).kind).toBe('unknown_outcome')
    const found = await gateway().findCharge(charge)
    expect(found).toBeDefined()
    expect((await gateway().chargeMethod(charge)).providerPaymentId).toBe(found?.providerPaymentId)
    expect(await settled(charge)).toMatchObject({ status: 'captured', amountMinor: 25000 })
  })

  it('a saved method that is forgotten is charged no more; forgotten twice is forgotten once', async () => {
    const charge = await withSaved()
    await gateway().forgetMethod(charge)
    await gateway().forgetMethod(charge)
    expect((await failureOf(gateway().chargeMethod(charge))).kind).toMatch(/refused|not_found/)
    expect(await gateway().findCharge(charge)).toBeUndefined()
  })

  it('a card that is saved twice has two tokens and one mark, which another card has not', async () => {
    const saved = async (card: 'success' | 'declines_later') => {
      const { providerOrderId } = await gateway().createOrder(orderOf(provider, { saveMethod: true }))
      fakes[provider].pay({ orderId: providerOrderId, outcome: 'success', saveMethod: true, card })
      const [payment] = (await gateway().fetchOrder(providerOrderId)).payments
      return (await gateway().fetchPayment(payment?.providerPaymentId ?? '')).method
    }
    const [first, second, other] = [await saved('success'), await saved('success'), await saved('declines_later')]
    expect(new Set([first?.token, second?.token, other?.token]).size).toBe(3)
    expect(first?.instrument).toBe(second?.instrument)
    // At Razorpay the token is the mark.
    expect(other?.instrument === first?.instrument).toBe(provider === 'razorpay')
  })

  it("a day's payments are listed, and the next day's are not", async () => {
    now = begin + (10 + paymentProviders.indexOf(provider)) * 86_400_000
    const { payment } = await paid(gateway())
    const day = new Date(now).toISOString().slice(0, 10)
    const next = new Date(now + 86_400_000).toISOString().slice(0, 10)
    const listed = await collected(gateway().listPayments(day))
    expect(listed.map(({ providerPaymentId }) => providerPaymentId)).toContain(payment.providerPaymentId)
    expect(await collected(gateway().listPayments(next))).toEqual([])
    expect((await failureOf(collected(gateway().listPayments('2026-13-45')))).code).toBe('day_invalid')
  })

  it('an altered amount under a valid signature shows as what was paid', async () => {
    const order = orderOf(provider)
    const opened = await gateway().createOrder(order)
    fakes[provider].pay({ orderId: opened.providerOrderId, outcome: 'success', amount: 100 })
    const { payments, amountMinor } = await gateway().fetchOrder(opened.providerOrderId)
    const told = provider === 'stripe' ? amountMinor : payments[0]?.amountMinor
    expect(Math.min(told ?? 0, payments[0]?.amountMinor ?? 0)).toBe(100)
  })

  it('every event the fake can send is read', async () => {
    await paid(gateway(), { saveMethod: true })
    await fakes[provider].idle()
    webhooks.length = 0
    const list = await fetch(`${fakes[provider].url}/_fake`)
    const { events } = z.object({ events: z.array(z.string()) }).parse(await list.json())
    const sent = events.filter((kind) => {
      try {
        fakes[provider].sendEvent(kind)
        return true
      } catch {
        // Nothing of that kind to tell of yet.
        return false
      }
    })
    await fakes[provider].idle()
    const read = webhooks.map(({ raw, headers }) => gateway().parseWebhook(raw, headers))
    expect(read.filter(({ about }) => about.type === 'unreadable').map(({ kind, about }) => [kind, about])).toEqual([])
    expect(sent.length).toBeGreaterThan(3)
  })
})
