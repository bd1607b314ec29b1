import { afterAll, describe, expect, it } from 'vitest'
import { run as comparePaymentsRun } from '#functions/payments/comparePayments'
import type { Gateway, ProviderPayment } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import { comparePayments } from '#operations/payments'
import { handleJob } from '#runtime/job'
import { findReconciliation } from '#table/reconciliations'
import { buyingOf } from '#test/support/buying'
import { type TestDeps, testDeps } from '#test/support/deps'
import { providerThat, withFakes } from '#test/support/payments'

const deps = await testDeps({ product: 'resume-ats', now: '2026-03-10T12:00:00.000Z' })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const { begin, buy, pay, stored } = buyingOf(deps, bench)
const compare = (scheduledAt: string, by: TestDeps = deps) =>
  handleJob(comparePayments, comparePaymentsRun, by, { scheduledAt })
const none = { compared: 0, settled: 0, unreadable: 0, differing: 0 }
/** The comparison, where Razorpay's list is another. */
const listing =
  (listPayments: (day: string, real: Gateway) => AsyncIterable<ProviderPayment>) => async (scheduledAt: string) =>
    compare(
      scheduledAt,
      await providerThat(deps, (real) =>
        real.provider === 'razorpay' ? { listPayments: (day) => listPayments(day, real) } : {},
      ),
    )

describe('comparePayments', () => {
  it('settles money that nobody told of, and reports it; the settled ones agree', async () => {
    await buy('d-told', { priceId: 'pro-month' })
    const begun = await begin('d-untold', { priceId: 'pro-month' })
    pay('razorpay', begun.providerOrderId ?? '', { outcome: 'lost_callback' })
    deps.clock.set('2026-03-11T03:00:00.000Z')
    expect(await compare('2026-03-11T03:00:00Z')).toEqual({ ...none, compared: 2, settled: 1, differing: 1 })
    expect((await stored('d-untold', begun.paymentId)).status).toBe('completed')
    expect(await findReconciliation(deps.table, '2026-03-10')).toMatchObject({
      parts: { razorpay: { compared: 2, settled: 1, differing: 1 } },
      differences: [{ kind: 'settled_late', provider: 'razorpay', paymentId: begun.paymentId }],
    })
  })

  it('run again finds that all agrees, and the report still tells what the first run did', async () => {
    expect(await compare('2026-03-11T03:00:00Z')).toEqual({ ...none, compared: 2 })
    expect((await findReconciliation(deps.table, '2026-03-10'))?.differences).toMatchObject([{ kind: 'settled_late' }])
  })

  it('reports what was settled here and is not on the provider’s list', async () => {
    deps.clock.set('2026-03-12T12:00:00.000Z')
    const payment = await buy('d-missing', { priceId: 'pro-month' })
    // Two of 10 March, which is among the last four days, and this one.
    expect(await listing(async function* () {})('2026-03-13T03:00:00Z')).toEqual({ ...none, differing: 3 })
    expect((await findReconciliation(deps.table, '2026-03-12'))?.differences).toEqual([
      expect.objectContaining({ kind: 'missing_at_provider', paymentId: payment.id }),
    ])
  })

  it('a provider’s bad minute costs the others nothing; what was settled before it is told once', async () => {
    deps.clock.set('2026-03-20T12:00:00.000Z')
    const begun = await begin('d-minute', { priceId: 'pro-month' })
    pay('razorpay', begun.providerOrderId ?? '', { outcome: 'lost_callback' })
    const cut = listing(async function* (day, real) {
      if (day !== '2026-03-20') return
      yield* real.listPayments(day)
      throw new GatewayError('razorpay', 'unavailable', { code: 'rate_limited' })
    })
    deps.metrics.length = 0
    await expect(cut('2026-03-21T03:00:00Z')).rejects.toThrow('rate_limited')
    const first = await findReconciliation(deps.table, '2026-03-20')
    expect(first?.differences).toMatchObject([
      { kind: 'settled_late', paymentId: begun.paymentId },
      { kind: 'not_compared', provider: 'razorpay', providerPaymentId: null },
    ])
    expect(Object.keys(first?.parts ?? {}).sort()).toEqual(['paystack', 'razorpay', 'stripe'])
    await expect(cut('2026-03-21T03:00:00Z')).rejects.toThrow('rate_limited')
    const told = () => deps.metrics.filter(({ name }) => name === 'ReconciliationDifference').map(({ value }) => value)
    expect(told()).toEqual([2])
    expect(await compare('2026-03-21T03:00:00Z')).toEqual({ ...none, compared: 1 })
    expect((await findReconciliation(deps.table, '2026-03-20'))?.differences).toMatchObject([
      { kind: 'settled_late', paymentId: begun.paymentId },
    ])
  })

  it('money that was authorised days late is found on the list of its day; what is known is not told of again', async () => {
    deps.clock.set('2026-04-01T12:00:00.000Z')
    const begun = await begin('d-late', { priceId: 'pro-month' })
    pay('razorpay', begun.providerOrderId ?? '', { outcome: 'lost_callback' })
    const unknown = await begin('d-unknown', { priceId: 'pro-month' })
    pay('razorpay', unknown.providerOrderId ?? '', { outcome: 'lost_callback' })
    const early = listing(async function* (day, real) {
      for await (const one of real.listPayments(day)) {
        const { providerOrderId, ...nameless } = one
        const isFailed = providerOrderId === begun.providerOrderId
        yield isFailed ? { ...one, status: 'failed' } : nameless
      }
    })
    expect(await early('2026-04-02T03:00:00Z')).toEqual({ ...none, compared: 2, differing: 1 })
    const late = listing(async function* (day, real) {
      for await (const one of real.listPayments(day)) {
        const { providerOrderId, ...nameless } = one
        yield providerOrderId === begun.providerOrderId ? one : nameless
      }
    })
    expect(await late('2026-04-05T03:00:00Z')).toEqual({ ...none, compared: 2, settled: 1, differing: 1 })
    expect((await stored('d-late', begun.paymentId)).status).toBe('completed')
    expect(await late('2026-04-06T03:00:00Z')).toEqual(none)
  })

  it('what cannot be read on a list is counted', async () => {
    const odd = await providerThat(deps, (real) => ({
      listPayments: async function* (day: string, unreadable: () => void = () => {}) {
        if (real.provider === 'stripe') unreadable()
        yield* real.listPayments(day)
      },
    }))
    deps.clock.set('2026-05-01T12:00:00.000Z')
    expect(await compare('2026-05-02T03:00:00Z', odd)).toEqual({ ...none, unreadable: 4 })
  })
})
