import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hmac, razorpayOf } from './razorpaySupport.ts'
import { type Bench, control, dayMs, dig, hourMs, kindsOf, razorpayCall, startBench, text } from './support.ts'

let bench: Bench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.stop())

const { newOrder, paid, pay } = razorpayOf(() => bench)

describe('an order, paid', () => {
  it('goes from created to paid; the page gets ids signed with the key, the hook three events signed with its secret', async () => {
    const order = await newOrder()
    expect(order).toMatchObject({ status: 'created', amount_due: 49_900, notes: [] })
    const answer = pay(order.id)
    expect(answer.razorpay_signature).toBe(hmac('rzp-key', `${order.id}|${answer.razorpay_payment_id}`))
    await bench.fakes.idle()
    expect(kindsOf(bench.heard)).toEqual(['payment.authorized', 'payment.captured', 'order.paid'])
    for (const { raw, headers } of bench.heard) {
      expect(headers['x-razorpay-signature']).toBe(hmac('rzp-hook', raw))
    }
    expect(new Set(bench.heard.map(({ headers }) => headers['x-razorpay-event-id'])).size).toBe(3)
    const payment = await bench.razorpay.payments.fetch(text(answer.razorpay_payment_id))
    expect(payment).toMatchObject({ status: 'captured', captured: true, order_id: order.id, amount: 49_900 })
    expect(await bench.razorpay.orders.fetch(order.id)).toMatchObject({
      status: 'paid',
      amount_paid: 49_900,
      attempts: 1,
    })
  })

  it('is found by its receipt, with its payments', async () => {
    const { order, paymentId } = await paid()
    await newOrder({ receipt: 'fpay_2' })
    const found = await bench.razorpay.orders.all({ receipt: 'fpay_1' })
    expect(found).toMatchObject({ count: 1, items: [{ id: order.id }] })
    const payments = await bench.razorpay.orders.fetchPayments(order.id)
    expect(payments.items.map(({ id }) => id)).toEqual([paymentId])
  })

  it('cannot be paid again', async () => {
    const { order } = await paid()
    const again = await control(bench.fakes.razorpay.url, 'pay', { orderId: order.id, outcome: 'success' })
    expect(again).toMatchObject({ status: 400, body: { error: { description: 'Order already paid' } } })
  })

  it('stays payable after a refused attempt', async () => {
    const order = await newOrder()
    expect(pay(order.id, { card: 'insufficient_funds' })).toMatchObject({ error: { reason: 'insufficient_funds' } })
    expect(await bench.razorpay.orders.fetch(order.id)).toMatchObject({ status: 'attempted', attempts: 1 })
    pay(order.id)
    await bench.fakes.idle()
    expect(kindsOf(bench.heard)[0]).toBe('payment.failed')
    expect(await bench.razorpay.orders.fetch(order.id)).toMatchObject({ status: 'paid', attempts: 2 })
  })

  it('makes five events of one charge when told to, all of one payment', async () => {
    bench.fakes.razorpay.behave({ settings: { fiveEvents: true } })
    const { paymentId } = await paid()
    expect(kindsOf(bench.heard)).toEqual([
      'payment.authorized',
      'payment.captured',
      'order.paid',
      'invoice.paid',
      'subscription.charged',
    ])
    const ids = bench.heard.map(({ body }) => dig(body, 'payload', 'payment', 'entity').id)
    expect(new Set(ids)).toEqual(new Set([paymentId]))
  })

  it('may be paid with another amount than it asks for', async () => {
    const { paymentId } = await paid({ amount: 100 })
    expect(await bench.razorpay.payments.fetch(paymentId)).toMatchObject({ amount: 100, status: 'captured' })
  })
})

