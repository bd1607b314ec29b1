import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { returnSignature } from '#local/providers/razorpay/charge'
import { razorpayKinds } from '#local/providers/razorpay/compose'
import {
  type Bench,
  control,
  dayMs,
  dig,
  hasVectors,
  hourMs,
  kindsOf,
  missingKeys,
  razorpayCall,
  startBench,
  text,
  vector,
  vectorNames,
} from './support.ts'

let bench: Bench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.stop())

const hmac = (key: string, content: string) => createHmac('sha256', key).update(content).digest('hex')
const newOrder = (more = {}) =>
  bench.razorpay.orders.create({ amount: 49_900, currency: 'INR', receipt: 'fpay_1', ...more })
const pay = (orderId: string, more = {}) => bench.fakes.razorpay.pay({ orderId, outcome: 'success', ...more })

async function paid(more = {}) {
  const order = await newOrder()
  const answer = pay(order.id, more)
  await bench.fakes.idle()
  return { order, paymentId: text(answer.razorpay_payment_id), answer }
}

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

/** A customer with a saved card: the first payment made the mandate. */
async function mandate(
  card: 'success' | 'declines_later' | 'authentication_required' = 'success',
  maxAmount = 1_000_000,
) {
  const customer = await bench.razorpay.customers.create({
    name: 'Asha Rao',
    email: 'asha@example.com',
    contact: '+919000090000',
    fail_existing: 0,
  })
  const order = await newOrder({ customer_id: customer.id, token: { max_amount: maxAmount } })
  const { razorpay_payment_id: id } = pay(order.id, { card })
  const payment = await bench.razorpay.payments.fetch(text(id))
  await bench.fakes.idle()
  bench.heard.length = 0
  return { customerId: customer.id, tokenId: text(payment.token_id) }
}

const debit = async (
  { customerId, tokenId }: { customerId: string; tokenId: string },
  amount = 49_900,
  more: Record<string, unknown> = {},
) => {
  const order = await newOrder({
    amount,
    receipt: 'fpay_renewal',
    customer_id: customerId,
    payment_capture: true,
    ...more,
  })
  const answer = await razorpayCall(bench.fakes.razorpay.url, '/v1/payments/create/recurring', {
    email: 'asha@example.com',
    contact: '+919000090000',
    amount,
    currency: 'INR',
    order_id: order.id,
    customer_id: customerId,
    token: tokenId,
    recurring: true,
  })
  return { order, answer }
}

