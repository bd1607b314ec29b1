import { afterAll, describe, expect, it } from 'vitest'
import { defaultPaymentSettings } from '#domain/paymentSettings'
import { run } from '#functions/payments/getSetting'
import { getSetting } from '#operations/adminPayments'
import { commit } from '#table/commit'
import { putSettingWrites } from '#table/settings'
import { invoke, testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())
const get = (key: string, rest: object = {}) => invoke(getSetting, run, deps, { params: { key }, ...rest })

describe('getSetting', () => {
  it('200 what holds while nothing was set, as version 0', async () => {
    expect((await get('payments')).body).toEqual({
      key: 'payments',
      version: 0,
      value: defaultPaymentSettings,
      updatedAt: null,
      updatedBy: null,
    })
  })

  it('200 what was set, with who set it', async () => {
    const value = { ...defaultPaymentSettings, returnUrl: 'https://shop.example/thanks' }
    await commit(deps.table, putSettingWrites('payments', value, 0, 'someone', deps.clock.now()))
    const updatedAt = new Date(deps.clock.now()).toISOString()
    expect((await get('payments')).body).toEqual({
      key: 'payments',
      version: 1,
      value,
      updatedAt,
      updatedBy: 'someone',
    })
  })

  it('400 for what is no key, 403 for a login that is no staff, 404 for a key that no setting has', async () => {
    expect(await get('A B')).toMatchObject({ status: 400, code: 'validation_failed' })
    expect(await get('payments', { subject: 'somebody' })).toMatchObject({ status: 403, code: 'forbidden' })
    expect(await get('colours')).toMatchObject({ status: 404, code: 'not_found' })
  })
})
