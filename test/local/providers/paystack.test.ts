import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseYaml } from '@redocly/openapi-core'
import { Ajv } from 'ajv'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isObject, type Json, type JsonObject } from '#local/providers/json'
import {
  type Bench,
  dig,
  hasVectors,
  hourMs,
  kindsOf,
  missingKeys,
  startBench,
  text,
  vector,
  vectors,
} from './support.ts'

let bench: Bench
beforeEach(async () => {
  bench = await startBench()
})
afterEach(() => bench.stop())

const initialize = (more: JsonObject = {}) =>
  bench.paystack('POST', '/transaction/initialize', {
    email: 'ade@example.com',
    amount: 500_000,
    currency: 'NGN',
    reference: 'fpay-1',
    metadata: { paymentId: 'fpay_1' },
    callback_url: 'https://shop.example/done',
    ...more,
  })
const verify = async (reference = 'fpay-1') =>
  dig((await bench.paystack('GET', `/transaction/verify/${reference}`)).body, 'data')
type PayMore = Partial<Parameters<Bench['fakes']['paystack']['pay']>[0]>
const pay = (more: PayMore = {}) => bench.fakes.paystack.pay({ orderId: 'fpay-1', outcome: 'success', ...more })

/** A saved card: its authorization's code. */
async function saved(card: NonNullable<PayMore['card']> = 'success'): Promise<string> {
  await initialize()
  pay({ card })
  const code = text(dig(await verify(), 'authorization').authorization_code)
  await bench.fakes.idle()
  bench.heard.length = 0
  return code
}

const chargeAgain = (authorization_code: string, more: JsonObject = {}) =>
  bench.paystack('POST', '/transaction/charge_authorization', {
    email: 'ade@example.com',
    amount: 500_000,
    currency: 'NGN',
    reference: 'fpay-2',
    authorization_code,
    ...more,
  })

describe('a transaction', () => {
  it('is abandoned until it is paid; then charge.success comes, signed with the key', async () => {
    const opened = await initialize()
    expect(dig(opened.body, 'data')).toMatchObject({
      reference: 'fpay-1',
      authorization_url: `${bench.fakes.paystack.url}/_fake/checkout/fpay-1`,
    })
    expect(await verify()).toMatchObject({ status: 'abandoned', paid_at: null, authorization: {} })
    expect(pay()).toEqual({ reference: 'fpay-1' })
    expect(await verify()).toMatchObject({
      status: 'success',
      amount: 500_000,
      requested_amount: 500_000,
      fees: 7500,
      metadata: { paymentId: 'fpay_1' },
      authorization: { reusable: true, last4: '4242' },
    })
    await bench.fakes.idle()
    expect(kindsOf(bench.heard)).toEqual(['charge.success'])
    const [event] = bench.heard
    expect(event?.headers['x-paystack-signature']).toBe(
      createHmac('sha512', 'sk_test_paystack')
        .update(event?.raw ?? '')
        .digest('hex'),
    )
  })

  it('has a reference of its own: a second use is duplicate_reference', async () => {
    await initialize()
    const again = await initialize({ amount: 100_000 })
    expect(again).toMatchObject({
      status: 400,
      body: { status: false, message: 'Duplicate Transaction Reference', code: 'duplicate_reference' },
    })
    expect(await verify()).toMatchObject({ requested_amount: 500_000 })
  })

  it('that fails sends no event: verify alone tells, with 200', async () => {
    await initialize()
    expect(pay({ card: 'declined' })).toMatchObject({ error: { description: 'Declined' } })
    await bench.fakes.idle()
    expect(bench.heard).toEqual([])
    expect(await verify()).toMatchObject({ status: 'failed', gateway_response: 'Declined' })
  })

  it('with the fee on the customer takes more than was asked for', async () => {
    bench.fakes.paystack.behave({ settings: { customerFee: 10_283 } })
    await initialize()
    pay()
    expect(await verify()).toMatchObject({ amount: 510_283, requested_amount: 500_000 })
  })

  it('may stay processing', async () => {
    await initialize()
    pay({ card: 'processing' })
    expect(await verify()).toMatchObject({ status: 'processing' })
    await bench.advance(hourMs)
    expect(await verify()).toMatchObject({ status: 'success' })
    expect(kindsOf(bench.heard)).toEqual(['charge.success'])
  })

  it.each([
    [{ currency: 'XOF', amount: 100 }, 200],
    [{ currency: 'XOF', amount: 99 }, 400],
    [{ currency: 'NGN', amount: 4999 }, 400],
    [{ currency: 'NGN', amount: '500000' }, 200],
    [{ currency: 'INR', amount: 500_000 }, 400],
    [{ reference: 'fpay_1' }, 400],
  ])('opened with %j answers %i', async (more, status) => {
    expect((await initialize(more)).status).toBe(status)
  })

  it('that is not there is 404; a key that is wrong 401', async () => {
    expect((await bench.paystack('GET', '/transaction/verify/none')).status).toBe(404)
    const answer = await fetch(`${bench.fakes.paystack.url}/transaction`, {
      headers: { authorization: 'Bearer sk_other' },
    })
    expect([answer.status, await answer.json()]).toEqual([401, { status: false, message: 'Invalid key' }])
  })
})

