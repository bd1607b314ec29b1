import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/payments/exportPayments'
import { exportPayments } from '#operations/paymentHistory'
import { type Invocation, invoke, testDeps } from '#test/support/deps'
import { made, orderOf, put } from './historySupport.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const download = (account: string, query: Record<string, string> = {}, call: Invocation = {}) =>
  invoke(exportPayments, run, deps, { account, query, ...call })

const header =
  'id,createdAt,completedAt,type,status,description,amount,refunded,lost,tax,currency,provider,providerOrderId,providerPaymentId'
const lines = (text: string) => text.split('\r\n')

describe('exportPayments', () => {
  it('200 a header row and a row for each payment, newest first, as a download', async () => {
    const account = await made(deps, 'e-rows')
    const createdAt = Date.parse('2026-03-01T08:00:00Z')
    const first = await put(deps, account, {
      createdAt,
      amountMinor: 123_456,
      providerOrderId: 'cs_1',
      providerPaymentId: 'pi_1',
      settled: { at: createdAt + 60_000, as: 'granted', providerPaymentId: 'pi_1' },
    })
    const second = await put(deps, account, { amountMinor: 500, currency: 'JPY', status: 'pending', capturedMinor: 0 })
    const answer = await download(account)
    expect(answer.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="payments.csv"',
      'cache-control': 'private, no-store',
    })
    expect(lines(answer.body)).toEqual([
      header,
      `${second.id},2026-03-10T12:00:00.000Z,,item,pending,A guide,500,0,0,0,JPY,stripe,,`,
      `${first.id},2026-03-01T08:00:00.000Z,2026-03-01T08:01:00.000Z,item,completed,A guide,1234.56,0.00,0.00,0.00,USD,stripe,cs_1,pi_1`,
      '',
    ])
  })

  it.each(['=HYPERLINK("http://x")', '+1', '-1+1', '@SUM(A1)', '\tx', '＝1'])(
    '200 no cell begins a formula: %j',
    async (description) => {
      const account = await made(deps, `e-formula-${description.codePointAt(0)}`)
      await put(deps, account, { order: orderOf(description, 1000) })
      const [, row = ''] = lines((await download(account)).body)
      const cell = /completed,("?)(.)/.exec(row)
      expect(cell?.[2]).toBe("'")
    },
  )

  it('200 commas, quotes and letters of other scripts come back as they were', async () => {
    const account = await made(deps, 'e-quotes')
    await put(deps, account, { order: orderOf('Größe "L", ₹ 5', 1000) })
    expect((await download(account)).body).toContain(',"Größe ""L"", ₹ 5",10.00,')
  })

  it('200 takes the filters of the list', async () => {
    const account = await made(deps, 'e-filter')
    const failed = await put(deps, account, { status: 'failed' })
    await put(deps, account, {})
    const rows = lines((await download(account, { status: 'failed' })).body)
    expect(rows.map((row) => row.split(',')[0])).toEqual(['id', failed.id, ''])
  })

  it('200 a header row alone where there is nothing', async () => {
    expect((await download('e-login', {}, { as: 'customer' })).body).toBe(`${header}\r\n`)
  })

  it('400 for a range that ends before it begins, and for a sort', async () => {
    await made(deps, 'e-bad')
    const query = { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }
    expect(await download('e-bad', query)).toMatchObject({ status: 400, code: 'validation_failed' })
    expect(await download('e-bad', { sort: 'amount' })).toMatchObject({ status: 400 })
  })

  it('404 for an account that nobody made', async () => {
    expect(await download('nobody')).toMatchObject({ status: 404, code: 'not_found' })
  })
})
