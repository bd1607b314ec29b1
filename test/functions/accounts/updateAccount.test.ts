import { afterAll, describe, expect, it } from 'vitest'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const { getAccount, listLedger, updateAccount } = callsOf(deps)

describe('updateAccount', () => {
  it('200 the first write of a new login makes account, wallet and allowance', async () => {
    const account = 'u-new'
    const answer = await updateAccount({ account, body: { name: 'Ada', timeZone: 'Asia/Kolkata' } })
    expect(answer).toMatchObject({
      status: 200,
      body: {
        id: account,
        name: 'Ada',
        email: null,
        timeZone: 'Asia/Kolkata',
        planId: 'free',
        createdAt: '2026-03-10T12:00:00.000Z',
      },
    })
    expect((await getAccount({ account })).body).toEqual(answer.body)
    expect((await listLedger({ account })).body.data).toMatchObject([{ type: 'grant', amount: 20 }])
  })

  it('200 an empty change keeps every field', async () => {
    const first = await updateAccount({ account: 'u-empty', body: { name: 'Ada', metadata: { a: 1 } } })
    expect((await updateAccount({ account: 'u-empty', body: {} })).body).toEqual(first.body)
  })

  it('409 conflict for a third zone within 35 days', async () => {
    const to = (timeZone: string) => updateAccount({ account: 'u-zones', body: { timeZone } })
    await to('Asia/Kolkata')
    await to('America/New_York')
    deps.clock.set('2026-04-01T00:00:00.000Z')
    await to('Europe/Paris')
    deps.clock.set('2026-05-02T00:00:00.000Z')
    expect(await to('Asia/Tokyo')).toMatchObject({ status: 409, code: 'conflict' })
  })

  it('403 account_suspended', async () => {
    await updateAccount({ account: 'u-suspended', body: { name: 'A' } })
    await suspend(deps, 'u-suspended')
    expect(await updateAccount({ account: 'u-suspended', body: { name: 'B' } })).toMatchObject({
      status: 403,
      code: 'account_suspended',
    })
    expect((await getAccount({ account: 'u-suspended' })).body.name).toBe('A')
  })

  it('404 for a customer who names another account', async () => {
    const headers = { 'faregate-account': 'u-new' }
    expect(await updateAccount({ account: 'u-thief', body: { name: 'B' }, headers })).toMatchObject({ status: 404 })
    expect((await getAccount({ account: 'u-new' })).body.name).toBe('Ada')
  })

  it('400 for an unknown field, 415 for another type, 413 for a body over 256 KB', async () => {
    const account = 'u-bodies'
    expect(await updateAccount({ account, body: { suspended: false } })).toMatchObject({ status: 400 })
    expect(await updateAccount({ account, body: {}, contentType: 'text/plain' })).toMatchObject({
      status: 415,
      code: 'unsupported_media_type',
    })
    const large = JSON.stringify({ name: 'x'.repeat(256 * 1024) })
    expect(await updateAccount({ account, rawBody: large })).toMatchObject({ status: 413, code: 'payload_too_large' })
    expect(await updateAccount({ account, rawBody: '{"name":' })).toMatchObject({ status: 400 })
    expect((await getAccount({ as: 'customer', account })).body.createdAt).toBeNull()
  })
})
