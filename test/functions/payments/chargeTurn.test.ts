import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { guardOf } from '#domain/guard'
import { run as createCheckoutRun } from '#functions/payments/createCheckout'
import type { ChargeRequest, Gateway } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import { createCheckout } from '#operations/payments'
import { savedMethods } from '#runtime/savedMethod'
import { inTurn, turnMs } from '#runtime/turn'
import { findCheckoutKey, putCheckoutKeyWrite } from '#table/checkoutKeys'
import { commit } from '#table/commit'
import { listPayments } from '#table/payments'
import { buyingOf } from '#test/support/buying'
import { invoke, type TestDeps, testDeps } from '#test/support/deps'
import { providerThat, withFakes } from '#test/support/payments'

const start = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ product: 'example', now: start })
const bench = await withFakes(deps)
const settings = { ...(await deps.settings()), providers: { USD: 'stripe' as const } }
deps.settings = async () => settings
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
afterEach(() => bench.fakes.stripe.behave({ reset: true }))
const { begin, buy, pay, verify, stored, reconcile } = buyingOf(deps, bench)

/** A customer with a saved card. */
async function withCard(account: string) {
  deps.clock.set(start)
  await buy(account, { priceId: 'team-month', saveMethod: true }, { saveMethod: true })
  const [method] = await savedMethods(deps, account)
  if (!method) throw new Error('no card was saved')
  return { account, body: { productId: 'pack-500', paymentMethodId: method.id } }
}

const askingBy = (change: (real: Gateway) => Partial<Gateway>) => providerThat(deps, change)
const checkout = (of: TestDeps, call: { account: string; body: unknown; key: string }) =>
  invoke(createCheckout, createCheckoutRun, of, call)

describe('a saved card is charged by one call at a time', () => {
  it('409 idempotency_in_progress while the first call with the key is charging it: one charge', async () => {
    const call = { ...(await withCard('t-busy')), key: 't-busy' }
    const charges: string[] = []
    const meanwhile: unknown[] = []
    const slow = await askingBy((real) => ({
      chargeMethod: async (charge: ChargeRequest) => {
        charges.push(charge.paymentId)
        if (charges.length === 1) meanwhile.push((await checkout(slow, call)).code)
        return real.chargeMethod(charge)
      },
    }))
    expect((await checkout(slow, call)).body.payment.status).toBe('completed')
    expect(meanwhile).toEqual(['idempotency_in_progress'])
    expect(charges).toHaveLength(1)
  })

  it('503 for a charge whose outcome is not known keeps the turn; after it the charge is looked for, then made', async () => {
    const call = { ...(await withCard('t-unknown')), key: 't-unknown' }
    const asked: string[] = []
    const lost = await askingBy((real) => ({
      findCharge: (charge: ChargeRequest) => {
        asked.push('find')
        return real.findCharge(charge)
      },
      chargeMethod: async (charge: ChargeRequest) => {
        asked.push('charge')
        if (asked.length === 1) throw new GatewayError('stripe', 'unknown_outcome')
        return real.chargeMethod(charge)
      },
    }))
    expect((await checkout(lost, call)).code).toBe('provider_unavailable')
    expect((await checkout(lost, call)).code).toBe('idempotency_in_progress')
    deps.clock.passReal(turnMs - 5_000)
    expect((await checkout(lost, call)).code).toBe('idempotency_in_progress')
    expect(asked).toEqual(['charge', 'find'])
    deps.clock.passReal(6_000)
    expect((await checkout(lost, call)).body.payment.status).toBe('completed')
    expect(asked).toEqual(['charge', 'find', 'find', 'charge'])
  })

  it('503 when nothing was done gives the turn back: the same key may try at once', async () => {
    const call = { ...(await withCard('t-down')), key: 't-down' }
    const down = await askingBy(() => ({
      chargeMethod: async () => {
        throw new GatewayError('stripe', 'unavailable')
      },
    }))
    expect((await checkout(down, call)).code).toBe('provider_unavailable')
    expect((await checkout(deps, call)).body.payment.status).toBe('completed')
  })

  it('settles a charge whose answer and event were lost: the reconciler finds it by the customer', async () => {
    const call = { ...(await withCard('t-lost')), key: 't-lost' }
    const lost = await askingBy((real) => ({
      findCharge: async () => {
        throw new GatewayError('stripe', 'unavailable')
      },
      chargeMethod: async (charge: ChargeRequest) => {
        await real.chargeMethod(charge)
        throw new GatewayError('stripe', 'unknown_outcome')
      },
    }))
    expect((await checkout(lost, call)).code).toBe('provider_unavailable')
    const { payments } = await listPayments(deps.table, call.account, { limit: 5 })
    const payment = payments.find(({ type }) => type === 'credit_pack')
    expect(payment?.status).toBe('pending')
    deps.clock.advance(16 * 60_000)
    expect(await reconcile(call.account, payment?.id ?? '')).toBe(true)
    expect(await stored(call.account, payment?.id ?? '')).toMatchObject({
      status: 'completed',
      settled: { as: 'granted' },
    })
  })
})

