import { afterAll, describe, expect, it } from 'vitest'
import { accountKey, walletKey } from '#table/keys'
import { callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'

const now = '2026-03-10T12:00:00.000Z'
const deps = await testDeps({ now })
afterAll(() => deps.stop())
const { getAccount, getCredits, listLedger, putAccount } = callsOf(deps)

const email = 'owner@example.com'

describe('putAccount', () => {
  it('200 makes an account on the free plan, with its wallet and first allowance in the same transaction', async () => {
    const account = 'p-new'
    const answer = await putAccount({ account, body: { email } })
    expect(answer).toMatchObject({
      status: 200,
      body: {
        id: account,
        email,
        name: null,
        currency: null,
        timeZone: 'UTC',
        pendingTimeZone: null,
        country: null,
        metadata: {},
        planId: 'free',
        suspended: false,
        createdAt: now,
      },
    })
    expect(await deps.table.get(accountKey(account))).toMatchObject({ entity: 'account', v: 1, ver: 1 })
    expect(await deps.table.get(walletKey(account))).toMatchObject({ entity: 'wallet', bal: 20, seq: 1 })
    expect((await listLedger({ account })).body.data).toMatchObject([
      { type: 'grant', amount: 20, seq: 1, reason: 'Included in the plan' },
    ])
  })

  it('200 takes every field, and keeps those that are not given', async () => {
    const account = 'p-fields'
    const fields = {
      email,
      name: 'Ada',
      currency: 'USD',
      timeZone: 'Asia/Kolkata',
      country: 'IN',
      metadata: { tier: 'gold', seats: 3, trial: false },
    }
    expect((await putAccount({ account, body: fields })).body).toMatchObject(fields)
    const after = await putAccount({ account, body: { email, name: 'Ada L.' } })
    expect(after.body).toMatchObject({ ...fields, name: 'Ada L.' })
    expect((await getAccount({ account })).body).toEqual(after.body)
  })

  it('200 twice is once: no second allowance', async () => {
    const account = 'p-twice'
    const first = await putAccount({ account, body: { email } })
    expect((await putAccount({ account, body: { email } })).body).toEqual(first.body)
    expect((await getCredits({ account })).body.balance).toBe(20)
  })

  it('200 a zone holds at once on a new account; a later change waits for the end of the month in the old zone', async () => {
    const account = 'p-zone'
    await putAccount({ account, body: { email, timeZone: 'Asia/Kolkata' } })
    const changed = await putAccount({ account, body: { email, timeZone: 'America/New_York' } })
    expect(changed.body).toMatchObject({
      timeZone: 'Asia/Kolkata',
      pendingTimeZone: { timeZone: 'America/New_York', from: '2026-03-31T18:30:00.000Z' },
    })
    const at = async (instant: string) => {
      deps.clock.set(instant)
      const { timeZone, pendingTimeZone } = (await getAccount({ account })).body
      deps.clock.set(now)
      return [timeZone, pendingTimeZone]
    }
    expect((await at('2026-03-31T18:29:59.999Z'))[0]).toBe('Asia/Kolkata')
    expect(await at('2026-03-31T18:30:00.000Z')).toEqual(['America/New_York', null])
  })

  it('200 asking for the zone in force takes a pending change back', async () => {
    const account = 'p-zone-back'
    await putAccount({ account, body: { email, timeZone: 'Asia/Kolkata' } })
    await putAccount({ account, body: { email, timeZone: 'America/New_York' } })
    const back = await putAccount({ account, body: { email, timeZone: 'Asia/Kolkata' } })
    expect(back.body).toMatchObject({ timeZone: 'Asia/Kolkata', pendingTimeZone: null })
  })

  it('409 conflict for a third zone within 35 days', async () => {
    const account = 'p-zones'
    const to = (timeZone: string) => putAccount({ account, body: { email, timeZone } })
    const stay = (at: string) => deps.clock.set(at)
    await to('Asia/Kolkata')
    await to('America/New_York')
    stay('2026-04-01T00:00:00.000Z')
    expect((await to('Europe/Paris')).status).toBe(200)
    stay('2026-05-02T00:00:00.000Z')
    expect(await to('Asia/Tokyo')).toMatchObject({ status: 409, code: 'conflict' })
    expect((await getAccount({ account })).body.timeZone).toBe('Europe/Paris')
    stay(now)
  })

  it('403 account_suspended, and the record stays as it was', async () => {
    const account = 'p-suspended'
    await putAccount({ account, body: { email } })
    await suspend(deps, account)
    expect(await putAccount({ account, body: { email, name: 'N' } })).toMatchObject({
      status: 403,
      code: 'account_suspended',
    })
    expect((await getAccount({ account })).body).toMatchObject({ name: null, suspended: true })
  })

  it.each([
    ['an address that is none', { email: 'nobody' }, 'email'],
    ['no address', { name: 'N' }, 'email'],
    ['an unknown zone', { email, timeZone: 'Mars/Olympus' }, 'timeZone'],
    ['an offset for a zone', { email, timeZone: '+05:30' }, 'timeZone'],
    ['a currency in lower case', { email, currency: 'usd' }, 'currency'],
    ['a country in three letters', { email, country: 'USA' }, 'country'],
    ['the code for no country', { email, country: 'ZZ' }, 'country'],
    ['a code of none', { email, country: 'XQ' }, 'country'],
    ['an unknown field', { email, planId: 'team' }, 'planId'],
    ['metadata that nests', { email, metadata: { a: { b: 1 } } }, 'metadata.a'],
    ['a control character', { email, name: 'A\u0000B' }, 'name'],
    ['a lone surrogate', { email, name: 'A\ud800' }, 'name'],
  ])('400 for %s, and nothing is written', async (_name, body, path) => {
    const account = 'p-invalid'
    expect(await putAccount({ account, body })).toMatchObject({
      status: 400,
      code: 'validation_failed',
      body: { errors: [expect.objectContaining({ path })] },
    })
    expect((await deps.table.query({ pk: `ACCOUNT#${account}`, limit: 5 })).items).toEqual([])
  })

  it('400 for the id of a visitor, who has no account', async () => {
    const account = 'anon_0123456789abcdef'
    expect(await putAccount({ account, body: { email } })).toMatchObject({ status: 400, code: 'validation_failed' })
    expect((await deps.table.query({ pk: `ACCOUNT#${account}`, limit: 5 })).items).toEqual([])
  })

  it('400 for an account id with characters of a key', async () => {
    expect(await putAccount({ account: 'a#b', body: { email } })).toMatchObject({ status: 400 })
    expect(await putAccount({ account: 'x'.repeat(129), body: { email } })).toMatchObject({ status: 400 })
    expect(await putAccount({ account: 'x'.repeat(128), body: { email } })).toMatchObject({ status: 200 })
  })

  it('403 forbidden for a key that may only read accounts', async () => {
    expect(await putAccount({ account: 'p-new', body: { email }, scopes: ['accounts:read'] })).toMatchObject({
      status: 403,
      code: 'forbidden',
    })
  })
})
