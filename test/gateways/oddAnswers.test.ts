import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PaymentProvider } from '#domain/moneyCharge'
import {
  collected,
  failureOf,
  gatewayAt,
  json,
  type Loopback,
  loopback,
  order,
  refundId,
  type Seen,
} from './support.ts'

/** Answers that parse and make no sense here: money in a currency that we do not charge, on a shared merchant account. */

let server: Loopback
let answer: (request: Seen, response: ServerResponse) => void = (_, response) => json(response, {})
beforeAll(async () => {
  server = await loopback((request, response) => answer(request, response))
})
afterAll(() => server.close())

const intent = (id: string, currency: string) => ({
  ...{
    id,
    object: 'payment_intent',
    amount: 500,
    amount_received: 500,
    currency,
    status: 'succeeded',
    livemode: false,
  },
  ...{ metadata: {}, latest_charge: null, payment_method: null },
})
const providers: { provider: PaymentProvider; one: (odd: boolean) => object; id: string; currency: string }[] = [
  {
    provider: 'razorpay',
    one: (odd) => ({ id: odd ? 'pay_1' : 'pay_2', amount: 500, currency: odd ? 'XXX' : 'INR', status: 'captured' }),
    id: 'pay_1',
    currency: 'INR',
  },
  {
    provider: 'paystack',
    one: (odd) => ({
      ...{ id: odd ? 1 : 2, reference: 'theirs', amount: 500, currency: odd ? 'XXX' : 'NGN' },
      ...{ status: 'success', domain: 'test', authorization: {}, customer: {} },
    }),
    id: '1',
    currency: 'NGN',
  },
  {
    provider: 'stripe',
    one: (odd) => intent(odd ? 'pi_1' : 'pi_2', odd ? 'xxx' : 'usd'),
    id: 'pi_1',
    currency: 'USD',
  },
]

const enveloped = (provider: PaymentProvider, response: ServerResponse, data: unknown) =>
  json(response, provider === 'paystack' ? { status: true, message: 'ok', data } : data)
/** A page of a list, the first one full of it. */
const page = (provider: PaymentProvider, { target }: Seen, response: ServerResponse, items: unknown[]) => {
  const isLater = /[?&](page=[2-9]|skip=[1-9])/.test(target)
  const shown = isLater ? [] : items
  if (provider === 'paystack') return enveloped(provider, response, shown)
  return json(response, provider === 'stripe' ? { object: 'list', data: shown, has_more: false } : { items: shown })
}

describe.each(providers)('$provider', ({ provider, one, id, currency }) => {
  const gateway = () => gatewayAt(provider, server.url)

  it('a look at one of them is a bad answer, and no other kind of error', async () => {
    answer = (_, response) => enveloped(provider, response, one(true))
    const { kind, code } = await failureOf(gateway().fetchPayment(id))
    expect([kind, code]).toEqual(['unavailable', 'bad_answer'])
  })

  it('a refund that answers so may have been made', async () => {
    const refund = { id: provider === 'paystack' ? 9 : 're_9', amount: 500, currency: 'XXX', status: 'pending' }
    answer = (_, response) => enveloped(provider, response, refund)
    const asked = { refundId, providerPaymentId: id, amountMinor: 500, currency, reason: order.description }
    const { kind, code } = await failureOf(gateway().refund(asked))
    expect([kind, code]).toEqual(['unknown_outcome', 'bad_answer'])
  })

  it.each([
    ['in another currency', one(true)],
    ['in another form', { ...one(true), amount: 'a lot' }],
  ])('one %s on a list is passed over and counted', async (_, odd) => {
    answer = (request, response) => page(provider, request, response, [odd, one(false), odd])
    let unreadable = 0
    const seen = await collected(
      gateway().listPayments('2026-11-20', () => {
        unreadable += 1
      }),
    )
    expect(seen.map((payment) => [payment.currency, payment.amountMinor])).toEqual([[currency, 500]])
    expect(unreadable).toBe(2)
  })
})

it('a refund in another currency on Paystack’s list is passed over and counted', async () => {
  const refund = (of: string) => ({ id: 7, transaction: 42, amount: 500, currency: of, status: 'processed' })
  answer = (request, response) => page('paystack', request, response, [refund('XXX'), refund('NGN')])
  let unreadable = 0
  const lists = gatewayAt('paystack', server.url).refundLists
  const seen = await collected(
    lists?.on('2026-11-20', () => {
      unreadable += 1
    }) ?? (async function* () {})(),
  )
  expect([seen.length, unreadable]).toEqual([1, 1])
})
