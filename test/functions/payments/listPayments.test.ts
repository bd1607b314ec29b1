import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/payments/listPayments'
import { listPayments } from '#operations/paymentHistory'
import type { Table } from '#table/port'
import { type Invocation, invoke, testDeps } from '#test/support/deps'
import { made, orderOf, put } from './historySupport.ts'
import { paid, refundCall, scriptRefunds } from './refundSupport.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const list = (call: Invocation) => invoke(listPayments, run, deps, call)
const at = (text: string) => Date.parse(text)

/** Every page of a list: its ids, and how many each page had. */
async function pages(account: string, query: Record<string, string> = {}) {
  const ids: string[] = []
  const sizes: number[] = []
  let cursor: string | null = null
  do {
    const { body } = await list({ account, query: { ...query, ...(cursor !== null && { cursor }) } })
    ids.push(...body.data.map(({ id }) => id))
    sizes.push(body.data.length)
    cursor = body.nextCursor
  } while (cursor !== null)
  return { ids, sizes }
}

/** Payments of one account a day apart, oldest first. */
async function days(account: string, count: number) {
  await made(deps, account)
  const ids: string[] = []
  for (let day = 0; day < count; day++) {
    const payment = await put(deps, account, { createdAt: deps.clock.now() - (count - day) * 86_400_000 })
    ids.push(payment.id)
  }
  return ids
}

