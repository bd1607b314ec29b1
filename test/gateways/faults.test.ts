import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type PaymentProvider, paymentProviders } from '#domain/moneyCharge'
import type { Gateway } from '#gateways/gateway'
import type { GatewayError, GatewayErrorKind } from '#gateways/gatewayError'
import { retryAfterOf } from '#gateways/gatewayError'
import { failureOf, gatewayAt, json, keys, type Loopback, loopback, order, refundId, tools } from './support.ts'

/** Every way a call can go wrong on the wire, against a server that does it, for each provider's real client. */

let server: Loopback
let answer: (response: ServerResponse) => void = (response) => json(response, {})
beforeAll(async () => {
  server = await loopback((_, response) => answer(response))
})
afterAll(() => server.close())

const currencies = { razorpay: 'INR', paystack: 'NGN', stripe: 'USD' } as const
const paymentIds = { razorpay: 'pay_A1', paystack: '123', stripe: 'pi_A1' } as const
const read = (gateway: Gateway) => gateway.fetchPayment(paymentIds[gateway.provider])
const write = (gateway: Gateway) =>
  gateway.createOrder({ ...order, currency: currencies[gateway.provider], returnUrl: 'https://shop.example/back' })
const refund = (gateway: Gateway) =>
  gateway.refund({
    refundId,
    providerPaymentId: paymentIds[gateway.provider],
    amountMinor: 500,
    currency: currencies[gateway.provider],
    reason: 'canary reason',
  })

interface Fault {
  name: string
  answer: (response: ServerResponse) => void
  read: GatewayErrorKind
  write: GatewayErrorKind
}
const cut = (response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' })
  response.write('{"id":"pay_A1","status":')
  setImmediate(() => response.destroy())
}
const html = (status: number) => (response: ServerResponse) => {
  response.writeHead(status, { 'content-type': 'text/html' })
  response.end('<html><body>canary page</body></html>')
}
const text = (body: string) => (response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(body)
}
const faults: Fault[] = [
  {
    name: 'the connection is reset',
    answer: (response) => response.destroy(),
    read: 'unavailable',
    write: 'unknown_outcome',
  },
  { name: '502 with a page', answer: html(502), read: 'unavailable', write: 'unknown_outcome' },
  { name: '200 with a page', answer: html(200), read: 'unavailable', write: 'unknown_outcome' },
  {
    name: 'an empty 500',
    answer: (response) => response.writeHead(500).end(),
    read: 'unavailable',
    write: 'unknown_outcome',
  },
  { name: 'a truncated 200', answer: cut, read: 'unavailable', write: 'unknown_outcome' },
  { name: 'a 200 that is not JSON', answer: text('{"id": oops}'), read: 'unavailable', write: 'unknown_outcome' },
  {
    name: 'a 200 of another shape',
    answer: text('{"status":true,"data":{"hello":"canary"}}'),
    read: 'unavailable',
    write: 'unknown_outcome',
  },
  { name: 'an empty 200', answer: text(''), read: 'unavailable', write: 'unknown_outcome' },
  { name: 'JSON null', answer: text('null'), read: 'unavailable', write: 'unknown_outcome' },
]

/** No secret, no contact, no text of the provider: in the message, the stack and every member. */
function expectNothingTold(error: GatewayError): void {
  const whole = `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`
  expect(whole).not.toMatch(/canary|example\.com|Bearer|Basic /i)
  expect(whole).not.toContain(Buffer.from(`${keys.razorpayId}:${keys.razorpaySecret}`).toString('base64'))
}

