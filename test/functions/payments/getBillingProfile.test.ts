import { afterAll, describe, expect, it } from 'vitest'
import { run } from '#functions/payments/getBillingProfile'
import { run as putRun } from '#functions/payments/putBillingProfile'
import { getBillingProfile, putBillingProfile } from '#operations/paymentHistory'
import { type Invocation, invoke, testDeps } from '#test/support/deps'
import { made } from './historySupport.ts'

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
afterAll(() => deps.stop())
const get = (account: string, call: Invocation = {}) => invoke(getBillingProfile, run, deps, { account, ...call })

describe('getBillingProfile', () => {
  it('200 what the account says of itself until a profile is put', async () => {
    const account = await made(deps, 'b-none')
    expect((await get(account)).body).toEqual({
      email: 'b-none@example.com',
      name: 'A Customer',
      address: null,
      taxId: null,
    })
    expect((await get('b-login', { as: 'customer' })).body).toEqual({
      email: null,
      name: null,
      address: null,
      taxId: null,
    })
  })

  it('200 the profile that was put, of this account alone', async () => {
    const account = await made(deps, 'b-put')
    const body = {
      email: 'billing@example.com',
      name: 'Größe & Söhne',
      address: { line1: '1 High Street', city: 'Lagos', country: 'NG' },
    }
    await invoke(putBillingProfile, putRun, deps, { account, body })
    expect((await get(account)).body).toEqual({ ...body, taxId: null })
    expect((await get(await made(deps, 'b-else'))).body.name).toBe('A Customer')
  })

  it('404 for an account that nobody made; 403 without the scope', async () => {
    expect(await get('nobody')).toMatchObject({ status: 404, code: 'not_found' })
    expect(await get('b-put', { scopes: ['accounts:read'] })).toMatchObject({ status: 403, code: 'forbidden' })
  })
})
