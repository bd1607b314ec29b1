import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/operation/auditLedgers'
import { auditLedgers } from '#operations/operation'
import { handleJob } from '#runtime/job'
import { callsOf, takeSent } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())

const accountsIn = (messages: unknown[]): string[][] => messages.map((message) => Object(message).accountIds)

describe('auditLedgers', () => {
  it('queues every account exactly once, in messages of at most 25', async () => {
    const ids = Array.from({ length: 300 }, (_, at) => `account-${at}`)
    const { putAccount } = callsOf(deps)
    for (const account of ids) await putAccount({ account, body: { email: 'a@example.com' } })
    expect(await handleJob(auditLedgers, run, deps, {})).toEqual({ accounts: 300 })
    const messages = accountsIn(takeSent(deps, 'audit'))
    expect(messages.flat().sort()).toEqual(ids.sort())
    expect(Math.max(...messages.map(({ length }) => length))).toBe(25)
  })

  it('a queue that takes nothing fails the run, so that the schedule tries again', async () => {
    const send = () => Promise.reject(new Error('the queue is down'))
    await expect(handleJob(auditLedgers, run, { ...deps, queues: { send } }, {})).rejects.toThrow('the queue is down')
    expect(deps.metrics).toEqual([{ name: 'Defect', value: 1, dimensions: { area: 'operation' } }])
  })
})
