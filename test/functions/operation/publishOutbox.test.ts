import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/operation/publishOutbox'
import { publishOutbox } from '#operations/operation'
import { handleChanges } from '#runtime/stream'
import { numberWaitsWrite } from '#table/outbox'
import { callsOf, insertsOf, outboxRows, takeSent } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const { putAccount, recordUsage } = callsOf(deps)

/** Rows of one notice each, as the write that crossed a limit left them. */
async function rowsOf(...accounts: string[]) {
  for (const account of accounts) {
    await putAccount({ account, body: { email: 'a@example.com' } })
    await recordUsage({ account, body: { feature: 'reports', quantity: 3 }, headers: { 'x-request-id': 'req-9' } })
  }
  return (await outboxRows(deps)).filter(({ accountId }) => accounts.includes(String(accountId)))
}

describe('publishOutbox', () => {
  it('sends a new row as the queue’s message and deletes it', async () => {
    const rows = await rowsOf('pub-one')
    expect(rows).toHaveLength(1)
    expect(await handleChanges(publishOutbox, run, deps, insertsOf(rows))).toEqual({ batchItemFailures: [] })
    expect(takeSent(deps, 'outbox')).toEqual([
      {
        id: rows[0]?.id,
        kind: 'usage_limit',
        accountId: 'pub-one',
        createdAt: Date.parse('2026-03-10T12:00:00.000Z'),
        feature: 'reports',
        used: 3,
        limit: 3,
        resetsAt: Date.parse('2026-04-01T00:00:00.000Z'),
        requestId: 'req-9',
      },
    ])
    expect(await outboxRows(deps)).toEqual([])
  })

  it('sends a row to the queue that it names', async () => {
    const at = { now: deps.clock.now(), real: deps.clock.real() }
    const waits = { series: 'INV-2026', requestId: 'req-9' }
    await deps.table.write([numberWaitsWrite(waits, at, deps.ids.random())])
    const rows = await outboxRows(deps)
    expect(await handleChanges(publishOutbox, run, deps, insertsOf(rows))).toEqual({ batchItemFailures: [] })
    expect(takeSent(deps, 'number')).toEqual([waits])
    expect(takeSent(deps, 'outbox')).toEqual([])
    expect(await outboxRows(deps)).toEqual([])
  })

  it('wakes whoever numbers invoices only when the index can show them', async () => {
    const at = { now: deps.clock.now(), real: deps.clock.real() }
    await deps.table.write([numberWaitsWrite({ series: 'INV-2026', requestId: 'req-9' }, at, deps.ids.random())])
    const delays: unknown[] = []
    const send = async (...[queue, , options]: Parameters<typeof deps.queues.send>) =>
      void delays.push([queue, options?.delaySeconds ?? 0])
    await handleChanges(publishOutbox, run, { ...deps, queues: { send } }, insertsOf(await outboxRows(deps)))
    expect(delays).toEqual([['number', 2]])
  })

  it('does nothing at a row’s deletion, which passes here too', async () => {
    const [row] = insertsOf(await rowsOf('pub-gone')).Records
    const record = {
      eventID: 'event-0',
      eventName: 'REMOVE' as const,
      dynamodb: { SequenceNumber: '1', OldImage: row?.dynamodb.NewImage },
    }
    expect(await handleChanges(publishOutbox, run, deps, { Records: [record] })).toEqual({ batchItemFailures: [] })
    expect(takeSent(deps, 'outbox')).toEqual([])
  })

  it('a queue that takes nothing: the row stays, and the stream goes on from the record that failed', async () => {
    const rows = await rowsOf('pub-a', 'pub-b', 'pub-c')
    let sends = 0
    const send = async () => {
      sends += 1
      if (sends === 2) throw new Error('the queue is down')
    }
    const answer = await handleChanges(publishOutbox, run, { ...deps, queues: { send } }, insertsOf(rows))
    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: '1' }])
    const left = (await outboxRows(deps)).map(({ id }) => id)
    expect(left).toEqual(expect.arrayContaining([rows[1]?.id, rows[2]?.id]))
    expect(left).not.toContain(rows[0]?.id)
    expect(deps.metrics).toEqual([{ name: 'Defect', value: 1, dimensions: { area: 'operation' } }])
  })
})
