import { afterAll, describe, expect, it } from 'vitest'
import { suspend } from '#test/support/standing'
import { shopD } from './support.ts'

const shop = await shopD()
afterAll(() => shop.stop())
const { all, cancel, change, deps, get, subscriber, unschedule } = shop
const scheduled = async (account: string) => {
  await subscriber(account, 'premium-year')
  await change(account, { priceId: 'pro-month' })
  return account
}

describe('deleteScheduledChange', () => {
  it('200 drops it; twice is the same', async () => {
    const account = await scheduled('d-one')
    expect((await get(account)).body.scheduledChange).not.toBeNull()
    const first = await unschedule(account)
    expect(first.body).toMatchObject({ planId: 'premium', scheduledChange: null })
    expect((await unschedule(account)).body).toEqual(first.body)
  })

  it('404 without a subscription, 409 when it is over', async () => {
    await all.putAccount({ account: 'd-none', body: { email: 'a@example.com' } })
    expect((await unschedule('d-none')).code).toBe('not_found')
    const account = await scheduled('d-over')
    await cancel(account, { when: 'now' })
    expect((await unschedule(account)).code).toBe('conflict')
  })

  it('403 account_suspended', async () => {
    const account = await scheduled('d-suspended')
    await suspend(deps, account)
    expect((await unschedule(account)).code).toBe('account_suspended')
    expect((await get(account)).body.scheduledChange).not.toBeNull()
  })
})
