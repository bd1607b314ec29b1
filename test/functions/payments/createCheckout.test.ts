import { afterAll, describe, expect, it } from 'vitest'
import { run as createCheckoutRun } from '#functions/payments/createCheckout'
import { createCheckout } from '#operations/payments'
import { couponCountKey } from '#table/keys'
import { findPayment, listPayments } from '#table/payments'
import type { Table } from '#table/port'
import { callsOf } from '#test/support/calls'
import { type Invocation, invoke, testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'
import { discountCalls } from './discountSupport.ts'

const deps = await testDeps({ product: 'example', now: '2026-03-10T12:00:00.000Z' })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const { putAccount } = callsOf(deps)
const checkout = (call: Invocation) => invoke(createCheckout, createCheckoutRun, deps, call)
const anAccount = async (account: string) => {
  await putAccount({ account, body: { email: `${account}@example.com` } })
  return account
}

describe('createCheckout', () => {
  it('201 takes amount and currency from the catalogue, and names the provider’s order', async () => {
    const account = await anAccount('c-plan')
    const { status, body } = await checkout({ account, body: { priceId: 'team-month' }, key: 'c-plan' })
    expect(status).toBe(201)
    expect(body).toMatchObject({ amount: 1900, currency: 'USD', payment: { status: 'pending', type: 'plan_purchase' } })
    const stored = await findPayment(deps.table, account, body.paymentId, { consistent: true })
    expect(stored).toMatchObject({ providerOrderId: body.providerOrderId, amountMinor: 1900, status: 'pending' })
    expect(body.checkout).not.toBeNull()
  })

  it('201 again with the same key: the same payment and order, marked as replayed; another body is 422', async () => {
    const account = await anAccount('c-key')
    const call = { account, body: { productId: 'guide' }, key: 'c-key' }
    const first = await checkout(call)
    const second = await checkout(call)
    expect(second.body).toEqual(first.body)
    expect([first.replayed, second.replayed]).toEqual([false, true])
    expect(await checkout({ ...call, body: { productId: 'pack-500' } })).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
  })

  it('20 calls at once with one key make one payment and one order', async () => {
    const account = await anAccount('c-race')
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => checkout({ account, body: { productId: 'guide' }, key: 'c-race' })),
    )
    const done = answers.filter(({ status }) => status === 201)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(done.length === 20 ? [201] : [201, 409]))
    expect(new Set(done.map(({ body }) => body.providerOrderId)).size).toBe(1)
    expect(answers.filter(({ code }) => code !== undefined).map(({ code }) => code)).toEqual(
      Array.from({ length: 20 - done.length }, () => 'idempotency_in_progress'),
    )
  })

  it('400 coupon_invalid beyond its cap, however many ask at once: the last one goes to one buyer', async () => {
    const account = await anAccount('c-coupon')
    await deps.table.write([{ kind: 'update', key: couponCountKey('WELCOME'), add: { n: 98 }, when: 'unconditional' }])
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        checkout({ account, body: { priceId: 'team-month', couponCode: 'welcome' }, key: `c-coupon-${index}` }),
      ),
    )
    expect(answers.filter(({ status }) => status === 201).map(({ body }) => body.amount)).toEqual([1710, 1710])
    expect(answers.filter(({ code }) => code === 'coupon_invalid')).toHaveLength(4)
  })

  it('400 coupon_invalid for a coupon that does not exist, or is for another plan', async () => {
    const account = await anAccount('c-nocoupon')
    for (const body of [
      { priceId: 'team-month', couponCode: 'NOTHING' },
      { productId: 'guide', couponCode: 'WELCOME' },
    ])
      expect(await checkout({ account, body })).toMatchObject({ status: 400, code: 'coupon_invalid' })
  })

  it('404 for a price or product that is not in the catalogue, and for an unknown account', async () => {
    const account = await anAccount('c-missing')
    expect((await checkout({ account, body: { priceId: 'nothing' } })).code).toBe('not_found')
    expect((await checkout({ account, body: { productId: 'nothing' } })).code).toBe('not_found')
    expect((await checkout({ account: 'c-nobody', body: { productId: 'guide' } })).code).toBe('not_found')
  })

  it('409 conflict for a free plan, and for a plan while one is live', async () => {
    const account = await anAccount('c-live')
    expect((await checkout({ account, body: { priceId: 'free' } })).code).toBe('conflict')
    await callsOf(deps).grantPlan({ account, body: { priceId: 'team-month', reason: 'test' }, key: 'c-live' })
    expect((await checkout({ account, body: { priceId: 'team-month' } })).code).toBe('conflict')
  })

  // The account is made sure of, decided on, and settled on: another call has come in before the read of so many.
  it.each([1, 2, 3])(
    'with nothing to pay, settled by another before read %i: 201 once a key, 409 for another',
    async (read) => {
      for (const [name, expected] of [
        ['same', { status: 201, replayed: true }],
        ['other', { status: 409, code: 'conflict' }],
      ] as const) {
        const account = await anAccount(`c-free-${name}-${read}`)
        await discountCalls(deps).create({ percentOff: 100 }, { account })
        const call = (key: string) => ({ account, body: { priceId: 'team-month' }, key: `${account}-${key}` })
        let reads = 0
        const comeIn = async (keys: { sk: string }[]) => {
          if (keys.some(({ sk }) => sk === 'ACCOUNT') && ++reads === read) await checkout(call('same'))
        }
        const get: Table['get'] = async (key, options) => {
          await comeIn([key])
          return deps.table.get(key, options)
        }
        const batchGet: Table['batchGet'] = async (keys, options) => {
          await comeIn(keys)
          return deps.table.batchGet(keys, options)
        }
        const table: Table = { ...deps.table, get, batchGet }
        expect(await invoke(createCheckout, createCheckoutRun, { ...deps, table }, call(name))).toMatchObject(expected)
        expect(reads).toBeGreaterThanOrEqual(read)
        expect((await listPayments(deps.table, account, { limit: 9 })).payments).toHaveLength(1)
      }
    },
  )

  it('503 provider_unavailable keeps the payment: the same key finds the order that the provider made', async () => {
    const account = await anAccount('c-lost')
    for (const fake of [bench.fakes.razorpay, bench.fakes.paystack, bench.fakes.stripe])
      fake.behave({ requests: [{ route: '*', fault: 'server_error', times: 20 }] })
    const call = { account, body: { productId: 'guide' }, key: 'c-lost' }
    expect(await checkout(call)).toMatchObject({ status: 503, code: 'provider_unavailable' })
    for (const fake of [bench.fakes.razorpay, bench.fakes.paystack, bench.fakes.stripe]) fake.behave({ reset: true })
    deps.clock.passReal(36_000)
    const answer = await checkout(call)
    expect(answer).toMatchObject({ status: 201, replayed: true, body: { payment: { status: 'pending' } } })
    expect(answer.body.providerOrderId).not.toBeNull()
  })

  it('201 for a login that never wrote anything: its account is made with its first purchase', async () => {
    const answer = await checkout({ as: 'customer', account: 'c-new-login', body: { productId: 'guide' } })
    expect(answer.status).toBe(201)
    expect((await callsOf(deps).getAccount({ account: 'c-new-login' })).body.createdAt).not.toBeNull()
  })

  it('403 account_suspended for a suspended account’s plan is answered before any provider is asked', async () => {
    const account = await anAccount('c-suspended')
    const { accountKey } = await import('#table/keys')
    await deps.table.write([
      { kind: 'update', key: accountKey(account), set: { suspended: true }, when: 'unconditional' },
    ])
    expect(await checkout({ account, body: { priceId: 'team-month' } })).toMatchObject({
      status: 403,
      code: 'account_suspended',
    })
  })

  it('400 for a card number or any other member that is not declared', async () => {
    const account = await anAccount('c-pan')
    const body = { productId: 'guide', cardNumber: '4111111111111111', cvv: '123' }
    expect(await checkout({ account, body })).toMatchObject({ status: 400, code: 'validation_failed' })
  })
})
