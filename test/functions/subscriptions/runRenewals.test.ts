import { afterAll, describe, expect, it } from 'vitest'
import { run as runRenewalsRun } from '#functions/subscriptions/runRenewals'
import { runRenewals } from '#operations/renewals'
import { takeSent } from '#test/support/calls'
import { type Invocation, invoke, testDeps } from '#test/support/deps'
import { subscribedAt } from '#test/support/renewals'

const deps = await testDeps({ now: '2026-01-31T10:00:00.000Z' })
afterAll(() => deps.stop())
const runFor = (call: Invocation = {}) => invoke(runRenewals, runRenewalsRun, deps, call)

describe('runRenewals', () => {
  it('202 queues what was due by the end of the day that is named', async () => {
    await subscribedAt(deps, 'hand-one', '2026-02-10T10:00:00.000Z')
    await subscribedAt(deps, 'hand-two', '2026-02-11T10:00:00.000Z')
    deps.clock.set('2026-02-20T00:00:00.000Z')
    expect((await runFor({ body: { date: '2026-02-10' } })).body).toEqual({ date: '2026-02-10', queued: 1 })
    expect((await runFor()).body).toEqual({ date: '2026-02-20', queued: 2 })
    expect(takeSent(deps, 'renewal')).toHaveLength(3)
  })

  it('202 for a day to come queues only what is due by now', async () => {
    await subscribedAt(deps, 'hand-future', '2026-12-01T10:00:00.000Z')
    expect((await runFor({ body: { date: '2027-01-01' } })).body.queued).toBe(2)
  })

  it('403 for whoever is not staff, 400 for what is no date', async () => {
    expect(await runFor({ subject: 'somebody' })).toMatchObject({ status: 403, code: 'forbidden' })
    expect(await runFor({ body: { date: '2026-02-30' } })).toMatchObject({ status: 400, code: 'validation_failed' })
  })
})
