import { afterAll, describe, expect, it } from 'vitest'
import { suspend } from '#test/support/standing'
import { shopD } from './support.ts'

const shop = await shopD()
afterAll(() => shop.stop())
const { all, cancel, change, deps, get, subscriber, settle, trial } = shop
const start = deps.clock.now()
const made = async (account: string) => {
  deps.clock.set(start)
  await all.putAccount({ account, body: { email: `${account}@example.com` } })
  return account
}

describe('startTrial', () => {
  it('201 the plan at once for its days; without a method it ends with them', async () => {
    const account = await made('t-one')
    const { body } = await trial(account, { priceId: 'pro-month' }, { key: 't-one' })
    expect(body).toMatchObject({
      status: 'trialing',
      trial: true,
      planId: 'pro',
      activePlanId: 'pro',
      currentPeriodEnd: '2026-06-15T00:00:00.000Z',
      autoRenew: false,
      daysRemaining: 14,
    })
    expect(await trial(account, { priceId: 'pro-month' }, { key: 't-one' })).toMatchObject({ replayed: true, body })
    deps.clock.set('2026-06-15T00:00:00.000Z')
    expect((await get(account)).body).toMatchObject({ status: 'expired', activePlanId: 'free', trial: false })
  })

  it('201 for a login that never wrote anything', async () => {
    deps.clock.set(start)
    expect((await trial('t-login', { priceId: 'pro-month' }, { as: 'customer' })).body.status).toBe('trialing')
  })

  it('201 with a saved method: it renews by that at the end', async () => {
    const account = await subscriber(await made('t-method'), 'premium-month')
    const paymentMethodId = (await get(account)).body.paymentMethodId ?? ''
    await cancel(account, { when: 'now' })
    expect((await trial(account, { priceId: 'pro-month', paymentMethodId })).body).toMatchObject({
      status: 'trialing',
      autoRenew: true,
      paymentMethodId,
    })
  })

  it('a trial that is left for a dearer plan begins that one: nothing was paid, nothing is credited', async () => {
    const account = await made('t-up')
    await trial(account, { priceId: 'pro-month' })
    deps.clock.set('2026-06-08T00:00:00.000Z')
    const { body } = await change(account, { priceId: 'premium-month' })
    expect(body.payment?.amount).toBe(24_900)
    await settle(account, body.payment)
    const after = (await get(account)).body
    expect(after.paymentMethodId).toMatch(/^pmt_/)
    expect(after).toMatchObject({
      status: 'active',
      trial: false,
      autoRenew: true,
      currentPeriodStart: '2026-06-08T00:00:00.000Z',
      currentPeriodEnd: '2026-07-08T00:00:00.000Z',
    })
  })

  it('a trial that is paid by hand renews from then on', async () => {
    const account = await made('t-hand')
    await trial(account, { priceId: 'pro-month' })
    await settle(account, (await shop.renew(account, {})).body.payment)
    expect((await get(account)).body).toMatchObject({ status: 'trialing', autoRenew: true })
    deps.clock.set('2026-06-15T00:00:00.000Z')
    expect((await get(account)).body).toMatchObject({ status: 'active', trial: false, autoRenew: true })
  })

  it('race: 10 at once start one', async () => {
    const account = await made('t-race')
    const answers = await Promise.all(Array.from({ length: 10 }, () => trial(account, { priceId: 'pro-month' })))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status !== 201).every(({ code }) => code === 'conflict')).toBe(true)
    expect((await shop.history(account)).body.data).toHaveLength(1)
  })

  it('409 a second time, beside a live plan, and for a plan without a trial', async () => {
    const account = await made('t-twice')
    expect((await trial(account, { priceId: 'premium-month' })).code).toBe('conflict')
    await trial(account, { priceId: 'pro-month' })
    expect((await trial(account, { priceId: 'pro-year' })).code).toBe('conflict')
    await cancel(account, { when: 'now' })
    expect((await trial(account, { priceId: 'pro-year' })).code).toBe('conflict')
    deps.clock.set('2026-09-01T00:00:00.000Z')
    expect((await trial(account, { priceId: 'pro-month' })).code).toBe('conflict')
  })

  it('404 for an unknown price, an unknown account and another account’s method', async () => {
    const account = await made('t-missing')
    expect((await trial(account, { priceId: 'nothing' })).code).toBe('not_found')
    expect((await trial('t-nobody', { priceId: 'pro-month' })).code).toBe('not_found')
    const other = await subscriber(await made('t-theirs'))
    const paymentMethodId = (await get(other)).body.paymentMethodId ?? ''
    expect((await trial(account, { priceId: 'pro-month', paymentMethodId })).code).toBe('not_found')
    expect((await get(account)).body.id).toBeNull()
  })

  it('403 account_suspended', async () => {
    const account = await made('t-suspended')
    await suspend(deps, account)
    expect((await trial(account, { priceId: 'pro-month' })).code).toBe('account_suspended')
  })
})