describe('listPayments', () => {
  it('200 newest first, page by page, each once; as asked, oldest first', async () => {
    const ids = await days('p-pages', 7)
    expect(await pages('p-pages', { limit: '3' })).toEqual({ ids: ids.toReversed(), sizes: [3, 3, 1] })
    expect(await pages('p-pages', { limit: '3', order: 'asc' })).toEqual({ ids, sizes: [3, 3, 1] })
  })

  it('200 a full last page leads nowhere', async () => {
    await days('p-full', 4)
    expect((await pages('p-full', { limit: '2' })).sizes).toEqual([2, 2])
    expect((await pages('p-full', { limit: '4' })).sizes).toEqual([4])
  })

  it('200 refunds and invoices lie between payments and are no rows', async () => {
    scriptRefunds(deps)
    const account = 'p-refunds'
    const first = await paid(deps, 'item', { account })
    deps.clock.advance(1)
    const second = await paid(deps, 'item', { account })
    for (const key of ['a', 'b']) await refundCall(deps, first, { key, body: { amount: 100 } })
    expect((await pages(account, { limit: '1' })).ids).toEqual([second.id, first.id])
    expect((await pages(account, { limit: '1', order: 'asc' })).ids).toEqual([first.id, second.id])
    expect((await list({ account })).body.data[1]).toMatchObject({ id: first.id, amount: 700, refundPending: 200 })
  })

  it('200 of a range its first instant and not its last', async () => {
    const account = await made(deps, 'p-range')
    const times = ['2026-01-01T00:00:00.000Z', '2026-01-31T23:59:59.999Z', '2026-02-01T00:00:00.000Z']
    const ids: string[] = []
    for (const time of times) ids.push((await put(deps, account, { createdAt: at(time) })).id)
    const inRange = async (from: string, to: string) => (await pages(account, { from, to, order: 'asc' })).ids
    expect(await inRange('2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z')).toEqual(ids.slice(0, 2))
    expect(await inRange('2026-01-01T00:00:00.001Z', '2026-02-01T00:00:00.001Z')).toEqual(ids.slice(1))
    // An offset is the same instant written otherwise.
    expect(await inRange('2026-02-01T05:30:00+05:30', '2026-03-01T00:00:00Z')).toEqual(ids.slice(2))
  })

  it.each([
    [{ status: 'failed' }, 'failed'],
    [{ type: 'credit_pack' }, 'pack'],
    [{ q: 'ORDER_abc' }, 'order'],
    [{ q: 'pi_second' }, 'charge'],
    [{ q: 'bought long ago' }, 'described'],
    [{ q: '(' }, 'brackets'],
  ])('200 filtered by %j', async (query, expected) => {
    const account = `p-filter-${expected}`
    await made(deps, account)
    const wanted: Record<string, Parameters<typeof put>[2]> = {
      failed: { status: 'failed' },
      pack: { type: 'credit_pack' },
      order: { providerOrderId: 'order_ABC' },
      charge: { providerPaymentId: 'pi_second' },
      described: { order: orderOf('Bought long ago', 1000) },
      brackets: { order: orderOf('A (very) small one', 1000) },
    }
    const ids: Record<string, string> = {}
    for (const [name, over] of Object.entries(wanted)) ids[name] = (await put(deps, account, over)).id
    expect((await pages(account, query)).ids).toEqual([ids[expected]])
  })

  it('200 by amount within a range, in both directions and over pages', async () => {
    const account = await made(deps, 'p-amount')
    const amounts = [500, 900, 100, 900, 300]
    for (const amountMinor of amounts) {
      deps.clock.advance(1)
      await put(deps, account, { amountMinor, order: orderOf('x', amountMinor) })
    }
    const range = { from: '2026-03-01T00:00:00Z', to: '2026-04-01T00:00:00Z' }
    const by = async (order: string) => {
      const { ids } = await pages(account, { ...range, sort: 'amount', order, limit: '2' })
      const { data } = (await list({ account, query: range })).body
      return ids.map((id) => data.find((row) => row.id === id)?.amount)
    }
    expect(await by('asc')).toEqual([100, 300, 500, 900, 900])
    expect(await by('desc')).toEqual([900, 900, 500, 300, 100])
  })

  it('200 a request reads a bounded number of rows; what a filter leaves out is led past', async () => {
    const account = await made(deps, 'p-bounded')
    const oldest = await put(deps, account, { createdAt: at('2025-01-01T00:00:00Z'), status: 'failed' })
    const many = Array.from({ length: 620 }, (_, index) =>
      put(deps, account, { createdAt: at('2026-01-01T00:00:00Z') + index * 1000 }),
    )
    await Promise.all(many)
    let rows = 0
    const { table } = deps
    const counting: Table = {
      get: (key, options) => table.get(key, options),
      batchGet: (keys, options) => table.batchGet(keys, options),
      write: (writes) => table.write(writes),
      query: async (request) => {
        const page = await table.query(request)
        rows += page.items.length
        return page
      },
    }
    const first = await invoke(
      listPayments,
      run,
      { ...deps, table: counting },
      { account, query: { status: 'failed' } },
    )
    expect(rows).toBe(500)
    expect(first.body.data).toEqual([])
    expect(first.body.nextCursor).toEqual(expect.any(String))
    expect((await pages(account, { status: 'failed' })).ids).toEqual([oldest.id])
  })

  it.each([
    ['an order by amount without a range', { sort: 'amount' }],
    ['an order by amount over 367 days', { sort: 'amount', from: '2025-01-01T00:00:00Z', to: '2026-01-03T00:00:00Z' }],
    ['an order by amount with one end', { sort: 'amount', from: '2025-01-01T00:00:00Z' }],
    ['a range that ends where it begins', { from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }],
    ['an unknown status', { status: 'paid' }],
    ['a day without a time', { from: '2026-01-01' }],
    ['a long search', { q: 'x'.repeat(101) }],
    ['an unknown parameter', { page: '2' }],
    ['a limit of 101', { limit: '101' }],
  ])('400 for %s', async (_name, query: Record<string, string>) => {
    await made(deps, 'p-bad')
    expect(await list({ account: 'p-bad', query })).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  it('200 an order by amount over 366 days', async () => {
    await made(deps, 'p-leap')
    const query = { sort: 'amount', from: '2024-01-01T00:00:00Z', to: '2025-01-01T00:00:00Z' }
    expect(await list({ account: 'p-leap', query })).toMatchObject({ status: 200 })
  })

  it.each([
    ['of another account', 'p-cursor-else', {}],
    ['of another filter', 'p-cursor', { status: 'completed' }],
    ['of another order', 'p-cursor', { order: 'asc' }],
  ])('400 for a cursor %s', async (_name, account, query) => {
    await Promise.all([days('p-cursor', 2), made(deps, 'p-cursor-else')])
    const cursor = (await list({ account: 'p-cursor', query: { limit: '1' } })).body.nextCursor ?? ''
    expect(await list({ account, query: { limit: '1', ...query, cursor } })).toMatchObject({ status: 400 })
    expect(await list({ account: 'p-cursor', query: { limit: '2', cursor } })).toMatchObject({ status: 200 })
  })

  it('200 empty for a login that never bought; 404 for an account that nobody made; 403 without the scope', async () => {
    expect((await list({ as: 'customer', account: 'p-login' })).body).toEqual({ data: [], nextCursor: null })
    expect(await list({ account: 'nobody' })).toMatchObject({ status: 404, code: 'not_found' })
    expect(await list({ account: 'p-pages', scopes: ['usage:read'] })).toMatchObject({ status: 403 })
  })

  it('404 for a customer who names another account', async () => {
    const headers = { 'faregate-account': 'p-pages' }
    expect(await list({ as: 'customer', account: 'p-thief', headers })).toMatchObject({ status: 404 })
  })
})
