import { afterAll, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps({ product: 'cv-builder', now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const { check, grantPlan, putAccount } = callsOf(deps)

/** Uses a month of each plan gives; 0: the plan has not got it. */
const limits = {
  basic: { cv_generation: 2, cover_letter: 1, ai_optimization: 0, edit: 10, export: 2 },
  pro: { cv_generation: 'unlimited', cover_letter: 10, ai_optimization: 3, edit: 'unlimited', export: 'unlimited' },
  premium: {
    cv_generation: 'unlimited',
    cover_letter: 'unlimited',
    ai_optimization: 'unlimited',
    edit: 'unlimited',
    export: 'unlimited',
  },
} as const
/** The plan that lifts the limit: the lowest above that gives more. */
const lifts = { basic: ['pro', 12_000], pro: ['premium', 20_000] } as const

it.each(['basic', 'pro', 'premium'] as const)(
  '%s holds every limit of its table and offers what lifts it',
  async (plan) => {
    const account = `cv-${plan}`
    await putAccount({ account, body: { email: 'a@example.com' } })
    if (plan !== 'basic') await grantPlan({ account, body: { priceId: `${plan}-month`, reason: 'story' } })
    for (const [feature, limit] of Object.entries(limits[plan])) {
      const take = (quantity = 1) => check({ account, body: { feature, consume: true, quantity } })
      if (limit === 'unlimited') {
        expect((await take(1_000)).body).toMatchObject({ allowed: true, limit, used: 1_000, remaining: null })
        continue
      }
      if (limit > 0) expect((await take(limit)).body).toMatchObject({ allowed: true, used: limit, remaining: 0 })
      const refused = (await take()).body
      expect(refused).toMatchObject({
        allowed: false,
        planId: plan,
        limit,
        reason: limit === 0 ? 'feature_not_in_plan' : 'usage_limit_reached',
      })
      if (plan === 'premium') throw new Error('premium has no limit')
      const [planId, amount] = lifts[plan]
      expect(refused.upgrade).toMatchObject({ planId, priceId: `${planId}-month`, amount, currency: 'GHS' })
    }
  },
)

it('a premium template on basic is refused with an offer, and allowed once the plan has it', async () => {
  const account = 'cv-template'
  await putAccount({ account, body: { email: 'a@example.com' } })
  const template = (value: string) => check({ account, body: { feature: 'templates', value, consume: true } })
  expect((await template('basic')).body).toMatchObject({ allowed: true, value: 'basic' })
  expect((await template('all')).body).toMatchObject({
    allowed: false,
    reason: 'feature_not_in_plan',
    value: 'basic',
    upgrade: { planId: 'pro', priceId: 'pro-month', name: 'Pro', amount: 12_000, currency: 'GHS' },
  })
  await grantPlan({ account, body: { priceId: 'pro-month', reason: 'story' } })
  expect((await template('all')).body).toMatchObject({ allowed: true, value: 'all' })
})
