import { afterAll, describe, expect, it } from 'vitest'
import { listMethods } from '#table/methods'
import { suspend } from '#test/support/standing'
import { shopD } from './support.ts'

const shop = await shopD()
afterAll(() => shop.stop())
const { all, buying, deps, get, subscriber, update } = shop

describe('updateSubscription', () => {
  it('200 off is cancelling at the end of what is paid, on takes it back: one stored fact', async () => {
    const account = await subscriber('u-off')
    expect((await update(account, { autoRenew: false })).body).toMatchObject({
      status: 'active',
      autoRenew: false,
      cancelAtPeriodEnd: true,
      canceledAt: '2026-06-01T00:00:00.000Z',
    })
    const on = await update(account, { autoRenew: true })
    expect(on.body).toMatchObject({ autoRenew: true, cancelAtPeriodEnd: false, canceledAt: null })
    expect((await update(account, { autoRenew: true })).body).toEqual(on.body)
  })

  it('409 on without a saved method, and for a plan without end', async () => {
    await buying.buy('u-none', { priceId: 'pro-month', saveMethod: false })
    expect((await get('u-none')).body).toMatchObject({ autoRenew: false, cancelAtPeriodEnd: false })
    expect(await listMethods(deps.table, 'u-none')).toEqual([])
    expect((await update('u-none', { autoRenew: true })).code).toBe('conflict')
    const endless = await subscriber('u-endless', 'lifetime')
    expect((await update(endless, { autoRenew: true })).code).toBe('conflict')
  })

  it('404 without a subscription; 403 account_suspended', async () => {
    await all.putAccount({ account: 'u-nothing', body: { email: 'a@example.com' } })
    expect((await update('u-nothing', { autoRenew: false })).code).toBe('not_found')
    const account = await subscriber('u-suspended')
    await suspend(deps, account)
    expect((await update(account, { autoRenew: false })).code).toBe('account_suspended')
  })
})