describe.each(paymentProviders)('%s', (provider: PaymentProvider) => {
  describe.each(faults)('$name', (fault) => {
    it(`is ${fault.read} for a read, after trying again where that may help`, async () => {
      answer = fault.answer
      server.seen.length = 0
      const used = tools()
      const error = await failureOf(read(gatewayAt(provider, server.url, used)))
      expect([error.kind, error.provider]).toEqual([fault.read, provider])
      // Another shape would be that shape again.
      expect(used.waits).toEqual(fault.name === 'a 200 of another shape' ? [] : [100, 200])
      expectNothingTold(error)
    })

    it(`is ${fault.write} for a write`, async () => {
      answer = fault.answer
      server.seen.length = 0
      const error = await failureOf(write(gatewayAt(provider, server.url)))
      expect(error.kind).toBe(fault.write)
      // Only Stripe has an idempotency key for orders: the others are never sent a second time.
      if (provider !== 'stripe') expect(server.seen).toHaveLength(1)
      expectNothingTold(error)
    })
  })

  it('a refused connection did nothing: unavailable, also for a write', async () => {
    const gone = await loopback(() => {})
    await gone.close()
    const gateway = gatewayAt(provider, gone.url)
    const errors = [await failureOf(read(gateway)), await failureOf(write(gateway)), await failureOf(refund(gateway))]
    expect(errors.map(({ kind, code }) => [kind, code])).toEqual(errors.map(() => ['unavailable', 'ECONNREFUSED']))
  })

  it('silence ends at the time-out, which is not repeated', async () => {
    answer = () => {}
    server.seen.length = 0
    const gateway = gatewayAt(provider, server.url, tools(), 500)
    const errors = [await failureOf(read(gateway)), await failureOf(write(gateway))]
    expect(errors.map(({ kind, code }) => [kind, code])).toEqual([
      ['unavailable', 'timeout'],
      ['unknown_outcome', 'timeout'],
    ])
    expect(server.seen).toHaveLength(2)
  })

  it('an answer that trickles ends at the time-out too', async () => {
    const timers: NodeJS.Timeout[] = []
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      timers.push(setInterval(() => response.write(' '), 40))
    }
    const error = await failureOf(read(gatewayAt(provider, server.url, tools(), 500)))
    for (const timer of timers) clearInterval(timer)
    expect([error.kind, error.code]).toEqual(['unavailable', 'timeout'])
  })

  it('429: unavailable with Retry-After, and the wait is the one that was asked for', async () => {
    answer = (response) =>
      json(
        response,
        { status: false, message: 'slow', error: { code: 'x', type: 'invalid_request_error', message: 'slow' } },
        429,
        { 'retry-after': '1' },
      )
    const used = tools()
    const error = await failureOf(read(gatewayAt(provider, server.url, used)))
    expect([error.kind, error.code, error.retryAfterSeconds]).toEqual(['unavailable', 'rate_limited', 1])
    expect(used.waits).toEqual([1000, 1000])
  })

  it('429 with a long Retry-After is told at once', async () => {
    answer = (response) =>
      json(
        response,
        { status: false, message: 'slow', error: { code: 'x', type: 'invalid_request_error', message: 'slow' } },
        429,
        { 'retry-after': '30' },
      )
    const used = tools()
    const error = await failureOf(read(gatewayAt(provider, server.url, used)))
    expect([error.kind, error.retryAfterSeconds, used.waits]).toEqual(['unavailable', 30, []])
    expect((await failureOf(write(gatewayAt(provider, server.url)))).kind).toBe('unavailable')
  })

  it('401 is a matter for staff', async () => {
    answer = (response) =>
      json(
        response,
        {
          status: false,
          message: 'Invalid key',
          error: {
            code: 'BAD_REQUEST_ERROR',
            type: 'invalid_request_error',
            description: 'Authentication failed',
            message: 'Invalid API Key provided: canary',
          },
        },
        401,
      )
    const error = await failureOf(read(gatewayAt(provider, server.url)))
    expect(error.kind).toBe('misconfigured')
    expectNothingTold(error)
  })

  it('a redirect is not followed: the key stays here', async () => {
    const other = await loopback((_, response) => json(response, {}))
    answer = (response) => response.writeHead(302, { location: `${other.url}/elsewhere` }).end()
    const error = await failureOf(read(gatewayAt(provider, server.url)))
    expect(error.kind).toBe('unavailable')
    expect(other.seen).toEqual([])
    await other.close()
  })

  it('a fault that passes is got over, and a refund goes again only under its key', async () => {
    let tries = 0
    answer = (response) => {
      tries += 1
      response.writeHead(503).end()
    }
    const error = await failureOf(refund(gatewayAt(provider, server.url)))
    expect([error.kind, tries]).toEqual(['unknown_outcome', provider === 'paystack' ? 1 : 3])
  })

  it('without keys nothing is sent', async () => {
    server.seen.length = 0
    const { razorpayGateway } = await import('#gateways/razorpay')
    const { paystackGateway } = await import('#gateways/paystack')
    const { stripeGateway } = await import('#gateways/stripe')
    const baseUrl = server.url
    const gateway = {
      razorpay: () => razorpayGateway({ keyId: 'rzp_test_1', keySecret: '', webhookSecrets: [], baseUrl }, tools()),
      paystack: () => paystackGateway({ secretKey: '', baseUrl }, tools()),
      stripe: () => stripeGateway({ secretKey: ' ', webhookSecrets: [], baseUrl }, tools()),
    }[provider]()
    expect((await failureOf(read(gateway))).kind).toBe('misconfigured')
    expect(server.seen).toEqual([])
  })

  it.each([
    '../customers/cust_1',
    'pay_1/../../customers',
    'pay_1?x=1',
    'pay_1#',
    'pay_%2e%2e',
    '',
    ' pay_1',
    '123/verify',
    'pi_1/x',
    'cust_1',
    'order_1\n',
  ])('the id %j reaches no address', async (id) => {
    server.seen.length = 0
    const gateway = gatewayAt(provider, server.url)
    const currency = currencies[provider]
    const calls = [
      () => gateway.fetchPayment(id),
      () => gateway.fetchOrder(provider === 'paystack' ? `${id}/` : id),
      () => gateway.capture({ providerPaymentId: id, amountMinor: 500, currency }),
      () => gateway.refund({ refundId, providerPaymentId: id, amountMinor: 500, currency, reason: '' }),
      () => gateway.findRefund({ refundId, providerPaymentId: `${id}/`, amountMinor: 500, currency, reason: '' }),
      () => gateway.findOrder(id),
      () => gateway.chargeMethod({ ...order, currency, token: id, gatewayCustomerId: id }),
      () => gateway.forgetMethod({ token: id, gatewayCustomerId: 'cust_1' }),
      () => gateway.createOrder({ ...order, currency, paymentId: id }),
    ]
    for (const call of calls) {
      const { kind, code } = await failureOf(call())
      expect([kind, code]).toEqual(['refused', 'id_invalid'])
    }
    expect(server.seen).toEqual([])
  })

  it('an amount that does not fit is refused before any call', async () => {
    server.seen.length = 0
    const gateway = gatewayAt(provider, server.url)
    for (const [amountMinor, currency] of [
      [0, currencies[provider]],
      [1.5, currencies[provider]],
      [100, 'XXX'],
    ] as const) {
      expect(
        (await failureOf(gateway.createOrder({ ...order, amountMinor, currency, returnUrl: 'https://shop.example' })))
          .kind,
      ).toBe('refused')
      expect(
        (
          await failureOf(
            gateway.refund({ refundId, providerPaymentId: paymentIds[provider], amountMinor, currency, reason: '' }),
          )
        ).kind,
      ).toBe('refused')
    }
    expect(server.seen).toEqual([])
  })
})

describe('Retry-After', () => {
  it.each([
    ['5', 5],
    ['0', 0],
    [7, 7],
    [1.2, 2],
    ['999999', 3600],
    ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
    ['-1', undefined],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
  ])('%j → %j', (value, expected) => {
    expect(retryAfterOf(value)).toBe(expected)
  })
})
