import { afterAll, describe, expect, it } from 'vitest'
import { ulidOf } from '#domain/guard'
import { run as listPurchasesRun } from '#functions/purchases/listPurchases'
import { listPurchases } from '#operations/purchases'
import { commit } from '#table/commit'
import { putPurchaseWrite } from '#table/purchases'
import { callsOf } from '#test/support/calls'
import { invoke, testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())
const list = (account: string, query?: Record<string, string>) =>
  invoke(listPurchases, listPurchasesRun, deps, { account, ...(query && { query }) })

/** An account with `count` purchases of alternating products. */
async function owner(account: string, count: number) {
  await callsOf(deps).putAccount({ account, body: { email: `${account}@example.com` } })
  for (let n = 0; n < count; n++) {
    const ulid = ulidOf(deps.clock.now() + n, deps.ids.random())
    const purchase = {
      id: `pur_${ulid}`,
      accountId: account,
      paymentId: `fpay_${ulid}`,
      productId: n % 2 === 0 ? 'even' : 'odd',
      name: `Item ${n}`,
      group: 'article',
      quantity: 1,
      amountMinor: 700,
      currency: 'USD',
      createdAt: deps.clock.now() + n,
      ver: 1,
    }
    await commit(deps.table, [putPurchaseWrite(purchase, 0, deps.clock.now())])
  }
}

describe('listPurchases', () => {
  it('200 newest first, page by page', async () => {
    await owner('l-pages', 5)
    const first = (await list('l-pages', { limit: '3' })).body
    expect(first.data.map(({ name }) => name)).toEqual(['Item 4', 'Item 3', 'Item 2'])
    const second = (await list('l-pages', { limit: '3', cursor: first.nextCursor ?? '' })).body
    expect(second.data.map(({ name }) => name)).toEqual(['Item 1', 'Item 0'])
    expect(second.nextCursor).toBeNull()
  })

  it('200 with those of one product', async () => {
    await owner('l-product', 3)
    expect((await list('l-product', { productId: 'odd' })).body.data.map(({ name }) => name)).toEqual(['Item 1'])
  })

  it('200 shows nothing of another account; 404 for one that does not exist; 400 for its cursor elsewhere', async () => {
    await owner('l-mine', 2)
    await owner('l-yours', 0)
    expect((await list('l-yours')).body.data).toEqual([])
    expect(await list('l-nobody')).toMatchObject({ status: 404, code: 'not_found' })
    const cursor = (await list('l-mine', { limit: '1' })).body.nextCursor ?? ''
    expect(await list('l-yours', { cursor })).toMatchObject({ status: 400, code: 'validation_failed' })
  })
})
