import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultPaymentSettings } from '#domain/paymentSettings'
import { dynamoTable } from '#table/dynamo'
import { profileKey, settingKey, settingVersionKey } from '#table/keys'
import {
  deleteMethodWrite,
  findMethod,
  listMethods,
  methodFingerprint,
  type PaymentMethod,
  putMethodWrite,
} from '#table/methods'
import type { Table } from '#table/port'
import { type BillingProfile, findProfile, putProfileWrite } from '#table/profiles'
import { findSetting, putSettingWrites, settingsCache } from '#table/settings'
import { type Engine, startEngine } from '#test/support/engine'
import { at, idAt, spoil } from './paymentSupport.ts'

let engine: Engine
let table: Table
beforeAll(async () => {
  engine = await startEngine()
  table = dynamoTable({ client: engine.client, tableName: await engine.createTable() })
})
afterAll(async () => engine?.stop())

const named = (name: string) => ({ ...defaultPaymentSettings, seller: { name, timeZone: 'Asia/Kolkata' } })

describe('a setting', () => {
  it('is written on the version that was seen, and every version stays', async () => {
    expect(await findSetting(table, 'limits')).toBeUndefined()
    expect(await table.write(putSettingWrites('limits', { a: [1, null] }, 0, 'ann', at))).toEqual({ committed: true })
    expect(await table.write(putSettingWrites('limits', { a: 2 }, 0, 'bob', at))).toMatchObject({ committed: false })
    expect(await table.write(putSettingWrites('limits', { a: 3 }, 1, 'bob', at + 1))).toEqual({ committed: true })
    expect(await table.write(putSettingWrites('limits', { a: 4 }, 1, 'ann', at))).toMatchObject({ committed: false })
    expect(await findSetting(table, 'limits')).toMatchObject({ version: 2, value: { a: 3 } })
    const versions = await Promise.all([1, 2, 3].map((version) => table.get(settingVersionKey('limits', version))))
    expect(versions.map((item) => item && [item.json, item.actor])).toEqual([
      ['{"a":[1,null]}', 'ann'],
      ['{"a":3}', 'bob'],
      undefined,
    ])
  })
})

describe('the payment settings in memory', () => {
  it('are the defaults until some are stored, and looked for again after a minute', async () => {
    let now = 0
    let reads = 0
    const counted: Table = {
      ...table,
      get: (key, options) => {
        reads += 1
        return table.get(key, options)
      },
    }
    const settings = settingsCache(counted, () => now)
    expect(await Promise.all([settings(), settings(), settings()])).toEqual([
      defaultPaymentSettings,
      defaultPaymentSettings,
      defaultPaymentSettings,
    ])
    expect(reads).toBe(1)
    await table.write(putSettingWrites('payments', named('Seller Ltd'), 0, 'ann', at))
    now = 59_999
    expect(await settings()).toEqual(defaultPaymentSettings)
    expect(reads).toBe(1)
    now = 60_000
    expect(await settings()).toEqual(named('Seller Ltd'))
    expect(reads).toBe(2)
  })

  it('go on serving when a look fails, and say so; with nothing in memory the failure is the caller’s', async () => {
    let now = 0
    let isDown = true
    const failures: unknown[] = []
    const shaky: Table = {
      ...table,
      get: (key, options) => (isDown ? Promise.reject(new Error('down')) : table.get(key, options)),
    }
    const settings = settingsCache(
      shaky,
      () => now,
      (error) => failures.push(error),
    )
    await expect(settings()).rejects.toThrow('down')
    isDown = false
    expect(await settings()).toEqual(named('Seller Ltd'))
    isDown = true
    now = 60_000
    expect(await settings()).toEqual(named('Seller Ltd'))
    expect(failures).toHaveLength(1)
  })

  it.each([
    ['no settings', '{"seller":{"name":""}}'],
    ['members that nobody knows', '{"colour":"red"}'],
  ])('stored as %s, they are a defect', async (_what, json) => {
    const item = await table.get(settingKey('payments'), { consistent: true })
    if (!item) throw new Error('they are not stored')
    await spoil(table, item, { json })
    await expect(settingsCache(table, () => 0)()).rejects.toThrow('the setting "payments"')
  })
})

