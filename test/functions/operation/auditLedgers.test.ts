import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/operation/auditLedgers'
import { auditLedgers } from '#operations/operation'
import { handleJob } from '#runtime/job'
import { accountShards } from '#table/keys'
import { takeSent } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())

describe('auditLedgers', () => {
  it('starts a walk through every shard of the directory', async () => {
    expect(await handleJob(auditLedgers, run, deps, {})).toEqual({ shards: accountShards })
    expect(takeSent(deps, 'audit')).toEqual(Array.from({ length: accountShards }, (_, shard) => ({ shard })))
  })

  it('a queue that takes nothing fails the run, so that the schedule tries again', async () => {
    const send = () => Promise.reject(new Error('the queue is down'))
    await expect(handleJob(auditLedgers, run, { ...deps, queues: { send } }, {})).rejects.toThrow('the queue is down')
    expect(deps.metrics).toEqual([{ name: 'Defect', value: 1, dimensions: { area: 'operation' } }])
  })
})
