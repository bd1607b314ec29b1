import { afterAll, describe, expect, it } from 'vitest'
import { run as getRun } from '#functions/payments/getBillingProfile'
import { run } from '#functions/payments/putBillingProfile'
import { getBillingProfile, putBillingProfile } from '#operations/paymentHistory'
import { billingCountry, buyerOf } from '#runtime/billingProfile'
import { invoicesOfPayment } from '#table/invoices'
import { findProfile } from '#table/profiles'
import { auditRows, callsOf } from '#test/support/calls'
import { type Invocation, invoke, testDeps } from '#test/support/deps'
import { suspend } from '#test/support/standing'
import { made } from './historySupport.ts'
import { paid } from './refundSupport.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const put = (account: string, body: unknown, call: Invocation = {}) =>
  invoke(putBillingProfile, run, deps, { account, body, ...call })
const stored = async (account: string) =>
  (await invoke(getBillingProfile, getRun, deps, { as: 'customer', account })).body

const address = {
  line1: '12 Marina',
  line2: 'Floor 3',
  city: 'Lagos',
  region: 'LA',
  postalCode: '100001',
  country: 'NG',
}
const profile = { email: 'billing@example.com', name: 'Obi Ltd', address, taxId: 'NG-123' }

describe('putBillingProfile', () => {
  it('200 puts it whole: what is left out is gone', async () => {
    const account = await made(deps, 'w-whole')
    expect((await put(account, profile)).body).toEqual(profile)
    const { taxId: _taxId, ...without } = profile
    const smaller = { ...without, address: { line1: 'x', city: 'y', country: 'GH' } }
    expect((await put(account, smaller)).body).toEqual({ ...smaller, taxId: null })
    expect(await stored(account)).toEqual({ ...smaller, taxId: null })
  })

  it('200 a login’s first write makes its account', async () => {
    expect((await put('w-login', profile, { as: 'customer' })).status).toBe(200)
    const { body } = await callsOf(deps).getAccount({ account: 'w-login' })
    expect(body).toMatchObject({ id: 'w-login', planId: 'free', createdAt: '2026-03-10T12:00:00.000Z' })
  })

  it('200 invoices carry it from then on; those that were made stay as they were', async () => {
    const before = await paid(deps, 'item', { account: 'w-invoices' })
    await put('w-invoices', profile)
    const after = await paid(deps, 'item', { account: 'w-invoices' })
    const buyer = async (paymentId: string) => (await invoicesOfPayment(deps.table, 'w-invoices', paymentId))[0]?.buyer
    expect(await buyer(before.id)).toEqual({ name: 'a@example.com', email: 'a@example.com' })
    expect(await buyer(after.id)).toEqual(profile)
  })

  it('200 the audit log says which members, and none of what is in them', async () => {
    const account = await made(deps, 'w-audit')
    await put(account, profile, { headers: { 'x-request-id': 'put-profile' } })
    const rows = await auditRows(deps, 'put-profile')
    expect(rows).toMatchObject([
      { action: 'putBillingProfile', after: { members: ['address', 'email', 'name', 'taxId'] } },
    ])
    const said = JSON.stringify([rows, deps.logged])
    for (const secret of ['billing@example.com', 'Obi Ltd', '12 Marina', 'NG-123']) expect(said).not.toContain(secret)
  })

  it('race: several at once leave one of them, whole', async () => {
    const account = await made(deps, 'w-race')
    const bodies = [1, 2, 3].map((index) => ({ ...profile, name: `Name ${index}`, taxId: `TAX-${index}` }))
    await Promise.all(bodies.map((body) => put(account, body)))
    expect(bodies).toContainEqual(await stored(account))
  })

  it('403 account_suspended', async () => {
    const account = await made(deps, 'w-suspended')
    await suspend(deps, account)
    expect(await put(account, profile)).toMatchObject({ status: 403, code: 'account_suspended' })
    expect((await stored(account)).address).toBeNull()
  })

  it('404 for a server’s unknown account, and for a customer who names another', async () => {
    expect(await put('nobody', profile)).toMatchObject({ status: 404, code: 'not_found' })
    const headers = { 'faregate-account': 'w-whole' }
    expect(await put('w-thief', profile, { as: 'customer', headers })).toMatchObject({ status: 404 })
    expect((await stored('w-whole')).name).toBe('Obi Ltd')
  })

  it.each([
    ['no address', { ...profile, address: undefined }],
    ['a country in words', { ...profile, address: { ...address, country: 'Nigeria' } }],
    ['an unknown member', { ...profile, cardNumber: '4242424242424242' }],
    ['a line break in a name', { ...profile, name: 'a\nb' }],
    ['a long line', { ...profile, address: { ...address, line1: 'x'.repeat(121) } }],
    ['no address of mail', { ...profile, email: 'nobody' }],
    ['null for a tax id', { ...profile, taxId: null }],
  ])('400 for %s', async (_name, body) => {
    expect(await put(await made(deps, 'w-bad'), body)).toMatchObject({ status: 400, code: 'validation_failed' })
  })
})

describe('whom a document is made out to', () => {
  it('is the profile, else the account’s name, else its address of mail, else its id', async () => {
    const of = (account: { id: string; name?: string; email?: string }) => buyerOf(undefined, account)
    expect(of({ id: 'x-1', name: 'Ada', email: 'ada@example.com' })).toEqual({
      name: 'Ada',
      email: 'ada@example.com',
    })
    expect(of({ id: 'x-2', email: 'ada@example.com' })).toEqual({
      name: 'ada@example.com',
      email: 'ada@example.com',
    })
    expect(of({ id: 'x-3' })).toEqual({ name: 'x-3' })
    await put(await made(deps, 'x-4'), profile)
    const stored = await findProfile(deps.table, 'x-4', { consistent: true })
    expect(buyerOf(stored, { id: 'x-4', name: 'Ada' })).toEqual(profile)
  })

  it('the country that decides on tax is the profile’s, else the account’s', async () => {
    expect(await billingCountry(deps, { id: 'x-4', country: 'IN' })).toBe('NG')
    expect(await billingCountry(deps, { id: 'x-1', country: 'IN' })).toBe('IN')
    expect(await billingCountry(deps, { id: 'x-1' })).toBeUndefined()
  })
})
