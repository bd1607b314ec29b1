import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/payments/summarizePayments'
import { summarizePayments } from '#operations/paymentHistory'
import { paymentKey } from '#table/keys'
import { type Invocation, invoke, testDeps } from '#test/support/deps'
import { made, put } from './historySupport.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const range = { from: '2026-03-01T00:00:00Z', to: '2026-04-01T00:00:00Z' }
const summarize = (account: string, query: Record<string, string> = range, call: Invocation = {}) =>
  invoke(summarizePayments, run, deps, { account, query, ...call })

describe('summarizePayments', () => {
  it('200 counts every payment of the range and spends what was kept of the completed ones', async () => {
    const account = await made(deps, 's-all')
    await put(deps, account, { amountMinor: 1000 })
    await put(deps, account, { amountMinor: 900, status: 'partially_refunded', refundedMinor: 300 })
    await put(deps, account, { amountMinor: 800, status: 'refunded', refundedMinor: 800 })
    await put(deps, account, { amountMinor: 500, status: 'disputed' })
    const lost = { disputeId: 'dp_1', amountMinor: 400, opened: true, outcome: { won: false, at: deps.clock.now() } }
    await put(deps, account, { amountMinor: 450, status: 'disputed', disputes: [lost] })
    await put(deps, account, { amountMinor: 70_000, status: 'review' })
    await put(deps, account, { amountMinor: 60_000, status: 'failed', capturedMinor: 0 })
    await put(deps, account, { amountMinor: 50_000, status: 'pending', capturedMinor: 0 })
    await put(deps, account, { amountMinor: 40_000, createdAt: Date.parse(range.to) })
    expect((await summarize(account)).body).toEqual({
      count: 8,
      completed: 5,
      failed: 1,
      spent: [{ currency: 'USD', amount: 2150 }],
    })
  })

  it('200 keeps currencies apart', async () => {
    const account = await made(deps, 's-currencies')
    await put(deps, account, { amountMinor: 500, currency: 'JPY' })
    await put(deps, account, { amountMinor: 100, currency: 'INR' })
    await put(deps, account, { amountMinor: 250, currency: 'JPY' })
    expect((await summarize(account)).body.spent).toEqual([
      { currency: 'INR', amount: 100 },
      { currency: 'JPY', amount: 750 },
    ])
  })

  it('200 nothing for a login that never bought', async () => {
    const { body } = await summarize('s-login', range, { as: 'customer' })
    expect(body).toEqual({ count: 0, completed: 0, failed: 0, spent: [] })
  })

  it.each([
    ['without a range', {}],
    ['with one end', { from: range.from }],
    ['over 367 days', { from: '2025-01-01T00:00:00Z', to: '2026-01-03T00:00:00Z' }],
    ['backwards', { from: range.to, to: range.from }],
  ])('400 %s', async (_name, query: Record<string, string>) => {
    await made(deps, 's-bad')
    expect(await summarize('s-bad', query)).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  it('400 rather than a wrong sum when there are more than 2,000 rows', async () => {
    const account = await made(deps, 's-many')
    await put(deps, account, {})
    const row = paymentKey(account, 'fpay_01KKB000000000000000000000').sk
    const rows = (count: number, from: number) =>
      Array.from({ length: count }, (_, index) => ({
        kind: 'put' as const,
        item: { ...paymentKey(account, 'x'), sk: `${row}#RFD#${from + index}`, entity: 'refund' },
        when: 'unconditional' as const,
      }))
    for (let from = 0; from < 1999; from += 100) await deps.table.write(rows(Math.min(100, 1999 - from), from))
    expect((await summarize(account)).body.count).toBe(1)
    await deps.table.write(rows(1, 1999))
    expect(await summarize(account)).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  it('404 for an account that nobody made', async () => {
    expect(await summarize('nobody')).toMatchObject({ status: 404, code: 'not_found' })
  })
})
