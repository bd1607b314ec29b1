import { afterAll, describe, expect, it } from 'vitest'
import { run as getReconciliationRun } from '#functions/payments/getReconciliation'
import { getReconciliation } from '#operations/payments'
import { commit } from '#table/commit'
import { putReconciliationWrite } from '#table/reconciliations'
import { type Invocation, invoke, testDeps } from '#test/support/deps'

const deps = await testDeps({ now: '2026-03-11T09:00:00.000Z' })
afterAll(() => deps.stop())
const get = (call: Invocation = {}) => invoke(getReconciliation, getReconciliationRun, deps, call)
const difference = {
  kind: 'unknown' as const,
  provider: 'stripe' as const,
  providerPaymentId: 'pi_1',
  paymentId: null,
  detail: 'paid at the provider, not made here',
}

describe('getReconciliation', () => {
  it('404 before the day was compared', async () => {
    expect(await get({ query: { day: '2020-01-01' } })).toMatchObject({ status: 404, code: 'not_found' })
  })

  it('200 shows yesterday’s where no day is named', async () => {
    const at = { now: deps.clock.now(), real: deps.clock.real() }
    const found = { compared: 3, settled: 0, unreadable: 1, differences: [difference] }
    await commit(deps.table, [putReconciliationWrite('2026-03-10', 'stripe', found, undefined, at)])
    expect((await get()).body).toEqual({
      day: '2026-03-10',
      compared: 3,
      settled: 0,
      unreadable: 1,
      differing: 1,
      differences: [difference],
      comparedAt: '2026-03-11T09:00:00.000Z',
    })
  })

  it('403 for whoever is not staff', async () => {
    expect(await get({ subject: 'somebody' })).toMatchObject({ status: 403, code: 'forbidden' })
  })
})
