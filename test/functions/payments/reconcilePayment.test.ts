import { afterAll, describe, expect, it } from 'vitest'
import { listPayments } from '#table/payments'
import { buyingOf } from '#test/support/buying'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'

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
