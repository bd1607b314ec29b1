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
const refundOf = (providerPaymentId: string, currency: string) => ({
  refundId,
  providerPaymentId,
  amountMinor: 500,
  currency,
  reason: 'Ada Lovelace asked',
})

describe('Paystack', () => {
  const gateway = () => gatewayAt('paystack', server.url)
  const ngn = { ...order, currency: 'NGN' }
  const reference = paymentId.replace('_', '-')
  const transaction = (fields: object = {}) => ({
    id: 7,
    domain: 'test',
    status: 'success',
    reference,
    amount: 49900,
    currency: 'NGN',
    ...fields,
  })
  const ok = (response: ServerResponse, data: unknown) => json(response, { status: true, message: 'ok', data })
  const opened = (of: string) => ({
    authorization_url: 'https://checkout.paystack.com/x',
    access_code: 'x',
    reference: of,
  })

  it('the reference has no underscore and leads back to our id; the amount is a number', async () => {
    answer = ({ body }, response) => ok(response, opened(JSON.parse(body).reference))
    const made = await gateway().createOrder(ngn)
    expect(made).toEqual({ providerOrderId: reference, checkout: opened(reference) })
    expect(bodies()).toEqual([
      { email: 'canary@example.com', amount: 49900, currency: 'NGN', reference, metadata: { paymentId } },
    ])
    expect(reference).toMatch(/^[-.=A-Za-z0-9]+$/)
    expect(server.seen[0]?.headers.authorization).toBe(`Bearer ${keys.paystack}`)
  })

  it('a reference that is taken opens the next one, which is still ours', async () => {
    answer = ({ body }, response) =>
      JSON.parse(body).reference === reference
        ? json(
            response,
            {
              status: false,
              message: 'Duplicate Transaction Reference',
              code: 'duplicate_reference',
              type: 'validation_error',
            },
            400,
          )
        : ok(response, opened(`${reference}.2`))
    expect((await gateway().createOrder(ngn)).providerOrderId).toBe(`${reference}.2`)
    answer = (_, response) => ok(response, transaction({ reference: `${reference}.2` }))
    expect((await gateway().fetchOrder(`${reference}.2`)).reference).toBe(paymentId)
  })

  it('without an address nothing is asked', async () => {
    const { code } = await failureOf(gateway().createOrder({ ...ngn, account: { id: 'acct_1' } }))
    expect([code, server.seen]).toEqual(['email_required', []])
  })

  it('a verify answers 200 for a failed payment: its status decides', async () => {
    answer = (_, response) => ok(response, transaction({ status: 'failed', gateway_response: 'Declined' }))
    expect(await gateway().fetchOrder(reference)).toMatchObject({
      status: 'open',
      payments: [{ status: 'failed', failure: { reason: 'Declined' } }],
    })
  })

  it.each([
    ['the fee on top is not ours', { amount: 60183, requested_amount: 49900 }, 49900],
    ['a part debit is what was paid', { amount: 20000, requested_amount: 49900 }, 20000],
    ['without the member the amount counts', {}, 49900],
  ])('%s', async (_, fields, amountMinor) => {
    answer = (__, response) => ok(response, transaction(fields))
    const fetched = await gateway().fetchOrder(reference)
    expect(fetched.payments[0]?.amountMinor).toBe(amountMinor)
    expect(fetched.amountMinor).toBe(49900)
  })

  it('200 with status false is a refusal', async () => {
    answer = (_, response) => json(response, { status: false, message: 'canary', code: 'insufficient_balance' })
    const { kind, code } = await failureOf(gateway().refund(refundOf('7', 'NGN')))
    expect([kind, code]).toEqual(['refused', 'insufficient_balance'])
  })

  it('a charge that waits for the customer is pending, with the address', async () => {
    answer = (_, response) =>
      ok(response, { paused: true, reference, authorization_url: 'https://checkout.paystack.com/3ds' })
    expect(await gateway().chargeMethod({ ...ngn, token: 'AUTH_x' })).toEqual({
      provider: 'paystack',
      status: 'paused',
      providerOrderId: reference,
      approvalUrl: 'https://checkout.paystack.com/3ds',
    })
  })

  it("the charge goes under the address of the authorisation, not the account's", async () => {
    answer = ({ target }, response) =>
      ok(response, target === '/customer/CUS_1' ? { email: 'kept@example.com' } : transaction())
    await gateway().chargeMethod({ ...ngn, token: 'AUTH_x', gatewayCustomerId: 'CUS_1' })
    expect(bodies()[1]).toMatchObject({
      email: 'kept@example.com',
      authorization_code: 'AUTH_x',
      reference,
      amount: 49900,
    })
  })

  it('the day of refunds is asked for by its instants, page by page until one is empty', async () => {
    const refund = { id: 7, transaction: 42, amount: 500, currency: 'NGN', status: 'processed' }
    answer = ({ target }, response) => ok(response, target.includes('page=3') ? [] : [refund])
    const found = []
    for await (const one of gateway().refundLists?.on('2026-11-20') ?? []) found.push(one)
    expect(found).toHaveLength(2)
    expect(found[0]).toMatchObject({ providerRefundId: '7', providerPaymentId: '42', amountMinor: 500 })
    expect(server.seen).toHaveLength(3)
    const query = new URL(server.seen[1]?.target ?? '', 'http://paystack').searchParams
    expect(Object.fromEntries(query)).toEqual({
      perPage: '100',
      page: '2',
      from: '2026-11-20T00:00:00.000Z',
      to: '2026-11-20T23:59:59.999Z',
    })
  })

  it('a payment’s refunds are looked for among the latest 500', async () => {
    const refund = { id: 7, transaction: 42, amount: 500, currency: 'NGN', status: 'processed' }
    answer = (_, response) => ok(response, [refund, { ...refund, transaction: 43 }])
    expect(await gateway().refundLists?.of('42')).toHaveLength(5)
    expect(server.seen).toHaveLength(5)
  })

  it('a card is deactivated by its code; one that is gone is gone', async () => {
    answer = (_, response) => json(response, { status: true, message: 'Authorization has been deactivated' })
    await gateway().forgetMethod({ token: 'AUTH_x' })
    expect(server.seen[0]).toMatchObject({ method: 'POST', target: '/customer/authorization/deactivate' })
    expect(bodies()).toEqual([{ authorization_code: 'AUTH_x' }])
    answer = (_, response) => json(response, { status: false, message: 'Authorization not found' }, 404)
    await gateway().forgetMethod({ token: 'AUTH_x' })
    answer = (_, response) => json(response, { status: false, message: 'No', code: 'no' }, 400)
    expect((await failureOf(gateway().forgetMethod({ token: 'AUTH_x' }))).kind).toBe('refused')
  })

  it('XOF goes in hundredths', async () => {
    answer = ({ body }, response) => ok(response, opened(JSON.parse(body).reference))
    await gateway().createOrder({ ...ngn, amountMinor: 500, currency: 'XOF' })
    expect(bodies()[0]).toMatchObject({ amount: 50000, currency: 'XOF' })
  })

  it('refunds are matched by our note on the transaction', async () => {
    const one = {
      id: 1,
      transaction: 7,
      amount: 500,
      currency: 'NGN',
      status: 'pending',
      merchant_note: `refund ${refundId}`,
    }
    const other = { ...one, id: 2, transaction: { id: 8, reference: 'r' } }
    answer = ({ target }, response) =>
      ok(
        response,
        target.includes('page=1')
          ? [other, { ...one, merchant_note: 'Refund by a@example.com' }]
          : target.includes('page=2')
            ? [one]
            : [],
      )
    expect((await gateway().findRefund(refundOf('7', 'NGN')))?.providerRefundId).toBe('1')
    expect(await gateway().findRefund(refundOf('9', 'NGN'))).toBeUndefined()
  })
})
