import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Bench,
  control,
  dayMs,
  dig,
  type Heard,
  hourMs,
  kindsOf,
  secrets,
  startBench,
  stripeAt,
  text,
} from './support.ts'

let bench: Bench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.stop())

const order = { amount: 49_900, currency: 'INR', receipt: 'fpay_1' }
const hmac = (key: string, content: string) => createHmac('sha256', key).update(content).digest('hex')

async function payOrder() {
  const { id } = await bench.razorpay.orders.create(order)
  bench.fakes.razorpay.pay({ orderId: id, outcome: 'success' })
  await bench.fakes.idle()
  return id
}

describe('faults of an answer', () => {
  const made = async () => (await bench.razorpay.orders.all({ receipt: 'fpay_1' })).count
  const createWith = async (fault: string, signalMs = 10_000) => {
    const set = await control(bench.fakes.razorpay.url, 'behave', {
      requests: [{ route: 'POST /v1/orders', fault, times: 1 }],
    })
    expect(set.status).toBe(200)
    const basic = Buffer.from(`${secrets.razorpay.keyId}:${secrets.razorpay.keySecret}`).toString('base64')
    const response = await fetch(`${bench.fakes.razorpay.url}/v1/orders`, {
      method: 'POST',
      headers: { authorization: `Basic ${basic}` },
      body: JSON.stringify(order),
      signal: AbortSignal.timeout(signalMs),
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  it.each([
    ['hang', 0],
    ['drop', 0],
    ['commit_then_hang', 1],
    ['commit_then_drop', 1],
    ['truncated', 1],
  ])('%s gives the client nothing whole, and leaves %i order', async (fault, count) => {
    await expect(createWith(fault, 1000)).rejects.toThrow()
    expect(await made()).toBe(count)
  })

  it('429 tells when to come again', async () => {
    const { status, headers } = await createWith('too_many_requests')
    expect([status, headers.get('retry-after'), await made()]).toEqual([429, '1', 0])
  })

  it('500 is the provider’s own error, 502 a page of HTML', async () => {
    expect(await createWith('server_error')).toMatchObject({
      status: 500,
      text: expect.stringContaining('SERVER_ERROR'),
    })
    expect(await createWith('bad_gateway_html')).toMatchObject({ status: 502, text: expect.stringContaining('<html>') })
    expect(await made()).toBe(0)
  })

  it('invalid JSON comes whole, with 200', async () => {
    const answer = await createWith('invalid_json')
    expect(answer.status).toBe(200)
    expect(() => JSON.parse(answer.text)).toThrow(SyntaxError)
    expect(await made()).toBe(1)
  })

  it('the official packages report them as known', async () => {
    bench.fakes.razorpay.behave({ requests: [{ route: '*', fault: 'invalid_json', times: 1 }] })
    expect(typeof (await bench.razorpay.orders.create(order))).toBe('string')
    bench.fakes.stripe.behave({ requests: [{ route: 'POST /v1/customers', fault: 'hang', times: 1 }] })
    const patient = stripeAt(bench.fakes.stripe.url, 200)
    await expect(patient.customers.create({})).rejects.toMatchObject({ type: 'StripeConnectionError' })
  })

  it('a delay delays, a counted rule ends, and other routes are left alone', async () => {
    bench.fakes.razorpay.behave({ requests: [{ route: 'POST /v1/orders', delayMs: 1000, times: 1 }] })
    const took = async () => {
      const from = performance.now()
      await bench.razorpay.orders.create(order)
      return performance.now() - from
    }
    await bench.razorpay.orders.all({})
    expect(await took()).toBeGreaterThan(990)
    expect(await took()).toBeLessThan(990)
  })

  it('an unknown route is refused, not silently never met', async () => {
    const answer = await control(bench.fakes.stripe.url, 'behave', {
      requests: [{ route: 'POST /v1/customer', fault: 'hang' }],
    })
    expect(answer.status).toBe(400)
  })

  it('an unknown outcome at Stripe: the same key finds the charge that was made', async () => {
    bench.fakes.stripe.behave({
      requests: [{ route: 'POST /v1/payment_intents', fault: 'commit_then_hang', times: 1 }],
    })
    const create = () =>
      stripeAt(bench.fakes.stripe.url, 200).paymentIntents.create(
        { amount: 3000, currency: 'usd', payment_method: 'pm_card_visa', confirm: true },
        { idempotencyKey: 'renew:1' },
      )
    await expect(create()).rejects.toMatchObject({ type: 'StripeConnectionError' })
    const found = await create()
    expect(found.status).toBe('succeeded')
    expect((await bench.stripe.charges.list()).data).toHaveLength(1)
  })
})

describe('events', () => {
  it('come twice, with one id and one body', async () => {
    bench.fakes.razorpay.behave({ events: [{ kind: 'payment.captured', copies: 2 }] })
    await payOrder()
    const twice = bench.heard.filter(({ body }) => body.event === 'payment.captured')
    expect(twice).toHaveLength(2)
    expect(twice[0]?.raw).toBe(twice[1]?.raw)
    expect(twice[0]?.headers['x-razorpay-event-id']).toBe(twice[1]?.headers['x-razorpay-event-id'])
  })

  it('come in the wrong order', async () => {
    bench.fakes.razorpay.behave({ events: [{ kind: '*', reverse: true }] })
    await payOrder()
    expect(kindsOf(bench.heard)).toEqual(['order.paid', 'payment.captured', 'payment.authorized'])
  })

  it('come all at once', async () => {
    bench.fakes.razorpay.behave({ events: [{ kind: '*', concurrent: true, copies: 5 }] })
    await payOrder()
    expect(bench.heard).toHaveLength(15)
  })

  it('come late, by the clock of the fake', async () => {
    bench.fakes.razorpay.behave({ events: [{ kind: 'order.paid', delayMs: dayMs + hourMs }] })
    await payOrder()
    await bench.advance(dayMs)
    expect(kindsOf(bench.heard)).not.toContain('order.paid')
    await bench.advance(hourMs)
    expect(kindsOf(bench.heard)).toContain('order.paid')
  })

  it('get lost', async () => {
    bench.fakes.razorpay.behave({ events: [{ kind: 'payment.captured', lost: true, times: 1 }] })
    await payOrder()
    expect(kindsOf(bench.heard)).toEqual(['payment.authorized', 'order.paid'])
  })

  it('are signed with the secret before the rotation', async () => {
    for (const fake of [bench.fakes.razorpay, bench.fakes.paystack, bench.fakes.stripe]) {
      fake.behave({ events: [{ kind: '*', oldSecret: true }] })
    }
    bench.fakes.razorpay.sendEvent('payment.captured')
    bench.fakes.paystack.sendEvent('charge.success')
    await bench.stripe.customers.create({})
    await bench.fakes.idle()
    const of = (provider: string): Heard => {
      const found = bench.heard.find((one) => one.provider === provider)
      if (!found) throw new Error(`nothing from ${provider}`)
      return found
    }
    const [razorpay, paystack, stripe] = [of('razorpay'), of('paystack'), of('stripe')]
    expect(razorpay.headers['x-razorpay-signature']).toBe(hmac('rzp-old', razorpay.raw))
    expect(paystack.headers['x-paystack-signature']).toBe(
      createHmac('sha512', 'sk_test_before').update(paystack.raw).digest('hex'),
    )
    const header = text(stripe.headers['stripe-signature'])
    expect(bench.stripe.webhooks.constructEvent(stripe.raw, header, 'whsec_before').type).toBe('customer.created')
  })

  it('have another amount, currency or order, and a valid signature', async () => {
    bench.fakes.razorpay.behave({
      events: [{ kind: 'payment.captured', alter: { amount: 1, currency: 'USD', orderId: 'order_other' } }],
    })
    await payOrder()
    const altered = bench.heard.find(({ body }) => body.event === 'payment.captured')
    expect(dig(altered?.body ?? {}, 'payload', 'payment', 'entity')).toMatchObject({
      amount: 1,
      currency: 'USD',
      order_id: 'order_other',
    })
    expect(altered?.headers['x-razorpay-signature']).toBe(hmac('rzp-hook', altered?.raw ?? ''))
  })

  it('are sent again after a refusal, by the clock; Stripe signs anew', async () => {
    bench.answers.push(500, 302)
    const { id } = await bench.stripe.customers.create({})
    await bench.fakes.idle()
    await bench.advance(60_000)
    await bench.advance(10 * 60_000)
    expect(bench.heard.map(({ body }) => dig(body, 'data', 'object').id)).toEqual([id, id, id])
    expect(bench.fakes.stripe.deliveries()).toMatchObject([
      { state: 'delivered', attempts: [{ status: 500 }, { status: 302 }, { status: 200 }] },
    ])
  })

  it('that nobody takes for a day switch the URL of Razorpay off', async () => {
    bench.answers.push(...Array<number>(100).fill(500))
    bench.fakes.razorpay.sendEvent('order.paid')
    await bench.fakes.idle()
    for (let hour = 0; hour < 25; hour++) await bench.advance(hourMs)
    expect(bench.fakes.razorpay.deliveries()).toMatchObject([{ state: 'gave_up' }])
    const before = bench.heard.length
    bench.fakes.razorpay.sendEvent('order.paid')
    await bench.fakes.idle()
    expect(bench.heard).toHaveLength(before)
  })

  it('are replayed with the current secret, and sent on request with other fields and another id', async () => {
    const orderId = await payOrder()
    const eventId = text(bench.heard[0]?.headers['x-razorpay-event-id'])
    await control(bench.fakes.razorpay.url, 'replay', { eventId })
    await bench.fakes.idle()
    expect(bench.heard.at(-1)?.raw).toBe(bench.heard[0]?.raw)
    const fields = { payload: { payment: { entity: { amount: 5 } } } }
    const sent = await control(bench.fakes.razorpay.url, 'send', {
      event: 'payment.captured',
      of: orderId,
      fields,
      eventId: 'another',
    })
    expect(sent.body).toMatchObject({
      eventId: 'another',
      body: { payload: { payment: { entity: { amount: 5, order_id: orderId } } } },
    })
    await bench.fakes.idle()
    expect(bench.heard.at(-1)?.headers['x-razorpay-event-id']).toBe('another')
    expect((await control(bench.fakes.razorpay.url, 'send', { event: 'payment.eaten' })).status).toBe(400)
  })
})

describe('the checkout page', () => {
  const page = (id: string, query = '', body?: Record<string, string>) =>
    fetch(`${bench.fakes.razorpay.url}/_fake/checkout/${id}${query}`, {
      redirect: 'manual',
      ...(body ? { method: 'POST', body: new URLSearchParams(body) } : {}),
    })

  it('offers three outcomes and every card, by labelled controls, and loads nothing', async () => {
    const { id } = await bench.razorpay.orders.create(order)
    const html = await (await page(id)).text()
    expect(html).toContain('<html lang="en">')
    expect(html.match(/<button [^>]*value="(success|fail|lost_callback)"/g)).toHaveLength(3)
    expect(html.match(/<label><input type="radio" name="card"/g)).toHaveLength(10)
    expect(html).not.toMatch(/<script|<link|src=|@import|url\(/)
  })

  it('takes the customer back with what the library would hand over', async () => {
    const { id } = await bench.razorpay.orders.create(order)
    const paid = await page(id, '?return_url=https%3A%2F%2Fshop.example%2Fdone', {
      outcome: 'success',
      card: 'success',
    })
    const to = new URL(paid.headers.get('location') ?? '')
    expect(paid.status).toBe(303)
    const payment = to.searchParams.get('razorpay_payment_id')
    expect(to.searchParams.get('razorpay_signature')).toBe(hmac('rzp-key', `${id}|${payment}`))
    expect(await (await page(id)).text()).toContain('nothing to pay here any more')
  })

  it('says that a payment failed and lets the customer try again', async () => {
    const { id } = await bench.razorpay.orders.create(order)
    const html = await (await page(id, '', { outcome: 'fail', card: 'success' })).text()
    expect(html).toContain('role="alert"')
    expect(html).toContain('<form method="post">')
  })

  it('can lose the callback: paid, and the shop hears nothing from the browser', async () => {
    const { id } = await bench.razorpay.orders.create(order)
    const answer = await control(bench.fakes.razorpay.url, 'pay', { orderId: id, outcome: 'lost_callback' })
    expect(answer).toEqual({ status: 200, body: { lost: true } })
    expect(await bench.razorpay.orders.fetch(id)).toMatchObject({ status: 'paid' })
  })

  it('escapes what the merchant wrote', async () => {
    const { id } = await bench.razorpay.orders.create({ ...order, receipt: '<b>"&' })
    expect(await (await page(id)).text()).toContain('<dd>&#60;b&#62;&#34;&#38;</dd>')
  })
})

it('the cards are listed; one expires in the month of the fake’s clock', async () => {
  const cards: unknown = await (await fetch(`${bench.fakes.stripe.url}/_fake/cards`)).json()
  expect(cards).toHaveLength(10)
  const soon = await bench.paystack('POST', '/transaction/initialize', {
    email: 'a@example.com',
    amount: 500_000,
    reference: 'soon',
  })
  expect(soon.status).toBe(200)
  bench.fakes.paystack.pay({ orderId: 'soon', outcome: 'success', card: 'expires_soon' })
  const { body } = await bench.paystack('GET', '/transaction/verify/soon')
  expect(dig(body, 'data', 'authorization')).toMatchObject({ exp_month: '03', exp_year: '2026' })
})
