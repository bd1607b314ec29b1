import { afterAll, describe, expect, it } from 'vitest'
import { run as startRenewalsRun } from '#functions/subscriptions/startRenewals'
import { startRenewals } from '#operations/renewals'
import { handleJob } from '#runtime/job'
import { takeSent } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { subscribedAt } from '#test/support/renewals'

const deps = await testDeps({ now: '2026-01-31T10:00:00.000Z' })
afterAll(() => deps.stop())
const start = (scheduledAt: string) => handleJob(startRenewals, startRenewalsRun, deps, { scheduledAt })

describe('startRenewals', () => {
  it('queues the subscriptions that are due, and no other; again, they are queued again', async () => {
    const first = await subscribedAt(deps, 'run-one', '2026-02-28T10:00:00.000Z')
    await subscribedAt(deps, 'run-later', '2026-03-05T10:00:00.000Z')
    deps.clock.set('2026-03-01T02:00:00.000Z')
    for (const _round of [1, 2]) {
      expect(await start('2026-03-01T02:00:00.000Z')).toEqual({ queued: 1 })
      expect(takeSent(deps, 'renewal')).toEqual([
        { accountId: 'run-one', subscriptionId: first, requestId: expect.stringMatching(/^req_/) },
      ])
    }
  })

  it('run late it looks at what is due now', async () => {
    deps.clock.set('2026-03-06T00:00:00.000Z')
    expect(await start('2026-03-01T02:00:00.000Z')).toEqual({ queued: 2 })
  })
})
