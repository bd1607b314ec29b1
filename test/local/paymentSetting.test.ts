import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { providerFor } from '#domain/paymentSettings'
import { loadCatalogue } from '#local/catalogue'
import { localSettings, storeSettings } from '#local/paymentSetting'
import { dynamoTable } from '#table/dynamo'
import type { Table } from '#table/port'
import { findSetting, paymentSettingsName, putSettingWrites, readPaymentSettings } from '#table/settings'
import { type Engine, startEngine } from '#test/support/engine'

const returnUrl = 'http://127.0.0.1:4015/paid'
const all = ['razorpay', 'paystack', 'stripe'] as const

describe('who charges at a laptop', () => {
  it.each([
    ['cv-builder', 'paystack'],
    ['resume-ats', 'razorpay'],
    ['wellbeing', 'stripe'],
    ['ai-chat', 'stripe'],
    ['marketing', 'paystack'],
  ])('the product %s by %s', (name, provider) => {
    const catalogue = loadCatalogue(name)
    const settings = localSettings(catalogue, returnUrl)
    expect(settings).toMatchObject({ seller: { name, timeZone: 'UTC' }, returnUrl })
    expect(providerFor(settings, catalogue.currency, all)).toBe(provider)
  })

  it('another product by what its catalogue says, else by the currency’s usual provider', () => {
    const mine = { name: 'mine', currency: 'USD' }
    expect(localSettings({ ...mine, provider: 'stripe' }, returnUrl).providers).toEqual({ USD: 'stripe' })
    expect(localSettings(mine, returnUrl).providers).toEqual({})
  })
})

describe('the stored setting', () => {
  let engine: Engine
  let table: Table
  beforeAll(async () => {
    engine = await startEngine()
    table = dynamoTable({ client: engine.client, tableName: await engine.createTable() })
  })
  afterAll(() => engine.stop())

  const of = (port: number) => localSettings({ name: 'mine', currency: 'USD' }, `http://127.0.0.1:${port}/paid`)
  const version = async () => (await findSetting(table, paymentSettingsName))?.version

  it('is written once, anew for another port, and never over what staff wrote', async () => {
    await storeSettings(table, of(1), 1000)
    await storeSettings(table, of(1), 2000)
    expect(await version()).toBe(1)
    await storeSettings(table, of(2), 3000)
    expect(await readPaymentSettings(table)).toEqual(of(2))
    expect(await version()).toBe(2)

    const theirs = { ...of(2), seller: { name: 'Staff', timeZone: 'UTC' } }
    await table.write(putSettingWrites(paymentSettingsName, theirs, 2, 'staff', 4000))
    await storeSettings(table, of(3), 5000)
    expect(await readPaymentSettings(table)).toEqual(theirs)
  })
})
