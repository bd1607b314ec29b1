import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'

const deps = await testDeps()
afterAll(() => deps.stop())
const { check, getAccount, getPreferences, grantPlan, putAccount, setPreferences } = callsOf(deps)

describe('setPreferences', () => {
  it('200 changes what is given and keeps the rest', async () => {
    await putAccount({ account: 's-part', body: { email: 'a@example.com' } })
    await setPreferences({ account: 's-part', body: { aiService: 'gemini' } })
    const answer = await setPreferences({ account: 's-part', body: { notifications: { marketing: true } } })
    expect(answer).toMatchObject({
      status: 200,
      body: {
        notifications: { usageAlerts: true, subscriptionExpiry: true, marketing: true },
        aiService: 'gemini',
        overage: true,
      },
    })
    expect((await getPreferences({ account: 's-part' })).body).toEqual(answer.body)
  })

  it('200 the first write of a new login makes its account', async () => {
    await setPreferences({ as: 'customer', account: 's-login', body: { overage: false } })
    expect((await getAccount({ account: 's-login' })).body).toMatchObject({ id: 's-login', planId: 'free' })
  })

  it('200 overage turned off refuses at the limit at once; turned on again lets through', async () => {
    const account = 's-overage'
    await putAccount({ account, body: { email: 'a@example.com' } })
    await grantPlan({ account, body: { priceId: 'team-month', reason: 'x' } })
    const over = () => check({ account, body: { feature: 'reports', quantity: 101 } })
    expect((await over()).body.allowed).toBe(true)
    await setPreferences({ account, body: { overage: false } })
    expect((await over()).body).toMatchObject({ allowed: false, reason: 'usage_limit_reached' })
    await setPreferences({ account, body: { overage: true } })
    expect((await over()).body.allowed).toBe(true)
  })

  it('404 for a server’s account that nobody made, and none is made', async () => {
    expect(await setPreferences({ account: 'nobody', body: { overage: false } })).toMatchObject({
      status: 404,
      code: 'not_found',
    })
    expect((await deps.table.query({ pk: 'ACCOUNT#nobody', limit: 5 })).items).toEqual([])
  })

  it('403 account_suspended', async () => {
    await putAccount({ account: 's-suspended', body: { email: 'a@example.com' } })
    await suspend(deps, 's-suspended')
    expect(await setPreferences({ account: 's-suspended', body: { overage: false } })).toMatchObject({
      status: 403,
      code: 'account_suspended',
    })
  })

  it.each([{ overage: 'no' }, { aiService: 'bard' }, { notifications: { sms: true } }])('400 for %j', async (body) => {
    expect(await setPreferences({ account: 's-part', body })).toMatchObject({
      status: 400,
      code: 'validation_failed',
    })
  })
})