describe('a saved card', () => {
  it('is charged at once', async () => {
    const answer = await chargeAgain(await saved())
    expect(answer).toMatchObject({
      status: 200,
      body: { status: true, data: { status: 'success', reference: 'fpay-2' } },
    })
    await bench.fakes.idle()
    expect(kindsOf(bench.heard)).toEqual(['charge.success'])
    expect((await chargeAgain(text(dig(answer.body, 'data', 'authorization').authorization_code))).body.code).toBe(
      'duplicate_reference',
    )
  })

  it('that has no funds answers 200 and failed', async () => {
    const answer = await chargeAgain(await saved('declines_later'))
    expect(answer).toMatchObject({
      status: 200,
      body: { status: true, data: { status: 'failed', gateway_response: 'Insufficient Funds' } },
    })
    await bench.fakes.idle()
    expect(bench.heard).toEqual([])
  })

  it('that needs 3-D Secure pauses with an address to go to', async () => {
    const answer = await chargeAgain(await saved('authentication_required'))
    expect(dig(answer.body, 'data')).toMatchObject({
      paused: true,
      authorization_url: `${bench.fakes.paystack.url}/_fake/checkout/fpay-2`,
    })
    expect(await verify('fpay-2')).toMatchObject({ status: 'paused' })
    pay({ orderId: 'fpay-2' })
    expect(await verify('fpay-2')).toMatchObject({ status: 'success' })
  })

  it.each(['/customer/authorization/deactivate', '/customer/deactivate_authorization'])(
    'is charged no more once it is deactivated at %s',
    async (path) => {
      const authorization_code = await saved()
      expect((await bench.paystack('POST', path, { authorization_code })).body).toEqual({
        status: true,
        message: 'Authorization has been deactivated',
      })
      expect((await chargeAgain(authorization_code)).body.code).toBe('invalid_authorization')
      expect((await bench.paystack('POST', path, { authorization_code })).status).toBe(404)
    },
  )

  it('is charged only for the e-mail it was given by', async () => {
    expect((await chargeAgain(await saved(), { email: 'other@example.com' })).status).toBe(400)
  })
})

describe('refunds', () => {
  const refund = (body: JsonObject = {}) => bench.paystack('POST', '/refund', { transaction: 'fpay-1', ...body })

  it('are pending, then processed; the whole amount makes the transaction reversed', async () => {
    await saved()
    const part = await refund({ amount: 200_000 })
    expect(dig(part.body, 'data')).toMatchObject({ status: 'pending', amount: 200_000 })
    expect((await refund({ amount: 300_001 })).status).toBe(400)
    await refund()
    expect(await verify()).toMatchObject({ status: 'reversed' })
    await bench.fakes.idle()
    expect(kindsOf(bench.heard)).toEqual(
      expect.arrayContaining(['refund.pending', 'refund.processing', 'refund.processed']),
    )
    const amounts = bench.heard.map(({ body }) => dig(body, 'data').amount)
    expect(new Set(amounts)).toEqual(new Set(['200000', '300000']))
    const list = await bench.paystack('GET', '/refund?perPage=1')
    expect(list.body).toMatchObject({
      data: [{ amount: 300_000, status: 'processed' }],
      meta: { total: 2, perPage: '1' },
    })
  })

  it('asked twice are two: nothing makes them idempotent', async () => {
    await saved()
    const ids = [await refund({ amount: 100 }), await refund({ amount: 100 })].map(({ body }) => dig(body, 'data').id)
    expect(new Set(ids).size).toBe(2)
  })

  it('may fail, with a number for an amount in the event', async () => {
    await saved('refund_fails')
    await refund()
    await bench.fakes.idle()
    expect(dig(bench.heard.at(-1)?.body ?? {}, 'data')).toMatchObject({ status: 'failed', amount: 500_000 })
    expect(await verify()).toMatchObject({ status: 'success' })
  })
})

