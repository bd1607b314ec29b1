import { afterAll, describe, expect, it } from 'vitest'
import { run as listRenewalRunsRun } from '#functions/subscriptions/listRenewalRuns'
import { listRenewalRuns } from '#operations/renewals'
import { commit } from '#table/commit'
import { countRenewalWrite } from '#table/renewalRuns'
import { type Invocation, invoke, testDeps } from '#test/support/deps'

const deps = await testDeps({ now: '2026-03-10T10:00:00.000Z' })
afterAll(() => deps.stop())
const list = (call: Invocation = {}) => invoke(listRenewalRuns, listRenewalRunsRun, deps, call)
const did = { due: 1, renewed: 1, failed: 0, skipped: 0, amounts: { USD: 3200 } }

describe('listRenewalRuns', () => {
  it('200 adds up what the workers of a day did, side by side, newest day first', async () => {
    const at = { now: deps.clock.now(), real: deps.clock.real() }
    const counted = (day: string, what = did) => commit(deps.table, [countRenewalWrite(day, what, at)])
    await Promise.all(Array.from({ length: 10 }, () => counted('2026-03-09')))
    await counted('2026-03-10', { ...did, renewed: 0, failed: 1, amounts: { USD: 0 } })
    expect((await list()).body).toEqual({
      month: '2026-03',
      data: [
        { day: '2026-03-10', due: 1, renewed: 0, failed: 1, skipped: 0, amounts: [{ currency: 'USD', amount: 0 }] },
        {
          day: '2026-03-09',
          due: 10,
          renewed: 10,
          failed: 0,
          skipped: 0,
          amounts: [{ currency: 'USD', amount: 32_000 }],
        },
      ],
    })
  })

  it('200 with nothing for a month without renewals; 400 for what is no month; 403 for others than staff', async () => {
    expect((await list({ query: { month: '2025-01' } })).body.data).toEqual([])
    expect((await list({ query: { month: '2025-13' } })).status).toBe(400)
    expect((await list({ subject: 'somebody' })).code).toBe('forbidden')
  })
})