describe('nobody is sent to pay what is paid, over or on its way', () => {
  const noOrder = async () =>
    askingBy(() => ({
      createOrder: async () => {
        throw new Error('an order was opened')
      },
    }))

  it('201 without a checkout for the key of a purchase that a saved card has paid, or works on', async () => {
    const call = { ...(await withCard('o-card')), key: 'o-card' }
    expect((await checkout(deps, call)).body).toMatchObject({ checkout: null, payment: { status: 'completed' } })
    deps.clock.passReal(turnMs + 1)
    expect((await checkout(await noOrder(), call)).body).toMatchObject({
      checkout: null,
      payment: { status: 'completed' },
    })
    const slow = { ...(await withCard('o-slow')), key: 'o-slow' }
    const processing = await askingBy(() => ({
      chargeMethod: async () => ({ provider: 'stripe', status: 'processing', providerPaymentId: 'pi_slow' }),
    }))
    expect((await checkout(processing, slow)).body.payment.status).toBe('processing')
    deps.clock.passReal(turnMs + 1)
    expect((await checkout(await noOrder(), slow)).body).toMatchObject({
      checkout: null,
      payment: { status: 'processing' },
    })
  })

  it('201 without a checkout for the key of a purchase that was paid at the provider’s page', async () => {
    deps.clock.set(start)
    const body = { productId: 'pack-500' }
    const begun = await begin('o-paid', body, 'o-paid')
    const returned = pay('stripe', begun.providerOrderId ?? '')
    await verify('o-paid', { paymentId: begun.paymentId, ...returned })
    expect((await checkout(deps, { account: 'o-paid', body, key: 'o-paid' })).body).toMatchObject({
      checkout: null,
      payment: { status: 'completed' },
    })
  })

  it('201 without a checkout for the key of an order that has expired, or whose time is over', async () => {
    const { account } = await withCard('o-late')
    const call = { account, body: { productId: 'pack-500' }, key: 'o-late' }
    const down = await askingBy(() => ({
      createOrder: async () => {
        throw new GatewayError('stripe', 'unavailable')
      },
    }))
    expect((await checkout(down, call)).code).toBe('provider_unavailable')
    deps.clock.advance(24 * 3_600_000)
    const late = await checkout(await noOrder(), call)
    expect(late.body).toMatchObject({ checkout: null, payment: { status: 'pending' } })
    expect(await reconcile(account, late.body.paymentId)).toBe(true)
    expect((await checkout(await noOrder(), call)).body).toMatchObject({
      checkout: null,
      payment: { status: 'expired' },
    })
  })
})

describe('a turn', () => {
  const lockOf = async (account: string, key: string) =>
    (await findCheckoutKey(deps.table, account, guardOf('s', 'checkout', key)))?.lockedUntil ?? 0

  it('counts from the write that takes it, however long the attempts before it took', async () => {
    const { account } = await withCard('l-late')
    const before = deps.clock.real()
    let passed = 0
    const slow: TestDeps = {
      ...deps,
      settings: () => {
        if (passed++ === 0) deps.clock.passReal(30_000)
        return deps.settings()
      },
    }
    expect((await checkout(slow, { account, body: { productId: 'pack-500' }, key: 'l-late' })).status).toBe(201)
    expect(await lockOf(account, 'l-late')).toBeGreaterThanOrEqual(before + 30_000 + turnMs)
  })

  it('that was lost is not given back: it is another caller’s by then', async () => {
    const { account } = await withCard('l-lost')
    const begun = await begin(account, { productId: 'pack-500' }, 'l-lost')
    const payment = await stored(account, begun.paymentId)
    const guard = guardOf('i', 'test', 'l-lost')
    const now = deps.clock.now()
    const turn = deps.clock.real() + turnMs
    const key = { guard, hash: 'h', paymentId: payment.id, lockedUntil: turn }
    await commit(deps.table, [putCheckoutKeyWrite(account, key, now)])
    const other = { end: () => {} }
    const waits = new Promise<void>((resolve) => {
      other.end = resolve
    })
    let second = Promise.resolve()
    const first = inTurn(deps, { payment, turn }, guard, async () => {
      deps.clock.passReal(turnMs + 1)
      await new Promise<void>((began) => {
        second = inTurn(deps, { payment }, guard, () => {
          began()
          return waits
        })
      })
      throw new GatewayError('stripe', 'unavailable')
    })
    await expect(first).rejects.toMatchObject({ kind: 'unavailable' })
    await expect(inTurn(deps, { payment }, guard, async () => 'asked')).rejects.toMatchObject({
      code: 'idempotency_in_progress',
    })
    other.end()
    await second
  })
})