describe('capture', () => {
  it('is ours to do when the account does not; only the authorised amount, only once', async () => {
    bench.fakes.razorpay.behave({ settings: { autoCapture: false } })
    const { paymentId } = await paid()
    expect(kindsOf(bench.heard)).toEqual(['payment.authorized'])
    expect(dig(bench.heard[0]?.body ?? {}, 'payload', 'payment', 'entity')).toMatchObject({
      captured: false,
      fee: null,
    })
    await expect(bench.razorpay.payments.capture(paymentId, 100, 'INR')).rejects.toMatchObject({ statusCode: 400 })
    const captured = await bench.razorpay.payments.capture(paymentId, 49_900, 'INR')
    expect(captured).toMatchObject({ status: 'captured', fee: 1177, tax: 179 })
    await expect(bench.razorpay.payments.capture(paymentId, 49_900, 'INR')).rejects.toMatchObject({
      error: { description: 'This payment has already been captured' },
    })
  })

  it('that never comes: after three days the money goes back, and a refund is announced', async () => {
    bench.fakes.razorpay.behave({ settings: { autoCapture: false } })
    const { paymentId } = await paid()
    await bench.advance(3 * dayMs)
    expect(kindsOf(bench.heard)).toEqual(['payment.authorized', 'refund.created', 'refund.processed'])
    expect(await bench.razorpay.payments.fetch(paymentId)).toMatchObject({ status: 'refunded', captured: false })
  })

  it('can be named by the order', async () => {
    const order = await newOrder({ payment_capture: false })
    pay(order.id)
    expect(await bench.razorpay.orders.fetch(order.id)).toMatchObject({ status: 'attempted' })
  })
})

describe('a bank that is late', () => {
  it('a processing payment is created, then captured', async () => {
    const { paymentId } = await paid({ card: 'processing' })
    expect(await bench.razorpay.payments.fetch(paymentId)).toMatchObject({ status: 'created' })
    await bench.advance(hourMs)
    expect(await bench.razorpay.payments.fetch(paymentId)).toMatchObject({ status: 'captured' })
  })

  it('a payment is called failed after ten minutes and captured all the same later', async () => {
    const { paymentId } = await paid({ card: 'late_authorized' })
    await bench.advance(10 * 60_000)
    expect(await bench.razorpay.payments.fetch(paymentId)).toMatchObject({
      status: 'failed',
      error_code: 'BAD_REQUEST_ERROR',
    })
    await bench.advance(hourMs)
    expect(kindsOf(bench.heard)).toEqual(['payment.failed', 'payment.authorized', 'payment.captured', 'order.paid'])
    expect(await bench.razorpay.payments.fetch(paymentId)).toMatchObject({ status: 'captured', error_code: null })
  })
})

describe('refunds', () => {
  it('in parts, up to the amount; the order stays paid', async () => {
    const { order, paymentId } = await paid()
    const first = await bench.razorpay.payments.refund(paymentId, { amount: 9900 })
    expect(first).toMatchObject({ status: 'pending', amount: 9900, payment_id: paymentId })
    expect(await bench.razorpay.payments.fetch(paymentId)).toMatchObject({
      status: 'captured',
      refund_status: 'partial',
      amount_refunded: 9900,
    })
    await expect(bench.razorpay.payments.refund(paymentId, { amount: 40_001 })).rejects.toMatchObject({
      error: { description: 'The refund amount provided is greater than amount captured' },
    })
    await bench.razorpay.payments.refund(paymentId, {})
    expect(await bench.razorpay.payments.fetch(paymentId)).toMatchObject({ status: 'refunded', refund_status: 'full' })
    await expect(bench.razorpay.payments.refund(paymentId, {})).rejects.toMatchObject({
      error: { description: 'The payment has been fully refunded already' },
    })
    expect(await bench.razorpay.orders.fetch(order.id)).toMatchObject({ status: 'paid' })
    expect(await bench.razorpay.refunds.fetch(first.id)).toMatchObject({ status: 'processed' })
    await bench.fakes.idle()
    expect(kindsOf(bench.heard).slice(3).sort()).toEqual([
      'refund.created',
      'refund.created',
      'refund.processed',
      'refund.processed',
    ])
  })

  it('with a key: once; the same key with another body is 409', async () => {
    const { paymentId } = await paid()
    const path = `/v1/payments/${paymentId}/refund`
    const key = { 'x-refund-idempotency': 'refund-0001' }
    const first = await razorpayCall(bench.fakes.razorpay.url, path, { amount: 100 }, key)
    const again = await razorpayCall(bench.fakes.razorpay.url, path, { amount: 100 }, key)
    expect(again.body.id).toBe(first.body.id)
    const other = await razorpayCall(bench.fakes.razorpay.url, path, { amount: 200 }, key)
    expect(other).toMatchObject({ status: 409, body: { error: { code: 'BAD_REQUEST_ERROR' } } })
    const short = await razorpayCall(
      bench.fakes.razorpay.url,
      path,
      { amount: 100 },
      { 'x-refund-idempotency': 'short' },
    )
    expect(short.status).toBe(400)
    expect(await bench.razorpay.payments.fetch(paymentId)).toMatchObject({ amount_refunded: 100 })
  })

  it('without a key, twice is two refunds', async () => {
    const { paymentId } = await paid()
    await bench.razorpay.payments.refund(paymentId, { amount: 100 })
    await bench.razorpay.payments.refund(paymentId, { amount: 100 })
    expect(await bench.razorpay.payments.fetch(paymentId)).toMatchObject({ amount_refunded: 200 })
  })

  it('that fail give the amount back to the payment', async () => {
    bench.fakes.razorpay.behave({ settings: { refundDelayMs: hourMs } })
    const { paymentId } = await paid({ card: 'refund_fails' })
    await bench.razorpay.payments.refund(paymentId, {})
    await bench.advance(hourMs)
    expect(kindsOf(bench.heard).slice(-1)).toEqual(['refund.failed'])
    expect(await bench.razorpay.payments.fetch(paymentId)).toMatchObject({ status: 'captured', amount_refunded: 0 })
  })

  it('only of captured payments, only for six months', async () => {
    const { paymentId } = await paid()
    await bench.advance(184 * dayMs)
    await expect(bench.razorpay.payments.refund(paymentId, {})).rejects.toMatchObject({ statusCode: 400 })
  })
})

