import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  failureOf,
  gatewayAt,
  json,
  keys,
  type Loopback,
  loopback,
  order,
  paymentId,
  refundId,
  type Seen,
} from './support.ts'

/** What goes over the wire, byte by byte where it matters, and what provider-specific answers mean. */

let server: Loopback
let answer: (request: Seen, response: ServerResponse) => void = (_, response) => json(response, {})
beforeAll(async () => {
  server = await loopback((request, response) => answer(request, response))
})
afterAll(() => server.close())
beforeEach(() => {
  server.seen.length = 0
})
const bodies = () => server.seen.map(({ body }) => (body === '' ? undefined : JSON.parse(body)))
const lines = () => server.seen.map(({ method, target }) => `${method} ${target}`)
const refundOf = (providerPaymentId: string, currency: string) => ({
  refundId,
  providerPaymentId,
  amountMinor: 500,
  currency,
  reason: 'Ada Lovelace asked',
})

describe('Razorpay', () => {
  const gateway = () => gatewayAt('razorpay', server.url)
  const payment = (fields: object = {}) => ({
    id: 'pay_A1',
    order_id: 'order_A1',
    amount: 49900,
    currency: 'INR',
    status: 'captured',
    ...fields,
  })
  const orderAnswer = { id: 'order_A1', amount: 49900, currency: 'INR', status: 'created', receipt: paymentId }
  const complain = (status: number, error: object) => (_: Seen, response: ServerResponse) =>
    json(response, { error }, status)

  it('an order carries our payment id as receipt, and asks for capture', async () => {
    answer = (_, response) => json(response, orderAnswer)
    const opened = await gateway().createOrder(order)
    expect(bodies()).toEqual([
      { amount: 49900, currency: 'INR', receipt: paymentId, payment_capture: true, notes: { paymentId } },
    ])
    expect(paymentId.length).toBeLessThanOrEqual(40)
    expect(server.seen[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from(`${keys.razorpayId}:${keys.razorpaySecret}`).toString('base64')}`,
    )
    expect(opened).toMatchObject({
      providerOrderId: 'order_A1',
      checkout: { key: keys.razorpayId, order_id: 'order_A1', amount: 49900 },
    })
    expect(JSON.stringify(opened)).not.toContain(keys.razorpaySecret)
  })

  it('saving a card makes the customer at most once and asks for a mandate', async () => {
    answer = ({ target }, response) => json(response, target === '/v1/customers' ? { id: 'cust_A1' } : orderAnswer)
    const opened = await gateway().createOrder({ ...order, saveMethod: true })
    expect(bodies()[0]).toEqual({ fail_existing: '0', email: 'canary@example.com', name: 'Canary Contact' })
    expect(bodies()[1]).toMatchObject({ customer_id: 'cust_A1', method: 'card', token: { max_amount: 1500000 } })
    expect(opened).toMatchObject({ gatewayCustomerId: 'cust_A1', checkout: { customer_id: 'cust_A1', recurring: '1' } })
  })

  it('an order of another amount than asked is a bad answer with an unknown outcome', async () => {
    answer = (_, response) => json(response, { ...orderAnswer, amount: 4990000 })
    const { kind, code } = await failureOf(gateway().createOrder(order))
    expect([kind, code]).toEqual(['unknown_outcome', 'bad_answer'])
  })

  it('a refund travels under X-Refund-Idempotency, the same at every try, without the reason', async () => {
    let tries = 0
    answer = (_, response) =>
      ++tries === 1
        ? response.destroy()
        : json(response, {
            id: 'rfnd_A1',
            payment_id: 'pay_A1',
            amount: 500,
            currency: 'INR',
            status: 'processed',
            receipt: refundId,
          })
    expect(await gateway().refund(refundOf('pay_A1', 'INR'))).toMatchObject({
      status: 'processed',
      reference: refundId,
    })
    expect(server.seen.map(({ headers }) => headers['x-refund-idempotency'])).toEqual([refundId, refundId])
    expect(server.seen[0]?.body).not.toContain('Ada')
  })

  it('only refunds carry that header', async () => {
    answer = (_, response) => json(response, orderAnswer)
    await gateway().createOrder(order)
    expect(server.seen[0]?.headers['x-refund-idempotency']).toBeUndefined()
  })

  it('expand[] arrives as such', async () => {
    answer = (_, response) => json(response, payment())
    await gateway().fetchPayment('pay_A1')
    expect(new URL(server.seen[0]?.target ?? '', server.url).searchParams.getAll('expand[]')).toEqual(['card'])
  })

  it.each([
    [
      400,
      { code: 'BAD_REQUEST_ERROR', description: 'The id provided does not exist', reason: 'input_validation_failed' },
      'not_found',
      'id_unknown',
    ],
    [
      400,
      { code: 'BAD_REQUEST_ERROR', description: 'The requested URL was not found on the server.' },
      'misconfigured',
      'feature_not_enabled',
    ],
    [
      400,
      { code: 'BAD_REQUEST_ERROR', description: 'Authentication failed' },
      'misconfigured',
      'authentication_failed',
    ],
    [
      400,
      { code: 'BAD_REQUEST_ERROR', description: 'X is not required and should not be sent', reason: 'NA' },
      'refused',
      'BAD_REQUEST_ERROR',
    ],
    [
      400,
      { code: 'BAD_REQUEST_ERROR', description: 'No.', reason: 'insufficient_funds' },
      'refused',
      'insufficient_funds',
    ],
    [400, { code: 'canary@example.com', description: 'No.' }, 'refused', 'other'],
    [
      409,
      { code: 'BAD_REQUEST_ERROR', description: 'Different request with the same idempotency key' },
      'refused',
      'BAD_REQUEST_ERROR',
    ],
    [409, { code: 'BAD_REQUEST_ERROR', description: 'Request is being processed' }, 'unknown_outcome', 'in_progress'],
    [500, { code: 'SERVER_ERROR', description: 'We are down' }, 'unknown_outcome', 'SERVER_ERROR'],
  ])('%s %j is %s (%s)', async (status, error, kind, code) => {
    answer = complain(status, error)
    const failed = await failureOf(gateway().refund(refundOf('pay_A1', 'INR')))
    expect([failed.kind, failed.code]).toEqual([kind, code])
  })

  it('a capture that comes second finds the money taken; one that is refused stays refused', async () => {
    let status = 'captured'
    answer = ({ method }, response) =>
      method === 'POST'
        ? json(
            response,
            { error: { code: 'BAD_REQUEST_ERROR', description: 'This payment has already been captured' } },
            400,
          )
        : json(response, payment({ status }))
    const request = { providerPaymentId: 'pay_A1', amountMinor: 49900, currency: 'INR' }
    expect((await gateway().capture(request)).status).toBe('captured')
    status = 'authorized'
    expect((await failureOf(gateway().capture(request))).kind).toBe('refused')
  })

  it('a receipt that the provider does not filter by is compared here; the paid order wins', async () => {
    const items = [
      { ...orderAnswer, id: 'order_B1', receipt: 'other' },
      { ...orderAnswer, id: 'order_B2' },
      { ...orderAnswer, id: 'order_B3', status: 'paid' },
    ]
    answer = (_, response) => json(response, { items })
    expect((await gateway().findOrder(paymentId))?.providerOrderId).toBe('order_B3')
    answer = (_, response) => json(response, { items: items.slice(0, 1) })
    expect(await gateway().findOrder(paymentId)).toBeUndefined()
  })

  it('a debit with notice names token and time, and asks the customer for what the account lacks', async () => {
    answer = ({ method, target }, response) => {
      if (method === 'GET' && target.startsWith('/v1/orders')) return json(response, { items: [] })
      if (target === '/v1/customers/cust_A1')
        return json(response, { id: 'cust_A1', email: 'kept@example.com', contact: '+919000090000' })
      return json(response, target === '/v1/orders' ? orderAnswer : { razorpay_payment_id: 'pay_A1' })
    }
    const charge = {
      ...order,
      account: { id: 'acct_1' },
      token: 'token_A1',
      gatewayCustomerId: 'cust_A1',
      notice: { debitAfter: 1_800_000_000_999 },
    }
    expect(await gateway().chargeMethod(charge)).toEqual({
      provider: 'razorpay',
      status: 'processing',
      providerPaymentId: 'pay_A1',
      providerOrderId: 'order_A1',
    })
    expect(lines()).toEqual([
      `GET /v1/orders?receipt=${paymentId}&count=100`,
      'POST /v1/orders',
      'GET /v1/customers/cust_A1',
      'POST /v1/payments/create/recurring',
    ])
    expect(bodies()[1]).toMatchObject({
      notification: { token_id: 'token_A1', payment_after: 1_800_000_000 },
      payment_capture: true,
    })
    expect(bodies()[3]).toMatchObject({
      email: 'kept@example.com',
      contact: '+919000090000',
      recurring: true,
      order_id: 'order_A1',
      token: 'token_A1',
      amount: 49900,
    })
  })

  it('a token is deleted under its customer; one that is gone is gone', async () => {
    const held = { token: 'token_A1', gatewayCustomerId: 'cust_A1' }
    answer = (_, response) => json(response, { deleted: true })
    await gateway().forgetMethod(held)
    expect(lines()).toEqual(['DELETE /v1/customers/cust_A1/tokens/token_A1'])
    const error = { code: 'BAD_REQUEST_ERROR', description: 'The id provided does not exist' }
    answer = (_, response) => json(response, { error }, 400)
    await gateway().forgetMethod(held)
    expect((await failureOf(gateway().forgetMethod({ token: 'token_A1' }))).code).toBe('customer_required')
  })

  it('the day is asked for by inclusive seconds, page by page', async () => {
    answer = ({ target }, response) =>
      json(response, { items: Array.from({ length: target.includes('skip=0') ? 100 : 1 }, () => payment()) })
    let count = 0
    for await (const one of gateway().listPayments('2026-11-20')) count += one.amountMinor / 49900
    expect(count).toBe(101)
    expect(server.seen[1]?.target).toContain('from=1795132800&to=1795219199&count=100&skip=100')
  })
})
