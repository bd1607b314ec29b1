import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { suspend, unsuspend } from '#test/support/standing'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const { check, getEntitlement, listEntitlements, putAccount } = callsOf(deps)

describe('getEntitlement', () => {
  it('200 is the feature’s line of the list, for the server and for its own customer', async () => {
    await putAccount({ account: 'e-one', body: { email: 'a@example.com' } })
    await check({ account: 'e-one', body: { feature: 'image', consume: true } })
    for (const line of (await listEntitlements({ account: 'e-one' })).body.features) {
      const params = { feature: line.feature }
      expect(await getEntitlement({ account: 'e-one', params })).toMatchObject({ status: 200, body: line })
      expect((await getEntitlement({ as: 'customer', account: 'e-one', params })).body).toEqual(line)
    }
  })

  it('200 is off while the account is suspended, with what was used', async () => {
    const account = 'e-suspended'
    await putAccount({ account, body: { email: 'a@example.com' } })
    await check({ account, body: { feature: 'image', consume: true } })
    const params = { feature: 'image' }
    expect((await getEntitlement({ account, params })).body).toMatchObject({ enabled: true, used: 1 })
    await suspend(deps, account)
    expect((await getEntitlement({ account, params })).body).toMatchObject({ enabled: false, used: 1 })
    await unsuspend(deps, account)
    expect((await getEntitlement({ account, params })).body).toMatchObject({ enabled: true, used: 1 })
  })

  it.each(['nothing', 'constructor', 'toString'])('404 for the feature %s', async (feature) => {
    expect(await getEntitlement({ account: 'e-one', params: { feature } })).toMatchObject({
      status: 404,
      code: 'not_found',
    })
  })

  it('404 for an account that nobody made; 400 for what is no feature id', async () => {
    expect(await getEntitlement({ account: 'nobody', params: { feature: 'sso' } })).toMatchObject({ status: 404 })
    expect(await getEntitlement({ account: 'e-one', params: { feature: 'a#b' } })).toMatchObject({ status: 400 })
  })
})
