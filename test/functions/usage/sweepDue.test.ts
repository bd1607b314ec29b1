import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/usage/sweepDue'
import { sweepDue } from '#operations/usage'
import { handleJob } from '#runtime/job'
import { runKey } from '#table/keys'
import { callsOf, settleAll, settleMessages, takeSent } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const now = '2026-03-10T12:00:00.000Z'
const monthEnd = '2026-04-01T00:00:00.000Z'
const deps = await testDeps({ now })
afterAll(() => deps.stop())
const { grantPlan, putAccount, recordUsage } = callsOf(deps)

const sweep = async (scheduledAt: string) => {
  await handleJob(sweepDue, run, deps, { scheduledAt })
  return takeSent(deps, 'due')
}

describe('sweepDue', () => {
  it('queues what has fallen due by key, and nothing that is due a millisecond later', async () => {
    await putAccount({ account: 'due', body: { email: 'a@example.com' } })
    await recordUsage({ account: 'due', body: { feature: 'reports' } })
    deps.clock.set('2026-03-31T23:59:59.999Z')
    expect(await sweep('2026-03-31T23:59:59.999Z')).toEqual([])
    deps.clock.set(monthEnd)
    const due = { pk: 'ACCOUNT#due', sk: 'USE#reports#month#2026-03-01T00:00:00.000Z' }
    expect(await sweep(monthEnd)).toEqual([due])
    expect(await sweep(monthEnd)).toEqual([due])
    await settleMessages(deps, [due])
    expect(await sweep(monthEnd)).toEqual([])
  })

  it('a late run looks at what is due now, not at what was due when it should have run', async () => {
    deps.clock.set(now)
    await putAccount({ account: 'late', body: { email: 'a@example.com' } })
    await recordUsage({ account: 'late', body: { feature: 'reports' } })
    deps.clock.set(monthEnd)
    expect(await sweep('2026-03-31T23:45:00.000Z')).toHaveLength(1)
    await settleAll(deps)
  })

  it('finds granted plans whose end has come, also beside a hundred windows', async () => {
    deps.clock.set(now)
    for (let count = 0; count < 40; count++) {
      const account = `many-${count}`
      await putAccount({ account, body: { email: 'a@example.com' } })
      await recordUsage({ account, body: { feature: 'reports' } })
      await recordUsage({ account, body: { feature: 'image' } })
      await grantPlan({ account, body: { priceId: 'team-month', until: monthEnd, reason: 'x' } })
    }
    deps.clock.set(monthEnd)
    const messages = await sweep(monthEnd)
    expect(messages).toHaveLength(120)
    expect(new Set(messages.map((message) => JSON.stringify(message))).size).toBe(120)
    expect(messages).toContainEqual({
      pk: 'ACCOUNT#many-7',
      sk: expect.stringMatching(/^SUB#sub_/),
    })
  })

  it('reports what it did under its scheduled time', async () => {
    await sweep('2026-04-01T00:15:00.000Z')
    expect(await deps.table.get(runKey('sweepDue', '2026-04-01T00:15:00.000Z'))).toMatchObject({
      did: { queued: 120 },
      ttl: expect.any(Number),
    })
  })

  it('a table that does not answer is a defect, told once', async () => {
    const table = { ...deps.table, query: () => Promise.reject(new Error('down')) }
    await expect(handleJob(sweepDue, run, { ...deps, table }, {})).rejects.toThrow('down')
    expect(deps.metrics).toEqual([{ name: 'Defect', value: 1, dimensions: { area: 'usage' } }])
  })
})
