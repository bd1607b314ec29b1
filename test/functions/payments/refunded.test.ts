import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Payment } from '#domain/payment'
import { auditAccount } from '#runtime/auditAccount'
import { invoicesOfPayment } from '#table/invoices'
import { buyingOf } from '#test/support/buying'
import { callsOf } from '#test/support/calls'
import { type TestDeps, testDeps } from '#test/support/deps'
import { type PaymentBench, withFakes } from '#test/support/payments'
import { deliver, told, work } from '#test/support/webhooks'
import { refundCall, storedRefunds } from './refundSupport.ts'

const providers = [
  { provider: 'razorpay', product: 'resume-ats', priceId: 'pro-month', route: 'POST /v1/payments/:id/refund' },
  { provider: 'paystack', product: 'cv-builder', priceId: 'pro-month', route: 'POST /refund' },
  { provider: 'stripe', product: 'wellbeing', priceId: 'premium-month', route: 'POST /v1/refunds' },
] as const

const hourMs = 3_600_000
describe.each(providers)('a refund at $provider, through its own client', ({ provider, product, priceId, route }) => {
  let deps: TestDeps
  let bench: PaymentBench
  beforeAll(async () => {
    deps = await testDeps({ product, now: '2026-03-10T12:00:00.000Z' })
    bench = await withFakes(deps)
  })
  afterAll(async () => {
    await bench.stop()
    await deps.stop()
  })

  async function bought(account: string, card: 'success' | 'refund_fails' = 'success') {
    const buying = buyingOf(deps, bench)
    const payment = await buying.buy(account, { priceId }, { card })
    const before = told(bench.fakes, provider).length
    /** Lets the provider's time pass, and delivers what it told meanwhile: twice, the last one first. */
    const listen = async () => {
      deps.clock.advance(48 * hourMs)
      bench.fakes.tick()
      const events = told(bench.fakes, provider).slice(before)
      for (const event of [...events.toReversed(), ...events]) await deliver(deps, provider, event)
      expect(await work(deps)).toEqual([])
      return events.length
    }
    const now = () => buying.stored(account, payment.id)
    return { payment, listen, now, reconcile: () => buying.reconcile(account, payment.id) }
  }
  const notesOf = async ({ accountId, id }: Payment) =>
    (await invoicesOfPayment(deps.table, accountId, id)).filter(({ kind }) => kind === 'credit_note').length

  it('is confirmed by its events, in any order and twice: one refund, one note', async () => {
    const { payment, listen, now } = await bought(`back-${provider}`)
    const amount = Math.floor(payment.amountMinor / 2)
    const { body } = await refundCall(deps, payment, { body: { plan: 'keep', amount } })
    expect(body).toMatchObject({ amount, providerRefundId: expect.any(String) })
    expect(['pending', 'processed']).toContain(body.status)
    expect(await listen()).toBeGreaterThan(0)
    expect(await now()).toMatchObject({ status: 'partially_refunded', refundedMinor: amount, notedMinor: amount })
    expect(await storedRefunds(deps, payment)).toMatchObject([{ id: body.id, status: 'processed' }])
    expect(await notesOf(payment)).toBe(1)
  })

  it('whose answer is lost is found by the reconciler, and made once', async () => {
    const { payment, now, reconcile } = await bought(`lost-${provider}`)
    bench.fakes[provider].behave({ requests: [{ route, fault: 'commit_then_drop', times: 1 }] })
    const amount = Math.floor(payment.amountMinor / 3)
    const { body } = await refundCall(deps, payment, { body: { plan: 'keep', amount } })
    deps.clock.advance(48 * hourMs)
    bench.fakes.tick()
    expect(await reconcile()).toBe(true)
    expect(await storedRefunds(deps, payment)).toMatchObject([{ id: body.id, status: 'processed' }])
    expect(await now()).toMatchObject({ status: 'partially_refunded', refundedMinor: amount })
  })

  it('that was never taken on is asked for by the reconciler', async () => {
    const { payment, now, reconcile } = await bought(`never-${provider}`)
    bench.fakes[provider].behave({ requests: [{ route, fault: 'drop', times: 50 }] })
    const { body } = await refundCall(deps, payment, { body: { plan: 'keep' } })
    expect(body.status).toBe('requested')
    bench.fakes[provider].behave({ reset: true })
    deps.clock.advance(hourMs)
    expect(await reconcile()).toBe(true)
    deps.clock.advance(48 * hourMs)
    bench.fakes.tick()
    expect(await reconcile()).toBe(true)
    expect(await storedRefunds(deps, payment)).toMatchObject([{ id: body.id, status: 'processed' }])
    expect(await now()).toMatchObject({ status: 'refunded', refundedMinor: payment.amountMinor })
  })

  it('that the bank sends back leaves the payment as it was, and the money may be refunded anew', async () => {
    const { payment, listen, now } = await bought(`fails-${provider}`, 'refund_fails')
    const { body } = await refundCall(deps, payment, { body: { plan: 'keep' } })
    await listen()
    expect(await storedRefunds(deps, payment)).toMatchObject([{ id: body.id, status: 'failed' }])
    expect(await now()).toMatchObject({
      status: 'completed',
      refundedMinor: 0,
      notedMinor: 0,
      flags: ['refund_failed'],
    })
    expect(await refundCall(deps, payment, { body: { plan: 'keep' } })).toMatchObject({ status: 202 })
  })
})

describe('refunded credits at razorpay, of a pack that lives for a year', () => {
  let deps: TestDeps
  let bench: PaymentBench
  beforeAll(async () => {
    deps = await testDeps({ product: 'example', now: '2026-03-10T12:00:00.000Z' })
    bench = await withFakes(deps)
  })
  afterAll(async () => {
    await bench.stop()
    await deps.stop()
  })

  it('come back when the bank sends the money back, go again with the next refund, and expire with the pack', async () => {
    const account = 'pack-comes-back'
    const { getCredits } = callsOf(deps)
    const packOf = async () =>
      (await getCredits({ account })).body.grants.filter(({ source }: { source: string }) => source === 'purchase')
    const buying = buyingOf(deps, bench)
    const payment = await buying.buy(account, { productId: 'pack-500' }, { card: 'refund_fails' })
    const bought = await packOf()
    expect(bought).toMatchObject([{ remaining: 500, expiresAt: '2027-03-10T12:00:00.000Z' }])
    const before = told(bench.fakes, 'razorpay').length
    for (const round of [1, 2]) {
      const { body } = await refundCall(deps, payment)
      expect(body).toMatchObject({ amount: 900, creditsTaken: 500, creditsSpent: 0 })
      expect(await packOf()).toEqual([])
      deps.clock.advance(48 * hourMs)
      bench.fakes.tick()
      for (const event of told(bench.fakes, 'razorpay').slice(before)) await deliver(deps, 'razorpay', event)
      expect(await work(deps)).toEqual([])
      expect(await packOf()).toEqual(bought)
      const failed = (await storedRefunds(deps, payment)).filter(({ status }) => status === 'failed')
      expect(failed).toHaveLength(round)
    }
    expect(await auditAccount(deps, account)).toMatchObject({ differences: [] })
  })
})
