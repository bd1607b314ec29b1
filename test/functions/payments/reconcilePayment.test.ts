import { afterAll, describe, expect, it } from 'vitest'
import { GatewayError } from '#gateways/gatewayError'
import { hear } from '#runtime/chargePayment'
import { listPayments } from '#table/payments'
import { buyingOf } from '#test/support/buying'
import { callsOf } from '#test/support/calls'
import { type TestDeps, testDeps } from '#test/support/deps'
import { providerThat, withFakes } from '#test/support/payments'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const start = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ product: 'resume-ats', now: start })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const { begin, pay, reconcile, stored } = buyingOf(deps, bench)
const due = async (account: string, paymentId: string) =>
  (await deps.table.get({ pk: `ACCOUNT#${account}`, sk: `PAY#${paymentId}` }))?.gsi2sk

describe('reconcilePayment', () => {
  it('settles what was paid while the browser and the webhook were lost', async () => {
    deps.clock.set(start)
    const begun = await begin('r-lost', { priceId: 'pro-month' })
    pay('razorpay', begun.providerOrderId ?? '', { outcome: 'lost_callback' })
    deps.clock.advance(16 * minuteMs)
    expect(await reconcile('r-lost', begun.paymentId)).toBe(true)
    expect(await stored('r-lost', begun.paymentId)).toMatchObject({ status: 'completed' })
    expect((await callsOf(deps).getAccount({ account: 'r-lost' })).body.planId).toBe('pro')
    expect(await due('r-lost', begun.paymentId)).toBeUndefined()
  })

  it('waits for what nobody has paid yet: a quarter of an hour, an hour, four, twelve, then its end', async () => {
    deps.clock.set(start)
    const begun = await begin('r-wait', { priceId: 'pro-month' })
    const seen = [await due('r-wait', begun.paymentId)]
    for (const hours of [0.3, 1.1, 4.1, 12.1]) {
      deps.clock.set(Date.parse(start) + hours * hourMs)
      expect(await reconcile('r-wait', begun.paymentId)).toBe(true)
      seen.push(await due('r-wait', begun.paymentId))
    }
    expect(seen.map((one) => String(one).slice(0, 16))).toEqual([
      '2026-03-10T12:15',
      '2026-03-10T13:00',
      '2026-03-10T16:00',
      '2026-03-11T00:00',
      '2026-03-11T12:00',
    ])
  })

  it('expires what nobody paid in a day, once, and gives back what it held', async () => {
    deps.clock.set(start)
    const begun = await begin('r-expire', { priceId: 'pro-month' })
    deps.clock.advance(24 * hourMs + 1)
    expect(await reconcile('r-expire', begun.paymentId)).toBe(true)
    const expired = await stored('r-expire', begun.paymentId)
    expect(expired).toMatchObject({ status: 'expired', released: true })
    expect(await reconcile('r-expire', begun.paymentId)).toBe(true)
    expect((await stored('r-expire', begun.paymentId)).ver).toBe(expired.ver)
  })

  it('keeps money that comes after the end as account credit, for staff to look at', async () => {
    deps.clock.set(start)
    const begun = await begin('r-late', { priceId: 'pro-month' })
    deps.clock.advance(24 * hourMs + 1)
    await reconcile('r-late', begun.paymentId)
    pay('razorpay', begun.providerOrderId ?? '', { outcome: 'lost_callback' })
    expect(await reconcile('r-late', begun.paymentId)).toBe(true)
    expect(await stored('r-late', begun.paymentId)).toMatchObject({
      status: 'review',
      settled: { as: 'account_credit' },
      flags: ['order_expired'],
    })
  })

  it('finds the order whose creation was answered to nobody, by our own receipt', async () => {
    deps.clock.set(start)
    bench.fakes.razorpay.behave({
      requests: [
        { route: 'POST /v1/orders', fault: 'commit_then_drop', times: 1 },
        { route: 'GET /v1/orders', fault: 'server_error', times: 10 },
      ],
    })
    const account = 'r-orphan'
    await begin(account, { priceId: 'pro-month' }, 'r-orphan')
    const [payment] = (await listPayments(deps.table, account, { limit: 1 })).payments
    expect(payment?.providerOrderId).toBeUndefined()
    bench.fakes.razorpay.behave({ reset: true })
    deps.clock.advance(16 * minuteMs)
    expect(await reconcile(account, payment?.id ?? '')).toBe(true)
    expect((await stored(account, payment?.id ?? '')).providerOrderId).toMatch(/^order_/)
  })

  it('fails, to be tried again, while the provider does not answer; nothing changes', async () => {
    deps.clock.set(start)
    const begun = await begin('r-down', { priceId: 'pro-month' })
    const before = await stored('r-down', begun.paymentId)
    bench.fakes.razorpay.behave({ requests: [{ route: '*', fault: 'server_error', times: 20 }] })
    expect(await reconcile('r-down', begun.paymentId)).toBe(false)
    bench.fakes.razorpay.behave({ reset: true })
    expect((await stored('r-down', begun.paymentId)).ver).toBe(before.ver)
  })

  it('does nothing for a payment that does not exist', async () => {
    expect(await reconcile('r-none', 'fpay_01KBQ7M8G0C000000000000000')).toBe(true)
  })
})

