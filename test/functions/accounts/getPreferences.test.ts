import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())
const { getPreferences, putAccount, setPreferences } = callsOf(deps)

const untouched = {
  notifications: { usageAlerts: true, subscriptionExpiry: true, marketing: false },
  aiService: 'auto',
  overage: true,
}

describe('getPreferences', () => {
  it('200 with what holds until somebody chooses, also for a new login', async () => {
    await putAccount({ account: 'q-new', body: { email: 'a@example.com' } })
    expect(await getPreferences({ account: 'q-new' })).toMatchObject({ status: 200, body: untouched })
    expect((await getPreferences({ as: 'customer', account: 'q-login' })).body).toEqual(untouched)
  })

  it('200 with what was chosen', async () => {
    await putAccount({ account: 'q-chosen', body: { email: 'a@example.com' } })
    await setPreferences({ account: 'q-chosen', body: { overage: false } })
    expect((await getPreferences({ as: 'customer', account: 'q-chosen' })).body).toEqual({
      ...untouched,
      overage: false,
    })
  })

  it('404 for an account that nobody made', async () => {
    expect(await getPreferences({ account: 'nobody' })).toMatchObject({ status: 404, code: 'not_found' })
  })
})
