import { afterAll, describe, expect, it } from 'vitest'
import { run as comparePaymentsRun } from '#functions/payments/comparePayments'
import { comparePayments } from '#operations/payments'
import { handleJob } from '#runtime/job'
import { findReconciliation } from '#table/reconciliations'
import { buyingOf } from '#test/support/buying'
import { testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'

const deps = await testDeps({ product: 'resume-ats', now: '2026-03-10T12:00:00.000Z' })
const bench = await withFakes(deps)
afterAll(async () => {
  await bench.stop()
  await deps.stop()
})
const { begin, buy, pay, stored } = buyingOf(deps, bench)
const compare = (scheduledAt: string) => handleJob(comparePayments, comparePaymentsRun, deps, { scheduledAt })

describe('comparePayments', () => {
  it('settles money that nobody told of, and reports it; the settled ones agree', async () => {
    await buy('d-told', { priceId: 'pro-month' })
    const begun = await begin('d-untold', { priceId: 'pro-month' })
    pay('razorpay', begun.providerOrderId ?? '', { outcome: 'lost_callback' })
    deps.clock.set('2026-03-11T03:00:00.000Z')
    expect(await compare('2026-03-11T03:00:00Z')).toEqual({ compared: 2, settled: 1, differing: 1 })
    expect((await stored('d-untold', begun.paymentId)).status).toBe('completed')
    expect(await findReconciliation(deps.table, '2026-03-10')).toMatchObject({
      differing: 1,
      differences: [{ kind: 'settled_late', provider: 'razorpay', paymentId: begun.paymentId }],
    })
  })

  it('run again says that all agrees', async () => {
    expect(await compare('2026-03-11T03:00:00Z')).toEqual({ compared: 2, settled: 0, differing: 0 })
  })

  it('reports what was settled here and is not on the provider’s list', async () => {
    deps.clock.set('2026-03-12T12:00:00.000Z')
    const payment = await buy('d-missing', { priceId: 'pro-month' })
    const lists = { ...(await deps.payments()) }
    const { gateway } = lists
    deps.payments = async () => ({
      ...lists,
      gateway: (provider) => ({ ...gateway(provider), listPayments: async function* () {} }),
    })
    expect(await compare('2026-03-13T03:00:00Z')).toEqual({ compared: 0, settled: 0, differing: 1 })
    deps.payments = async () => lists
    expect((await findReconciliation(deps.table, '2026-03-12'))?.differences).toEqual([
      expect.objectContaining({ kind: 'missing_at_provider', paymentId: payment.id }),
    ])
  })
})