describe('a provider that can never be asked any more', () => {
  const days = (count: number) => count * 24 * hourMs
  /** With other keys it knows no order; turned off it is asked nothing. */
  const without = (kind: 'misconfigured' | 'not_found') =>
    providerThat(deps, (real) => {
      const fail = async () => {
        throw new GatewayError(real.provider, kind)
      }
      return { fetchOrder: fail, findOrder: fail, fetchPayment: fail }
    })
  const lookBy = async (by: TestDeps, account: string, paymentId: string) =>
    buyingOf(by, bench).reconcile(account, paymentId)

  it.each(['misconfigured', 'not_found'] as const)('%s is waited for, and expired three days after', async (kind) => {
    deps.clock.set(start)
    const account = `r-${kind}`
    const { paymentId } = await begin(account, { priceId: 'pro-month' })
    const by = await without(kind)
    deps.clock.advance(16 * minuteMs)
    expect(await lookBy(by, account, paymentId)).toBe(true)
    expect(await stored(account, paymentId)).toMatchObject({ status: 'pending', flags: [] })
    deps.clock.set(Date.parse(start) + days(4) - 1)
    expect(await lookBy(by, account, paymentId)).toBe(true)
    expect(await stored(account, paymentId)).toMatchObject({ status: 'pending' })
    expect(String(await due(account, paymentId)).slice(0, 16)).toBe('2026-03-14T17:59')
    deps.metrics.length = 0
    deps.clock.advance(1)
    expect(await lookBy(by, account, paymentId)).toBe(true)
    expect(await stored(account, paymentId)).toMatchObject({ status: 'expired', released: true, flags: ['not_asked'] })
    expect(await due(account, paymentId)).toBeUndefined()
    expect(deps.metrics).toContainEqual({ name: 'PaymentNotAsked', value: 1, dimensions: { provider: 'razorpay' } })
  })

  it('ends also what was under way there', async () => {
    deps.clock.set(start)
    const { paymentId } = await begin('r-under-way', { priceId: 'pro-month' })
    const at = { accountId: 'r-under-way', paymentId }
    await hear(deps, at, { kind: 'processing', at: deps.clock.now() }, { requestId: 'test', actor: 'test' })
    deps.clock.advance(days(4))
    expect(await lookBy(await without('misconfigured'), 'r-under-way', paymentId)).toBe(true)
    expect(await stored('r-under-way', paymentId)).toMatchObject({ status: 'expired', flags: ['not_asked'] })
  })
})
