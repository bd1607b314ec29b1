import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { failureOf, gatewayAt, json, type Loopback, loopback, order, paymentId, type Seen } from './support.ts'

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

describe('Stripe', () => {
  const gateway = () => gatewayAt('stripe', server.url)
  const usd = { ...order, currency: 'USD', returnUrl: 'https://shop.example/back?a=1#top' }
  const session = {
    id: 'cs_test_A1',
    object: 'checkout.session',
    mode: 'payment',
    status: 'open',
    payment_status: 'unpaid',
    amount_total: 49900,
    currency: 'usd',
    livemode: false,
    url: 'https://checkout.stripe.com/x',
  }
  const intent = (fields: object = {}) => ({
    id: 'pi_A1',
    object: 'payment_intent',
    amount: 49900,
    amount_received: 49900,
    currency: 'usd',
    status: 'succeeded',
    livemode: true,
    ...fields,
  })
  const charge = { ...usd, token: 'pm_A1', gatewayCustomerId: 'cus_A1' }

  it('a session has the price inline, our id thrice, and an idempotency key', async () => {
    answer = (_, response) => json(response, session)
    const opened = await gateway().createOrder({ ...usd, saveMethod: true, expiresAt: 1_800_000_000_999 })
    const form = new URLSearchParams(server.seen[0]?.body)
    expect(Object.fromEntries(form)).toMatchObject({
      client_reference_id: paymentId,
      'metadata[paymentId]': paymentId,
      'payment_intent_data[metadata][paymentId]': paymentId,
      'payment_intent_data[setup_future_usage]': 'off_session',
      'line_items[0][price_data][unit_amount]': '49900',
      'line_items[0][price_data][currency]': 'usd',
      'adaptive_pricing[enabled]': 'false',
      customer_creation: 'always',
      success_url: 'https://shop.example/back?a=1&session_id={CHECKOUT_SESSION_ID}#top',
      expires_at: '1800000000',
    })
    expect(server.seen[0]?.headers['idempotency-key']).toBe(`order:${paymentId}`)
    expect(opened.checkout).toEqual({ session_id: 'cs_test_A1', url: 'https://checkout.stripe.com/x' })
  })

  it('nothing is told about earlier calls', async () => {
    answer = (_, response) => json(response, intent())
    const one = gateway()
    await one.fetchPayment('pi_A1')
    await one.fetchPayment('pi_A1')
    expect(server.seen.map(({ headers }) => headers['x-stripe-client-telemetry'])).toEqual([undefined, undefined])
  })

  it('without a return address nothing is asked', async () => {
    const { returnUrl: _, ...without } = usd
    const { code } = await failureOf(gateway().createOrder(without))
    expect([code, server.seen]).toEqual(['return_url_required', []])
  })

  it('króna go in hundredths and come back without', async () => {
    answer = (_, response) => json(response, { ...session, amount_total: 50000, currency: 'isk' })
    await gateway().createOrder({ ...usd, amountMinor: 500, currency: 'ISK' })
    expect(server.seen[0]?.body).toContain('unit_amount]=50000')
    expect(await gateway().fetchOrder('cs_test_A1')).toMatchObject({ amountMinor: 500, currency: 'ISK' })
  })

  it.each([
    [
      402,
      {
        type: 'card_error',
        code: 'card_declined',
        decline_code: 'lost_card',
        message: 'canary',
        payment_intent: intent({
          status: 'requires_payment_method',
          last_payment_error: { code: 'card_declined', decline_code: 'lost_card', message: 'No.' },
        }),
      },
      'lost_card',
    ],
    [
      402,
      {
        type: 'card_error',
        code: 'authentication_required',
        decline_code: 'authentication_required',
        message: 'canary',
        payment_intent: intent({
          status: 'requires_payment_method',
          last_payment_error: { code: 'authentication_required', message: 'No.' },
        }),
      },
      'authentication_required',
    ],
  ])('%s with its intent is a failed payment: %#', async (status, error, code) => {
    answer = (_, response) => json(response, { error }, status)
    expect(await gateway().chargeMethod(charge)).toMatchObject({
      status: 'failed',
      failure: { code },
      providerPaymentId: 'pi_A1',
    })
    expect(server.seen[0]?.headers['idempotency-key']).toBe(`charge:${paymentId}`)
  })

  it('a step that waits for the customer is a failure that says so', async () => {
    answer = (_, response) => json(response, intent({ status: 'requires_action' }))
    expect(await gateway().chargeMethod(charge)).toMatchObject({
      status: 'failed',
      failure: { code: 'authentication_required' },
    })
  })

  it.each([
    [402, { type: 'card_error', code: 'card_declined', decline_code: 'lost_card' }, 'refused', 'lost_card'],
    [404, { type: 'invalid_request_error', code: 'resource_missing' }, 'not_found', 'resource_missing'],
    [400, { type: 'invalid_request_error', code: 'amount_too_small' }, 'refused', 'amount_too_small'],
    [400, { type: 'idempotency_error' }, 'refused', 'idempotency_key_reused'],
    [409, { type: 'invalid_request_error', code: 'lock_timeout' }, 'unknown_outcome', 'in_progress'],
    [403, { type: 'invalid_request_error' }, 'misconfigured', 'http_403'],
    [500, { type: 'api_error' }, 'unknown_outcome', 'http_500'],
  ])('%s %j is %s (%s)', async (status, error, kind, code) => {
    answer = (_, response) => json(response, { error: { message: 'canary', ...error } }, status)
    const failed = await failureOf(gateway().chargeMethod(charge))
    expect([failed.kind, failed.code]).toEqual([kind, code])
    expect(`${failed.stack}${JSON.stringify(failed)}`).not.toContain('canary')
  })

  it('a card is detached under a key of its own; one that is gone is gone', async () => {
    answer = (_, response) => json(response, { id: 'pm_A1', object: 'payment_method', type: 'card' })
    await gateway().forgetMethod({ token: 'pm_A1' })
    expect(server.seen[0]).toMatchObject({ method: 'POST', target: '/v1/payment_methods/pm_A1/detach' })
    expect(server.seen[0]?.headers['idempotency-key']).toBe('detach:pm_A1')
    const error = { type: 'invalid_request_error', code: 'resource_missing', message: 'canary' }
    answer = (_, response) => json(response, { error }, 404)
    await gateway().forgetMethod({ token: 'pm_A1' })
    answer = (_, response) => json(response, { error: { ...error, code: 'other' } }, 400)
    expect((await failureOf(gateway().forgetMethod({ token: 'pm_A1' }))).kind).toBe('refused')
  })

  it('a charge is found among the customer’s by its metadata, over pages', async () => {
    answer = ({ target }, response) =>
      json(response, {
        object: 'list',
        data: [
          intent({
            id: target.includes('starting_after') ? 'pi_B2' : 'pi_B1',
            metadata: { paymentId: target.includes('starting_after') ? paymentId : 'other' },
          }),
        ],
        has_more: true,
      })
    expect(await gateway().findCharge(charge)).toMatchObject({ providerPaymentId: 'pi_B2', mode: 'live' })
    expect(server.seen.map(({ target }) => target.includes('customer=cus_A1'))).toEqual([true, true])
  })

  it('a search without an end ends', async () => {
    answer = (_, response) => json(response, { object: 'list', data: [intent()], has_more: true })
    expect(await gateway().findCharge(charge)).toBeUndefined()
    expect(server.seen).toHaveLength(5)
  })
})
