import { afterAll, describe, expect, it } from 'vitest'
import { run as sweepRun } from '#functions/operation/sweepOutbox'
import { run as numberRun } from '#functions/payments/numberInvoices'
import { sweepOutbox } from '#operations/operation'
import { numberInvoices } from '#operations/paymentHistory'
import { handleJob } from '#runtime/job'
import { handleMessages } from '#runtime/worker'
import { callsOf, outboxRows, recordsOf, takeSent } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { paymentOf, putInvoice } from '../payments/historySupport.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const { putAccount, recordUsage } = callsOf(deps)

const cross = async (account: string) => {
  await putAccount({ account, body: { email: 'a@example.com' } })
  await recordUsage({ account, body: { feature: 'reports', quantity: 3 } })
}
const minute = 60_000
const sweep = (scheduledAt = '2026-03-10T12:00:00.000Z') => handleJob(sweepOutbox, sweepRun, deps, { scheduledAt })

describe('sweepOutbox', () => {
  it('leaves a row to the stream for a quarter of an hour of real time, then sends and deletes it', async () => {
    await cross('swept')
    expect(await sweep()).toEqual({ sent: 0, series: 0 })
    deps.clock.passReal(14 * minute)
    expect(await sweep()).toEqual({ sent: 0, series: 0 })
    deps.clock.passReal(2 * minute)
    expect(await sweep()).toEqual({ sent: 1, series: 0 })
    expect(takeSent(deps, 'outbox')).toMatchObject([{ accountId: 'swept', kind: 'usage_limit' }])
    expect(await outboxRows(deps)).toEqual([])
    expect(await sweep()).toEqual({ sent: 0, series: 0 })
  })

  it('finds rows under real time, wherever the test clock stands', async () => {
    deps.clock.set('2031-01-01T00:00:00.000Z')
    await cross('elsewhen')
    deps.clock.passReal(16 * minute)
    expect(await sweep('2031-01-01T00:15:00.000Z')).toEqual({ sent: 1, series: 0 })
  })

  it('looks back as far as rows live once a night', async () => {
    await cross('outage')
    deps.clock.passReal(5 * 24 * 60 * minute)
    expect(await sweep('2031-01-06T02:45:00.000Z')).toEqual({ sent: 0, series: 0 })
    expect(await sweep('2031-01-06T03:00:00.000Z')).toEqual({ sent: 1, series: 0 })
  })

  it('a queue that takes nothing leaves the rows for the next run', async () => {
    await cross('kept')
    deps.clock.passReal(16 * minute)
    const send = () => Promise.reject(new Error('the queue is down'))
    await expect(handleJob(sweepOutbox, sweepRun, { ...deps, queues: { send } }, {})).rejects.toThrow(
      'the queue is down',
    )
    expect(await sweep()).toEqual({ sent: 1, series: 0 })
  })
})

describe('sweepOutbox, for invoices that wait for a number', () => {
  it('wakes each series once, of this year and the last, and none that is numbered', async () => {
    const own = await testDeps({ now: '2026-12-30T12:00:00.000Z' })
    const run = () => handleJob(sweepOutbox, sweepRun, own, { scheduledAt: '2026-12-30T12:00:00.000Z' })
    await Promise.all([putInvoice(own, paymentOf(own, 'a')), putInvoice(own, paymentOf(own, 'b'))])
    expect(await run()).toEqual({ sent: 0, series: 1 })
    own.clock.set('2027-01-02T00:00:00.000Z')
    await putInvoice(own, paymentOf(own, 'c'))
    expect(await run()).toEqual({ sent: 0, series: 2 })
    const sent = takeSent(own, 'number')
    expect(sent).toMatchObject([{ series: 'INV-2026' }, { series: 'INV-2026' }, { series: 'INV-2027' }])
    const { batchItemFailures } = await handleMessages(numberInvoices, numberRun, own, recordsOf(sent))
    expect(batchItemFailures).toEqual([])
    expect(await run()).toEqual({ sent: 0, series: 0 })
    expect(takeSent(own, 'number')).toEqual([])
    await own.stop()
  })
})