it('a dispute is raised by its card and resolved', async () => {
  await initialize()
  pay({ card: 'dispute' })
  const id = String((await verify()).id)
  await bench.fakes.idle()
  bench.fakes.paystack.dispute(id, 'lost')
  await bench.fakes.idle()
  expect(kindsOf(bench.heard)).toEqual(['charge.success', 'charge.dispute.create', 'charge.dispute.resolve'])
  expect(dig(bench.heard.at(-1)?.body ?? {}, 'data')).toMatchObject({ resolution: 'merchant-accepted' })
})

describe.runIf(hasVectors)('the published samples', () => {
  it.each([
    'transaction-successful',
    'refund-pending',
    'refund-processing',
    'refund-processed',
    'refund-failed',
    'charge-dispute-create',
    'charge-dispute-resolve',
  ])('our event has every field of %s', async (name) => {
    await saved()
    const sample = vector('paystack-webhook-samples', `events__${name}.json`)
    const sent = bench.fakes.paystack.sendEvent(text(sample.event))
    // How somebody typed a PIN is in one log; no other has it.
    expect(missingKeys(sample, sent.body, ['data.log.authentication', 'data.log.channel'])).toEqual([])
  })
})

describe.runIf(hasVectors)('the published description', () => {
  const described = hasVectors ? describedAnswers() : () => undefined

  it.each([
    ['post', '/transaction/initialize', '/transaction/initialize', { email: 'b@example.com', amount: 500_000 }],
    ['get', '/transaction/verify/{reference}', '/transaction/verify/fpay-1', undefined],
    ['get', '/transaction', '/transaction', undefined],
    ['get', '/transaction/{id}', '/transaction/ID', undefined],
    ['post', '/customer', '/customer', { email: 'c@example.com' }],
    ['get', '/customer', '/customer', undefined],
    ['get', '/customer/{code}', '/customer/ade@example.com', undefined],
    ['put', '/customer/{code}', '/customer/ade@example.com', { first_name: 'Ade' }],
    ['post', '/refund', '/refund', { transaction: 'fpay-1', amount: 100 }],
    ['get', '/refund', '/refund', undefined],
    ['get', '/transaction/verify/{reference}', '/transaction/verify/none', undefined],
    ['post', '/transaction/initialize', '/transaction/initialize', { email: 'b@example.com', amount: 1 }],
  ])('%s %s: %s answers as described', async (method, path, real, body) => {
    await saved()
    await bench.paystack('POST', '/refund', { transaction: 'fpay-1', amount: 100 })
    const id = String((await verify()).id)
    const answer = await bench.paystack(method.toUpperCase(), real.replace('ID', id), body)
    expect(described(path, method, answer.status, answer.body)).toBeUndefined()
  })

  it('a charge of a saved card and a fetched refund answer as described', async () => {
    const code = await saved()
    const charged = await chargeAgain(code)
    expect(described('/transaction/charge_authorization', 'post', charged.status, charged.body)).toBeUndefined()
    const refunded = await bench.paystack('POST', '/refund', { transaction: 'fpay-1', amount: 100 })
    const fetched = await bench.paystack('GET', `/refund/${String(dig(refunded.body, 'data').id)}`)
    expect(described('/refund/{id}', 'get', fetched.status, fetched.body)).toBeUndefined()
  })

  it('an answer without its reference is found out', () => {
    const answer = { status: true, message: '', data: { authorization_url: '', access_code: '' } }
    expect(described('/transaction/initialize', 'post', 200, answer)).toContain("required property 'reference'")
  })
})

/** What is wrong with an answer by Paystack's own OpenAPI file; undefined: nothing. */
function describedAnswers() {
  const parsed = parseYaml(readFileSync(join(vectors, 'paystack-openapi.yaml'), 'utf8'))
  if (!isObject(parsed)) throw new Error('no description')
  const document = parsed
  const resolved = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(resolved)
    if (!isObject(value)) return value
    if (typeof value.$ref === 'string') return resolved(dig(document, ...value.$ref.split('/').slice(1)))
    const entries = Object.entries(value).map(([name, inner]): [string, Json] => [name, resolved(inner)])
    const { nullable, example: _, format: __, ...schema } = Object.fromEntries(entries)
    // OpenAPI 3.0 says `nullable` where JSON Schema has a type more; without a type there is nothing to widen.
    if (nullable !== true || schema.type === undefined) return schema
    return { anyOf: [schema, { type: 'null' }] }
  }
  const ajv = new Ajv({ strict: false, allErrors: true })
  return (path: string, method: string, status: number, body: JsonObject): string | undefined => {
    const responses = dig(document, 'paths', path, method, 'responses')
    const response = resolved(responses[String(status)] ?? responses.default ?? null)
    const schema =
      isObject(response) && isObject(response.content) ? dig(response, 'content', 'application/json', 'schema') : {}
    return ajv.validate(schema, body) ? undefined : ajv.errorsText()
  }
}
