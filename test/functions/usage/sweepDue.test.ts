import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/usage/sweepDue'
import { sweepDue } from '#operations/usage'
import { handleJob } from '#runtime/job'
import { duePk, duePosition, runKey } from '#table/keys'
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
    expect(messages).toHaveLength(80)
    expect(new Set(messages.map((message) => JSON.stringify(message))).size).toBe(80)
    const plans = takeSent(deps, 'renewal')
    expect(plans).toHaveLength(40)
    expect(plans).toContainEqual({
      accountId: 'many-7',
      subscriptionId: expect.stringMatching(/^sub_/),
      requestId: expect.stringMatching(/^req_/),
    })
  })

  it('fans out by what is due: events, payments, subscriptions, and everything else', async () => {
    deps.clock.set('2026-03-20T12:00:00.000Z')
    const keys = [
      { pk: 'EVT#stripe#evt_1:a.b=c', sk: 'EVENT' },
      { pk: `EVT#razorpay#${'0'.repeat(64)}`, sk: 'EVENT' },
      { pk: 'ACCOUNT#due-pays', sk: 'PAY#fpay_01JD3Q5Z7V8W9X0Y1Z2A3B4C5D' },
      { pk: 'ACCOUNT#due-pays', sk: 'SUB#sub_1' },
      { pk: 'ACCOUNT#due-pays', sk: 'USE#reports#month#2026-03-01T00:00:00.000Z' },
    ]
    const gsi2 = (key: { pk: string; sk: string }, at: string) => ({
      gsi2pk: duePk(3),
      gsi2sk: duePosition(Date.parse(at), key),
    })
    const put = (key: { pk: string; sk: string }, at: string) =>
      deps.table.write([{ kind: 'put', item: { ...key, entity: 'x', ...gsi2(key, at) }, when: 'unconditional' }])
    for (const key of keys) await put(key, '2026-03-20T12:00:00.000Z')
    await put({ pk: 'EVT#stripe#evt_later', sk: 'EVENT' }, '2026-03-20T12:00:00.001Z')
    expect(await sweep('2026-03-20T12:00:00.000Z')).toEqual([keys[4]])
    const requestId = expect.stringMatching(/^req_/)
    expect(takeSent(deps, 'webhook')).toEqual([
      { provider: 'razorpay', eventKey: '0'.repeat(64), requestId },
      { provider: 'stripe', eventKey: 'evt_1:a.b=c', requestId },
    ])
    expect(takeSent(deps, 'renewal')).toEqual([{ accountId: 'due-pays', subscriptionId: 'sub_1', requestId }])
    expect(takeSent(deps, 'payment')).toEqual([
      { accountId: 'due-pays', paymentId: 'fpay_01JD3Q5Z7V8W9X0Y1Z2A3B4C5D', requestId },
    ])
    for (const key of [...keys, { pk: 'EVT#stripe#evt_later', sk: 'EVENT' }])
      await deps.table.write([{ kind: 'delete', key, when: 'unconditional' }])
    deps.clock.set(monthEnd)
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
