import { afterAll, describe, expect, it } from 'vitest'
import { run as getRenewalStatsRun } from '#functions/subscriptions/getRenewalStats'
import { getRenewalStats } from '#operations/renewals'
import { commit } from '#table/commit'
import { countRenewalWrite } from '#table/renewalRuns'
import { type Invocation, invoke, testDeps } from '#test/support/deps'
import { subscribedAt } from '#test/support/renewals'

const deps = await testDeps({ now: '2026-03-02T10:00:00.000Z' })
afterAll(() => deps.stop())
const stats = (call: Invocation = {}) => invoke(getRenewalStats, getRenewalStatsRun, deps, call)

describe('getRenewalStats', () => {
  it('200 without renewals says that there is no rate', async () => {
    expect((await stats()).body).toMatchObject({ days: 7, renewed: 0, successRate: null, dueInSevenDays: 0 })
  })

  it('200 adds up the last days over the month’s end, and counts what falls due in a week', async () => {
    const at = { now: deps.clock.now(), real: deps.clock.real() }
    const days: [string, number, number][] = [
      ['2026-02-23', 100, 0],
      ['2026-02-28', 3, 1],
      ['2026-03-01', 6, 0],
    ]
    for (const [day, renewed, failed] of days)
      await commit(deps.table, [
        countRenewalWrite(day, { due: renewed + failed, renewed, failed, skipped: 0, amounts: { INR: renewed } }, at),
      ])
    await subscribedAt(deps, 'stats-soon', '2026-03-09T09:59:59.000Z')
    await subscribedAt(deps, 'stats-late', '2026-03-09T10:00:01.000Z')
    expect((await stats()).body).toEqual({
      days: 7,
      due: 10,
      renewed: 9,
      failed: 1,
      skipped: 0,
      amounts: [{ currency: 'INR', amount: 9 }],
      successRate: 0.9,
      dueInSevenDays: 1,
      dueIsComplete: true,
    })
  })

  it('400 for more days than 30, 403 for others than staff', async () => {
    expect((await stats({ query: { days: '31' } })).status).toBe(400)
    expect((await stats({ subject: 'somebody' })).code).toBe('forbidden')
  })
})
