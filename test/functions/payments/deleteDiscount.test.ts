import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openManualDiscounts } from '#table/discounts'
import { auditRows, callsOf } from '#test/support/calls'
import { strangerId, testDeps } from '#test/support/deps'
import { discountCalls } from './discountSupport.ts'

const deps = await testDeps()
afterAll(() => deps.stop())
const { create, remove, take } = discountCalls(deps)
beforeAll(() => callsOf(deps).putAccount({ account: 'acc', body: { email: 'a@example.com' } }))

describe('deleteDiscount', () => {
  it('204 takes it back: no checkout finds it, and staff are in the audit log', async () => {
    const { id } = (await create()).body
    expect(await remove(id, { headers: { 'x-request-id': 'req-gone' } })).toMatchObject({ status: 204 })
    expect(await openManualDiscounts(deps.table, 'acc')).toEqual([])
    expect(await take(id, strangerId('fpay'))).toBe(false)
    expect(await auditRows(deps, 'req-gone')).toMatchObject([{ action: 'deleteDiscount', entityId: id }])
  })

  it('409 when an order has it, also when that comes at the same moment: either has it, never both', async () => {
    for (let n = 0; n < 10; n++) {
      const { id } = (await create()).body
      const [taken, removed] = await Promise.all([take(id, strangerId('fpay')), remove(id)])
      expect(removed).toMatchObject(taken ? { status: 409, code: 'conflict' } : { status: 204 })
    }
  })

  it('404 for one that nobody gave, for one that is gone, and for another account’s', async () => {
    const { id } = (await create()).body
    const missing = await remove(strangerId('dsc'))
    expect(missing).toMatchObject({ status: 404, code: 'not_found' })
    const others = await remove(id, { account: 'other' })
    expect(others).toMatchObject({ status: 404, body: { detail: Reflect.get(Object(missing.body), 'detail') } })
    await remove(id)
    expect(await remove(id)).toMatchObject({ status: 404 })
  })

  it('400 for what is no discount’s id, 403 for a login that is no staff', async () => {
    expect(await remove('dsc_1')).toMatchObject({ status: 400, code: 'validation_failed' })
    expect(await remove(strangerId('dsc'), { subject: 'x' })).toMatchObject({ status: 403, code: 'forbidden' })
  })
})
