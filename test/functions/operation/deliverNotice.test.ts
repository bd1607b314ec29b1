import { afterAll, describe, expect, it } from 'vitest'
import { noticeKinds } from '#domain/paymentWrite'
import { run } from '#functions/operation/deliverNotice'
import { deliverNotice } from '#operations/operation'
import { handleMessages } from '#runtime/worker'
import { noticeKey } from '#table/keys'
import { callsOf, recordsOf } from '#test/support/calls'
import { strangerId, testDeps } from '#test/support/deps'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const { listNotices, putAccount } = callsOf(deps)

const createdAt = Date.parse('2026-03-10T12:00:00.000Z')
const message = {
  id: strangerId('out', createdAt),
  kind: 'usage_limit',
  accountId: 'told',
  createdAt,
  feature: 'reports',
  used: 3,
  limit: 3,
  resetsAt: Date.parse('2026-04-01T00:00:00.000Z'),
  requestId: 'req-1',
}
const deliver = (...messages: unknown[]) => handleMessages(deliverNotice, run, deps, recordsOf(messages))

describe('deliverNotice', () => {
  it('puts the notice where the account can read it, for 90 days', async () => {
    await putAccount({ account: 'told', body: { email: 'a@example.com' } })
    expect(await deliver(message)).toEqual({ batchItemFailures: [] })
    expect((await listNotices({ account: 'told' })).body.data).toEqual([
      {
        id: message.id,
        kind: 'usage_limit',
        feature: 'reports',
        used: 3,
        limit: 3,
        resetsAt: '2026-04-01T00:00:00.000Z',
        data: null,
        createdAt: '2026-03-10T12:00:00.000Z',
      },
    ])
    const row = await deps.table.get(noticeKey('told', message.id))
    const days = (Number(row?.ttl) - deps.clock.real() / 1000) / 86_400
    expect(days).toBeGreaterThan(89.99)
    expect(days).toBeLessThan(90.01)
  })

  it('logs what each message of a batch consumed, not those before it', async () => {
    let calls = 0
    const spent = () => {
      calls += 2
      return { readUnits: calls, writeUnits: calls, calls }
    }
    const batch = [1, 2].map((n) => ({ ...message, accountId: 'batch', id: strangerId('out', createdAt + n) }))
    await handleMessages(deliverNotice, run, { ...deps, spent }, recordsOf(batch))
    const lines = deps.logged.filter((line) => line.message === 'message').slice(-2)
    expect(lines.map(({ fields }) => fields.calls)).toEqual([2, 2])
  })

  it('tells of money by its kind and facts, without those of limits', async () => {
    await putAccount({ account: 'paid', body: { email: 'a@example.com' } })
    const data = { paymentId: 'fpay_1', amountMinor: 500, periodEnd: null }
    const notices = noticeKinds.map((kind, index) => ({
      id: strangerId('out', createdAt + index),
      kind,
      accountId: 'paid',
      createdAt,
      data,
      requestId: 'req-1',
    }))
    expect(await deliver(...notices)).toEqual({ batchItemFailures: [] })
    const told = (await listNotices({ account: 'paid' })).body.data
    expect(told.map(({ kind }) => kind)).toEqual(noticeKinds.toReversed())
    expect(told[0]).toEqual({
      id: notices.at(-1)?.id,
      kind: 'refund.failed',
      feature: null,
      used: null,
      limit: null,
      resetsAt: null,
      data,
      createdAt: '2026-03-10T12:00:00.000Z',
    })
  })

  it.each([
    ['a member that is a list', { reasons: ['amount'] }],
    ['text without end', { reason: 'x'.repeat(501) }],
    ['too many members', Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`m${index}`, index]))],
  ])('takes no notice with %s', async (_what, data) => {
    const notice = { ...message, kind: 'payment.failed', id: strangerId('out', createdAt + 50), data }
    expect((await deliver(notice)).batchItemFailures).toEqual([{ itemIdentifier: 'message-0' }])
  })

  it('twice, also side by side, is once', async () => {
    await Promise.all([deliver(message), deliver(message, message)])
    expect((await listNotices({ account: 'told' })).body.data).toHaveLength(1)
  })

  it('reports back a message of another shape; the others are delivered', async () => {
    const other = { ...message, id: strangerId('out', createdAt + 1) }
    const answer = await deliver({ ...message, kind: 'birthday' }, other)
    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: 'message-0' }])
    expect((await listNotices({ account: 'told' })).body.data).toHaveLength(2)
  })
})