describe('payment methods', () => {
  const method = (over: Partial<PaymentMethod> = {}): PaymentMethod => ({
    id: idAt('pmt'),
    accountId: 'acc_methods',
    provider: 'razorpay',
    kind: 'card',
    brand: 'visa',
    last4: '1111',
    expMonth: 12,
    expYear: 2030,
    sealedToken: 'sealed',
    gatewayCustomerId: 'cust_1',
    fingerprint: methodFingerprint('razorpay', 'token_1'),
    isDefault: true,
    createdAt: at,
    updatedAt: at,
    ver: 1,
    ...over,
  })

  it('are put once, changed and deleted on their version, and listed oldest first', async () => {
    const { brand: _b, last4: _l, expMonth: _m, expYear: _y, gatewayCustomerId: _c, ...bare } = method()
    const one = method()
    for (const next of [bare, one]) expect(await table.write([putMethodWrite(next, 0)])).toEqual({ committed: true })
    expect(await table.write([putMethodWrite(one, 0)])).toMatchObject({ committed: false })
    expect(await listMethods(table, 'acc_methods')).toEqual([bare, one])
    const next = { ...one, isDefault: false, ver: 2 }
    expect(await table.write([putMethodWrite(next, 1)])).toEqual({ committed: true })
    expect(await table.write([deleteMethodWrite(one)])).toMatchObject({ committed: false })
    expect(await findMethod(table, 'acc_methods', one.id)).toEqual(next)
    expect(await findMethod(table, 'acc_other', one.id)).toBeUndefined()
    expect(await table.write([deleteMethodWrite(next)])).toEqual({ committed: true })
    expect(await listMethods(table, 'acc_methods')).toEqual([bare])
  })

  it('a fingerprint tells the same token of the same provider, and shows nothing of it', () => {
    const print = methodFingerprint('razorpay', 'token_1')
    expect(print).toBe(methodFingerprint('razorpay', 'token_1'))
    expect(print).not.toBe(methodFingerprint('paystack', 'token_1'))
    expect(print).not.toBe(methodFingerprint('razorpay', 'token_2'))
    expect(print).toMatch(/^[0-9A-HJKMNP-TV-Z]{16}$/)
  })
})

describe('a billing profile', () => {
  const profile: BillingProfile = {
    accountId: 'acc_profile',
    email: 'a@example.com',
    name: 'A Ltd',
    address: { line1: 'Road 1', city: 'Accra', country: 'GH' },
    taxId: 'T-1',
    createdAt: at,
    updatedAt: at,
    ver: 1,
  }

  it('is put once and then on its version; spoiled it is a defect', async () => {
    expect(await findProfile(table, 'acc_profile')).toBeUndefined()
    expect(await table.write([putProfileWrite(profile, 0)])).toEqual({ committed: true })
    expect(await table.write([putProfileWrite(profile, 0)])).toMatchObject({ committed: false })
    const { taxId: _taxId, ...next } = { ...profile, ver: 2 }
    expect(await table.write([putProfileWrite(next, 1)])).toEqual({ committed: true })
    expect(await table.write([putProfileWrite(next, 1)])).toMatchObject({ committed: false })
    expect(await findProfile(table, 'acc_profile', { consistent: true })).toEqual(next)
    const item = await table.get(profileKey('acc_profile'), { consistent: true })
    if (!item) throw new Error('it is not stored')
    await spoil(table, item, { address: { line1: 'Road 1' } })
    await expect(findProfile(table, 'acc_profile', { consistent: true })).rejects.toThrow('its own shape')
  })
})
