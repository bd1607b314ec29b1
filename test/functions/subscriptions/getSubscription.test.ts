import { afterAll, describe, expect, it } from 'vitest'
import { findAccount } from '#table/accounts'
import { shopD } from './support.ts'

const shop = await shopD()
afterAll(() => shop.stop())
const { deps, all, get, subscriber } = shop

describe('getSubscription', () => {
  it('200 for whoever never bought: the fallback plan, and nothing else', async () => {
    const { status, body } = await get('g-new', undefined, { as: 'customer' })
    expect(status).toBe(200)
    const { features, ...rest } = body
    expect(rest).toEqual({
      id: null,
      planId: 'free',
      priceId: null,
      status: null,
      currentPeriodStart: null,
      currentPeriodEnd: null,
      paidUntil: null,
      daysRemaining: null,
      cancelAtPeriodEnd: false,
      canceledAt: null,
      cancelReason: null,
      scheduledChange: null,
      autoRenew: false,
      trial: false,
      complimentary: false,
      managedBy: null,
      paymentMethodId: null,
      activePlanId: 'free',
      createdAt: null,
      endedAt: null,
      pausedAt: null,
    })
    expect(features).toEqual({
      resumes: { limit: 1, window: 'month' },
      'ats-scans': { limit: 0, window: 'month' },
      'job-matches': { limit: 0, window: 'day' },
      'cover-letters': { limit: 0, window: 'month' },
      'ai-model': 'gemini',
      templates: 'basic',
      portfolio: false,
      analytics: false,
      'priority-support': false,
    })
    // A read makes no account.
    expect(await findAccount(deps.table, 'g-new')).toBeUndefined()
  })

  it('200 what was bought with a card that is kept: it renews with that; overdue at the end, over after grace', async () => {
    const account = await subscriber('g-card')
    const { body } = await get(account)
    expect(body).toMatchObject({ status: 'active', autoRenew: true, trial: false, complimentary: false })
    expect(body.paymentMethodId).toMatch(/^pmt_/)
    const back = deps.clock.now()
    deps.clock.set('2026-07-01T00:00:00.000Z')
    expect((await get(account)).body).toMatchObject({ status: 'past_due', activePlanId: 'pro', daysRemaining: 0 })
    deps.clock.set('2026-07-03T23:59:59.999Z')
    expect((await get(account)).body).toMatchObject({ status: 'past_due', activePlanId: 'pro' })
    deps.clock.set('2026-07-04T00:00:00.000Z')
    expect((await get(account)).body).toMatchObject({
      status: 'expired',
      activePlanId: 'free',
      planId: 'pro',
      autoRenew: false,
      endedAt: '2026-07-04T00:00:00.000Z',
    })
    deps.clock.set(back)
  })

  it('200 what staff gave is complimentary and renews never', async () => {
    await all.putAccount({ account: 'g-gift', body: { email: 'a@example.com' } })
    await all.grantPlan({
      account: 'g-gift',
      body: { priceId: 'premium-month', reason: 'a gift', until: '2026-06-11T00:00:00Z' },
    })
    expect((await get('g-gift')).body).toMatchObject({
      planId: 'premium',
      complimentary: true,
      autoRenew: false,
      currentPeriodEnd: '2026-06-11T00:00:00.000Z',
      daysRemaining: 10,
    })
  })

  it('404 for an account that a server never made', async () => {
    expect(await get('g-nobody')).toMatchObject({ status: 404, code: 'not_found' })
  })
})
