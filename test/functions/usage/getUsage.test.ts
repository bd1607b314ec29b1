import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ now })
afterAll(() => deps.stop())
const { getUsage, grantPlan, putAccount, recordUsage } = callsOf(deps)

describe('getUsage', () => {
  it('200 with every counting feature of the plan in its current window', async () => {
    await putAccount({ account: 'x-all', body: { email: 'a@example.com', timeZone: 'Asia/Kolkata' } })
    await recordUsage({ account: 'x-all', body: { feature: 'reports', quantity: 2 } })
    const answer = await getUsage({ account: 'x-all' })
    expect(answer).toMatchObject({ status: 200 })
    expect(answer.body.data).toEqual([
      {
        feature: 'reports',
        kind: 'metered',
        unit: 'report',
        window: 'month',
        windowStart: '2026-02-28T18:30:00.000Z',
        used: 2,
        limit: 3,
        remaining: 1,
        resetsAt: '2026-03-31T18:30:00.000Z',
        overage: null,
      },
      {
        feature: 'image',
        kind: 'metered',
        unit: 'image',
        window: 'lifetime',
        windowStart: '1970-01-01T00:00:00.000Z',
        used: 0,
        limit: 'unlimited',
        remaining: null,
        resetsAt: null,
        overage: null,
      },
    ])
    expect((await getUsage({ as: 'customer', account: 'x-all' })).body).toEqual(answer.body)
  })

  it.each([
    [100, 0, 0],
    [101, 1, 1],
    [102, 2, 1],
    [103, 3, 2],
  ])('200 %i of 100 at 0.5 a unit is %i over, %i in all: rounded half up once', async (quantity, over, amount) => {
    const account = `x-over${quantity}`
    await putAccount({ account, body: { email: 'a@example.com' } })
    await grantPlan({ account, body: { priceId: 'team-month', reason: 'x' } })
    await recordUsage({ account, body: { feature: 'reports', quantity } })
    const [reports] = (await getUsage({ account })).body.data
    expect(reports).toMatchObject({ used: quantity, overage: { quantity: over, amount, currency: 'USD' } })
  })

  it('200 for a new login: nothing used', async () => {
    const { data } = (await getUsage({ as: 'customer', account: 'x-login' })).body
    expect(data.map(({ used }) => used)).toEqual([0, 0])
  })

  it('404 for an account that nobody made', async () => {
    expect(await getUsage({ account: 'nobody' })).toMatchObject({ status: 404, code: 'not_found' })
  })
})
