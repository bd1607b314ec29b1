import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const { getAccount, grantPlan, putAccount } = callsOf(deps)

describe('getAccount', () => {
  it('200 is what was put, for the server and for its own customer', async () => {
    const put = await putAccount({ account: 'a-own', body: { email: 'a@example.com', name: 'Ada' } })
    expect(await getAccount({ account: 'a-own' })).toMatchObject({ status: 200, body: put.body })
    expect((await getAccount({ as: 'customer', account: 'a-own' })).body).toEqual(put.body)
  })

  it('200 for a new login, as on the lowest plan, without a date of making', async () => {
    expect((await getAccount({ as: 'customer', account: 'a-login' })).body).toMatchObject({
      id: 'a-login',
      planId: 'free',
      createdAt: null,
      suspended: false,
    })
  })

  it('200 names the plan that holds at this very instant', async () => {
    await putAccount({ account: 'a-plan', body: { email: 'a@example.com' } })
    const until = '2026-03-10T12:00:01.000Z'
    await grantPlan({ account: 'a-plan', body: { priceId: 'team-month', until, reason: 'x' } })
    expect((await getAccount({ account: 'a-plan' })).body.planId).toBe('team')
    deps.clock.set(until)
    expect((await getAccount({ account: 'a-plan' })).body.planId).toBe('free')
  })

  it('404 for an account that nobody made', async () => {
    expect(await getAccount({ account: 'nobody' })).toMatchObject({ status: 404, code: 'not_found' })
  })

  it('400 for a query parameter that the operation does not have', async () => {
    expect(await getAccount({ account: 'a-own', query: { verbose: '1' } })).toMatchObject({
      status: 400,
      code: 'validation_failed',
    })
  })
})