describe('renewals on a saved card', () => {
  it('an accepted debit happens 36 h 05 min later, not a minute before', async () => {
    const saved = await mandate()
    const { order, answer } = await debit(saved, 49_900, { notification: { token_id: saved.tokenId } })
    expect(answer.status).toBe(200)
    const id = text(answer.body.razorpay_payment_id)
    expect(answer.body.razorpay_signature).toBe(hmac('rzp-key', `${order.id}|${id}`))
    await bench.advance(36 * hourMs + 4 * 60_000)
    expect(kindsOf(bench.heard)).toEqual(['order.notification.delivered'])
    expect(await bench.razorpay.payments.fetch(id)).toMatchObject({ status: 'created' })
    await bench.advance(60_000)
    expect(kindsOf(bench.heard).slice(1)).toEqual(['payment.authorized', 'payment.captured', 'order.paid'])
    expect(await bench.razorpay.payments.fetch(id)).toMatchObject({ status: 'captured', token_id: saved.tokenId })
  })

  it.each([
    [24 * 3600 - 1, 400],
    [24 * 3600, 200],
  ])('a debit %i s after its notice answers %i', async (after, status) => {
    const saved = await mandate()
    const paymentAfter = Math.floor(bench.now() / 1000) + after
    const answer = await razorpayCall(bench.fakes.razorpay.url, '/v1/orders', {
      amount: 49_900,
      currency: 'INR',
      notification: { token_id: saved.tokenId, payment_after: paymentAfter },
    })
    expect(answer.status).toBe(status)
  })

  it('a jump of the clock over the debit dates it where it was due', async () => {
    await debit(await mandate())
    const acceptedMs = bench.now()
    await bench.advance(30 * dayMs)
    const due = Math.floor((acceptedMs + 36 * hourMs + 5 * 60_000) / 1000)
    expect(bench.heard.map(({ body }) => body.created_at)).toEqual([due, due, due])
  })

  it.each([
    ['declines_later', 'insufficient_funds'],
    ['authentication_required', 'payment_authentication_required'],
  ] as const)('a card that %s fails with %s', async (card, reason) => {
    const { answer } = await debit(await mandate(card))
    await bench.advance(2 * dayMs)
    expect(kindsOf(bench.heard)).toEqual(['payment.failed'])
    const payment = await bench.razorpay.payments.fetch(text(answer.body.razorpay_payment_id))
    expect(payment).toMatchObject({ status: 'failed', error_reason: reason })
  })

  it.each([
    [1_500_000, 200],
    [1_500_001, 400],
  ])('a debit of %i paise, with INR 15,000 the most, answers %i', async (amount, status) => {
    const { answer } = await debit(await mandate('success', 9_999_900), amount)
    expect(answer.status).toBe(status)
  })

  it('a debit above the mandate is refused', async () => {
    const { answer } = await debit(await mandate('success', 40_000))
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { description: 'Amount exceeds maximum amount allowed' } },
    })
  })

  it('a notice that fails takes the debit with it', async () => {
    bench.fakes.razorpay.behave({ settings: { preDebitNoticeFails: true } })
    const saved = await mandate()
    await debit(saved, 49_900, { notification: { token_id: saved.tokenId } })
    await bench.advance(2 * dayMs)
    expect(kindsOf(bench.heard)).toEqual(['order.notification.failed', 'payment.failed'])
  })

  it('a cancelled token is announced, no longer listed and no longer debited', async () => {
    const saved = await mandate()
    expect(await bench.razorpay.customers.fetchTokens(saved.customerId)).toMatchObject({ count: 1 })
    await bench.razorpay.customers.deleteToken(saved.customerId, saved.tokenId)
    await bench.fakes.idle()
    expect(kindsOf(bench.heard)).toEqual(['token.cancelled'])
    expect(await bench.razorpay.customers.fetchTokens(saved.customerId)).toMatchObject({ count: 0 })
    expect((await debit(saved)).answer.status).toBe(400)
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

describe.runIf(hasVectors)('the published samples', () => {
  /** Names that belong to another method of payment than a card, or to values that the merchant gives. */
  const others = new Set(['payment.entity.acquirer_data.bank_transaction_id', 'refund.entity.notes.comment'])
  /** The merchant's own note, and evidence that one sample has beside the entity instead of in it. */
  const misplaced = ['payload.subscription.entity.notes.Important', 'payload.dispute.evidence']
  const known = vectorNames('razorpay-webhook-samples', (name) => {
    const kind = name.split('--')[0] ?? ''
    const method = name.includes('emandate') || name.includes('nach')
    return razorpayKinds.includes(kind) && !method
  })

  it.each(known)('our events have every field of %s', async (name) => {
    await mandate()
    const { paymentId } = await paid({ card: 'dispute' })
    await bench.razorpay.payments.refund(paymentId, { amount: 100 })
    const sample = vector('razorpay-webhook-samples', name)
    const sent = bench.fakes.razorpay.sendEvent(text(sample.event))
    const missing = missingKeys(sample, sent.body, misplaced)
    expect(missing.filter((path) => !others.has(path.replace('payload.', '')))).toEqual([])
    expect(sent.body.contains).toEqual(expect.arrayContaining(Object.keys(dig(sample, 'payload'))))
  })

  it.each([
    'fake_order',
    'fake_payment',
    'fake_captured_payment',
    'fake_refund',
    'fake_customer',
    'fake_token',
    'fake_dispute',
    'fake_recurring',
  ])('our answers have every field of %s', async (name) => {
    const saved = await mandate()
    const { order, paymentId } = await paid({ card: 'dispute' })
    const refund = await bench.razorpay.payments.refund(paymentId, { amount: 100 })
    const disputes = await bench.razorpay.disputes.all({})
    const answers: Record<string, unknown> = {
      fake_order: await bench.razorpay.orders.fetch(order.id),
      fake_payment: await bench.razorpay.payments.fetch(paymentId),
      fake_captured_payment: await bench.razorpay.payments.fetch(paymentId),
      fake_refund: await bench.razorpay.refunds.fetch(refund.id),
      fake_customer: await bench.razorpay.customers.fetch(saved.customerId),
      fake_token: await bench.razorpay.customers.fetchToken(saved.customerId, saved.tokenId),
      fake_dispute: disputes.items[0],
      fake_recurring: (await debit(saved)).answer.body,
    }
    const ours = JSON.parse(JSON.stringify(answers[name]))
    expect(missingKeys(vector('razorpay-api-fixtures', `${name}.json`), ours)).toEqual([])
  })

  it('a missing id answers the very error of the fixture', async () => {
    const { error } = vector('razorpay-api-fixtures', 'payment_error.json')
    await expect(bench.razorpay.payments.fetch('pay_none')).rejects.toEqual({ statusCode: 400, error })
  })

  it('the signature of a return is the published one', () => {
    const { positive } = vector('razorpay-checkout-signatures.json')
    const orders = (Array.isArray(positive) ? positive : []).filter((one) => dig({ one }, 'one').kind === 'order')
    expect(orders.length).toBeGreaterThan(2)
    for (const one of orders) {
      const { secret, order_id: orderId, payment_id: paymentId, signature } = dig({ one }, 'one')
      expect(returnSignature(text(secret), text(orderId), text(paymentId))).toBe(signature)
    }
  })
})
