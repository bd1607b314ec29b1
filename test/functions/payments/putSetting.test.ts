import { afterAll, describe, expect, it } from 'vitest'
import { defaultPaymentSettings } from '#domain/paymentSettings'
import { run } from '#functions/payments/putSetting'
import { putSetting } from '#operations/adminPayments'
import { settingVersionKey } from '#table/keys'
import { findSetting, readPaymentSettings } from '#table/settings'
import { auditRows } from '#test/support/calls'
import { admin, invoke, testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())
const put = (value: unknown, version?: number, rest: object = {}) =>
  invoke(putSetting, run, deps, {
    params: { key: 'payments' },
    body: { value, ...(version !== undefined && { version }) },
    ...rest,
  })
const seller = { name: 'Canary Ltd', email: 'canary@example.com', timeZone: 'Asia/Kolkata' }
const versionNow = async () => (await findSetting(deps.table, 'payments'))?.version ?? 0

describe('putSetting', () => {
  it('200 holds from now on, defaults filled in; the audit entry names what changed, not to what', async () => {
    const answer = await put({ seller }, 0, { headers: { 'x-request-id': 'req-put' } })
    expect(answer).toMatchObject({
      status: 200,
      body: { key: 'payments', version: 1, updatedBy: admin, value: { ...defaultPaymentSettings, seller } },
    })
    expect(await readPaymentSettings(deps.table)).toEqual(answer.body.value)
    const audit = await auditRows(deps, 'req-put')
    expect(audit).toMatchObject([
      { action: 'putSetting', entityId: 'payments', after: { version: 1, changed: ['seller'] } },
    ])
    expect(JSON.stringify(audit).toLowerCase()).not.toContain('canary')
  })

  it('200 without a version writes over whatever is there; every version is kept', async () => {
    const before = await versionNow()
    expect((await put({ providers: { USD: 'stripe' } })).body.version).toBe(before + 1)
    expect(await deps.table.get(settingVersionKey('payments', before))).toMatchObject({ version: before })
  })

  it.each([[[]], [[1]], [[6, 12, 71]]])('200 retries %j hours after the end', async (retryHours) => {
    expect((await put({ retryHours })).body.value).toMatchObject({ retryHours })
  })

  it('409 for another version than the one that is there', async () => {
    const before = await versionNow()
    expect(await put({}, before - 1)).toMatchObject({ status: 409, code: 'conflict', body: { version: before } })
    expect(await put({}, before + 1)).toMatchObject({ status: 409 })
    expect(await versionNow()).toBe(before)
  })

  it('409 for all but one of 10 that saw the same version', async () => {
    const before = await versionNow()
    const answers = await Promise.all(Array.from({ length: 10 }, () => put({}, before)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array.from({ length: 9 }, () => 409)])
    expect(await versionNow()).toBe(before + 1)
  })

  it.each([
    { seller: { name: '' } },
    { seller: { name: 'x', timeZone: 'Mars/Olympus' } },
    { tax: { IN: { rate: '18' } } },
    { tax: { default: { rate: '101' } } },
    { providers: { USD: 'bank' } },
    { providers: { XXZ: 'stripe' } },
    { returnUrl: 'javascript:alert(1)' },
    { retryHours: [0] },
    { retryHours: [24, 72] },
    { retryHours: [48, 24] },
    { retryHours: [24, 24] },
    { retryHours: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
    { colours: 'red' },
    null,
  ])('400 for the value %j', async (value) => {
    expect(await put(value)).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  it('403 for a login that is no staff, 404 for a key that no setting has', async () => {
    expect(await put({}, undefined, { subject: 'somebody' })).toMatchObject({ status: 403, code: 'forbidden' })
    expect(await put({}, undefined, { params: { key: 'colours' } })).toMatchObject({ status: 404, code: 'not_found' })
  })
})
