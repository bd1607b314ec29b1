import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/operation/sweepOutbox'
import { sweepOutbox } from '#operations/operation'
import { handleJob } from '#runtime/job'
import { callsOf, outboxRows, takeSent } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const { putAccount, recordUsage } = callsOf(deps)

const cross = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  await recordUsage({ account, body: { feature: 'reports', quantity: 3 } })
}
const minute = 60_000
const sweep = (scheduledAt = '2026-03-10T12:00:00.000Z') => handleJob(sweepOutbox, run, deps, { scheduledAt })

describe('sweepOutbox', () => {
  it('leaves a row to the stream for a quarter of an hour of real time, then sends and deletes it', async () => {
    await cross('swept')
    expect(await sweep()).toEqual({ sent: 0 })
    deps.clock.passReal(14 * minute)
    expect(await sweep()).toEqual({ sent: 0 })
    deps.clock.passReal(2 * minute)
    expect(await sweep()).toEqual({ sent: 1 })
    expect(takeSent(deps, 'outbox')).toMatchObject([{ accountId: 'swept', kind: 'usage_limit' }])
    expect(await outboxRows(deps)).toEqual([])
    expect(await sweep()).toEqual({ sent: 0 })
  })

  it('finds rows under real time, wherever the test clock stands', async () => {
    deps.clock.set('2031-01-01T00:00:00.000Z')
    await cross('elsewhen')
    deps.clock.passReal(16 * minute)
    expect(await sweep('2031-01-01T00:15:00.000Z')).toEqual({ sent: 1 })
  })

  it('looks back as far as rows live once a night', async () => {
    await cross('outage')
    deps.clock.passReal(5 * 24 * 60 * minute)
    expect(await sweep('2031-01-06T02:45:00.000Z')).toEqual({ sent: 0 })
    expect(await sweep('2031-01-06T03:00:00.000Z')).toEqual({ sent: 1 })
  })

  it('a queue that takes nothing leaves the rows for the next run', async () => {
    await cross('kept')
    deps.clock.passReal(16 * minute)
    const send = () => Promise.reject(new Error('the queue is down'))
    await expect(handleJob(sweepOutbox, run, { ...deps, queues: { send } }, {})).rejects.toThrow('the queue is down')
    expect(await sweep()).toEqual({ sent: 1 })
  })
})
