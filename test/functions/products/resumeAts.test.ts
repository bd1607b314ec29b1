import { afterAll, beforeEach, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ product: 'resume-ats', now })
afterAll(() => deps.stop())
beforeEach(() => deps.clock.set(now))
const { check, getAccount, grantPlan, listEntitlements, putAccount } = callsOf(deps)

const counted = ['resumes', 'ats-scans', 'job-matches', 'cover-letters'] as const
const all = 'unlimited'
/** The product's table: price, counted features in the order above, AI, templates, portfolio, analytics, support, requests an hour. */
const plans = [
  ['free', [1, 0, 0, 0], 'gemini', 'basic', false, false, false, 10],
  ['one-time', [1, 1, 3, 0], 'gpt-4o', 'all', false, false, false, 20],
  ['pro-month', [all, 5, 10, 5], 'hybrid', 'all', true, false, false, 100],
  ['pro-year', [all, 5, 10, 5], 'hybrid', 'all', true, false, false, 100],
  ['premium-month', [all, all, all, all], 'gpt-4o', 'all', true, true, true, 500],
  ['premium-year', [all, all, all, all], 'gpt-4o', 'all', true, true, true, 500],
  ['student-quarter', [all, 5, 10, 5], 'hybrid', 'all', true, false, false, 100],
  ['lifetime', [all, all, all, all], 'gpt-4o', 'all', true, true, true, 500],
] as const

it.each(plans)('%s gives what its line of the table says', async (priceId, limits, model, level, ...rest) => {
  const account = `ats-${priceId}`
  const [portfolio, analytics, support, requests] = rest
  await putAccount({ account, body: { email: 'a@example.com', timeZone: 'Asia/Kolkata' } })
  if (priceId !== 'free') await grantPlan({ account, body: { priceId, reason: 'story' } })
  for (const [at, feature] of counted.entries()) {
    const limit = limits[at] ?? 0
    const take = (quantity: number) => check({ account, body: { feature, consume: true, quantity } })
    if (limit === all) {
      expect((await take(500)).body).toMatchObject({ allowed: true, limit, used: 500 })
      continue
    }
    if (limit > 0) expect((await take(limit)).body).toMatchObject({ allowed: true, remaining: 0 })
    expect((await take(1)).body).toMatchObject({
      allowed: false,
      limit,
      reason: limit === 0 ? 'feature_not_in_plan' : 'usage_limit_reached',
      upgrade: { currency: 'INR' },
    })
  }
  const ask = async (body: object) => (await check({ account, body })).body
  expect(await ask({ feature: 'ai-model' })).toMatchObject({ allowed: true, value: model })
  expect(await ask({ feature: 'templates', value: 'all' })).toMatchObject({ allowed: level === 'all', value: level })
  for (const [feature, on] of [
    ['portfolio', portfolio],
    ['analytics', analytics],
    ['priority-support', support],
  ] as const)
    expect(await ask({ feature })).toMatchObject({ allowed: on })
  const { headers } = await check({ account, body: { feature: 'portfolio', rate: true } })
  expect(headers['ratelimit-policy']).toBe(`"plan";q=${requests};w=3600`)
})

it('job matches begin anew at local midnight, scans with the local month, one-time ones never', async () => {
  for (const [account, priceId] of [
    ['ats-pro-days', 'pro-month'],
    ['ats-once-days', 'one-time'],
  ] as const) {
    await putAccount({ account, body: { email: 'a@example.com', timeZone: 'Asia/Kolkata' } })
    await grantPlan({ account, body: { priceId, reason: 'story' } })
  }
  const take = async (account: string, feature: string, quantity: number) =>
    (await check({ account, body: { feature, consume: true, quantity } })).body.allowed
  expect(await take('ats-pro-days', 'job-matches', 10)).toBe(true)
  expect(await take('ats-pro-days', 'ats-scans', 5)).toBe(true)
  expect(await take('ats-once-days', 'ats-scans', 1)).toBe(true)
  deps.clock.set('2026-03-10T18:29:59.999Z')
  expect(await take('ats-pro-days', 'job-matches', 1)).toBe(false)
  deps.clock.set('2026-03-10T18:30:00.000Z')
  expect(await take('ats-pro-days', 'job-matches', 10)).toBe(true)
  deps.clock.set('2026-03-31T18:29:59.999Z')
  expect(await take('ats-pro-days', 'ats-scans', 1)).toBe(false)
  deps.clock.set('2026-03-31T18:30:00.000Z')
  expect(await take('ats-pro-days', 'ats-scans', 5)).toBe(true)
  deps.clock.set('2027-03-31T18:30:00.000Z')
  expect(await take('ats-once-days', 'ats-scans', 1)).toBe(false)
})

it('an expired plan falls back to free by itself, at the instant', async () => {
  const account = 'ats-expired'
  const until = '2026-04-10T12:00:00.000Z'
  await putAccount({ account, body: { email: 'a@example.com' } })
  await grantPlan({ account, body: { priceId: 'pro-month', until, reason: 'story' } })
  const at = async (instant: string) => {
    deps.clock.set(instant)
    const { features } = (await listEntitlements({ account })).body
    const limitOf = (feature: string) => features.find((one) => one.feature === feature)?.limit
    return [(await getAccount({ account })).body.planId, limitOf('resumes'), limitOf('ats-scans')]
  }
  expect(await at('2026-04-10T11:59:59.999Z')).toEqual(['pro', 'unlimited', 5])
  expect(await at(until)).toEqual(['free', 1, 0])
  expect((await check({ account, body: { feature: 'portfolio' } })).body).toMatchObject({
    allowed: false,
    reason: 'feature_not_in_plan',
    upgrade: { planId: 'pro', priceId: 'pro-month', amount: 14_900 },
  })
})
