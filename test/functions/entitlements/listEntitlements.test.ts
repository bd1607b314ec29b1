import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
const withoutFallback = await testDeps({ product: 'marketing' })
afterAll(() => Promise.all([deps.stop(), withoutFallback.stop()]))
const { check, grantPlan, listEntitlements, putAccount } = callsOf(deps)

describe('listEntitlements', () => {
  it('200 with every feature of the catalogue, in its order, with what is used and left', async () => {
    await putAccount({ account: 'e-all', body: { email: 'a@example.com' } })
    await check({ account: 'e-all', body: { feature: 'reports', consume: true } })
    expect(await listEntitlements({ account: 'e-all' })).toMatchObject({
      status: 200,
      body: {
        planId: 'free',
        features: [
          {
            feature: 'reports',
            kind: 'metered',
            enabled: true,
            limit: 3,
            used: 1,
            remaining: 2,
            window: 'month',
            resetsAt: '2026-04-01T00:00:00.000Z',
            creditCost: null,
            overage: null,
          },
          { feature: 'image', kind: 'metered', limit: 'unlimited', remaining: null, creditCost: 5, window: 'lifetime' },
          { feature: 'sso', kind: 'flag', enabled: false, limit: null, used: null, value: null },
          { feature: 'themes', kind: 'level', enabled: true, value: 'basic' },
          { feature: 'model', kind: 'choice', enabled: true, value: 'small' },
        ],
      },
    })
  })

  it('200 with overage where the plan prices it', async () => {
    await putAccount({ account: 'e-team', body: { email: 'a@example.com' } })
    await grantPlan({ account: 'e-team', body: { priceId: 'team-month', reason: 'x' } })
    const [reports] = (await listEntitlements({ account: 'e-team' })).body.features
    expect(reports).toMatchObject({ limit: 100, window: 'period', overage: { unitAmount: '0.5', maxAmount: null } })
  })

  it('200 for a new login as on the lowest plan', async () => {
    const { body } = await listEntitlements({ as: 'customer', account: 'e-login' })
    expect(body.planId).toBe('free')
    expect(body.features).toHaveLength(5)
  })

  it('200 with everything off where no plan holds and there is none to fall back to', async () => {
    const calls = callsOf(withoutFallback)
    await calls.putAccount({ account: 'e-none', body: { email: 'a@example.com' } })
    const { body } = await calls.listEntitlements({ account: 'e-none' })
    expect(body.planId).toBeNull()
    expect(body.features.every(({ enabled }) => !enabled)).toBe(true)
  })

  it('404 for an account that nobody made', async () => {
    expect(await listEntitlements({ account: 'nobody' })).toMatchObject({ status: 404, code: 'not_found' })
  })
})