describe('errors, as documented', () => {
  it('an id that does not exist is 400', async () => {
    const error = { code: 'BAD_REQUEST_ERROR', description: 'The id provided does not exist' }
    await expect(bench.razorpay.payments.fetch('pay_none')).rejects.toMatchObject({ statusCode: 400, error })
    await expect(bench.razorpay.orders.fetch('order_none')).rejects.toMatchObject({ statusCode: 400, error })
  })

  it.each([
    [{ amount: 99, currency: 'INR' }, 'The amount must be at least INR 1.00'],
    [{ amount: 99_991, currency: 'KWD' }, 'The last digit of an amount in KWD must be 0'],
    [{ amount: 100, currency: 'INR', colour: 'red' }, 'colour is/are not required and should not be sent'],
    [{ amount: 100, currency: 'INR', receipt: 'x'.repeat(41) }, 'The receipt field is invalid'],
  ])('an order of %j: %s', async (body, description) => {
    const answer = await razorpayCall(bench.fakes.razorpay.url, '/v1/orders', body)
    expect(answer).toMatchObject({ status: 400, body: { error: { description } } })
  })

  it('a key that is wrong, or a scheme in lower case, is 401', async () => {
    const basic = Buffer.from('rzp_test_fake:rzp-key').toString('base64')
    for (const authorization of [`basic ${basic}`, 'Basic bm86bm8=', '']) {
      const answer = await razorpayCall(bench.fakes.razorpay.url, '/v1/orders', {}, { authorization })
      expect(answer).toMatchObject({ status: 401, body: { error: { description: 'Authentication failed' } } })
    }
  })

  it('a customer that exists is an error unless fail_existing is "0"', async () => {
    const person = { name: 'Asha Rao', email: 'asha@example.com', contact: '+919000090000' }
    const first = await razorpayCall(bench.fakes.razorpay.url, '/v1/customers', person)
    expect((await razorpayCall(bench.fakes.razorpay.url, '/v1/customers', person)).status).toBe(400)
    const again = await razorpayCall(bench.fakes.razorpay.url, '/v1/customers', { ...person, fail_existing: '0' })
    expect(again.body.id).toBe(first.body.id)
  })
})

it('lists payments by time and page, newest first', async () => {
  const ids: string[] = []
  for (const receipt of ['fpay_a', 'fpay_b', 'fpay_c']) {
    const order = await newOrder({ receipt })
    ids.unshift(text(pay(order.id).razorpay_payment_id))
    await bench.advance(1000)
  }
  const page = await bench.razorpay.payments.all({ count: 2, skip: 1 })
  expect(page.items.map(({ id }) => id)).toEqual(ids.slice(1))
  const first = Math.floor(bench.now() / 1000) - 3
  const early = await bench.razorpay.payments.all({ from: first, to: first })
  expect(early.items.map(({ id }) => id)).toEqual(ids.slice(2))
})

it('a dispute is raised by its card, contested and lost', async () => {
  const { paymentId } = await paid({ card: 'dispute' })
  expect(kindsOf(bench.heard)).toContain('payment.dispute.created')
  const moved = await control(bench.fakes.razorpay.url, 'dispute', { paymentId, status: 'lost' })
  expect(moved.body).toMatchObject({ status: 'lost', amount_deducted: 49_900, payment_id: paymentId })
  await bench.fakes.idle()
  expect(kindsOf(bench.heard).at(-1)).toBe('payment.dispute.lost')
})
