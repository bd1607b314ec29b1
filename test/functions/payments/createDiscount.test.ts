import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openManualDiscounts } from '#table/discounts'
import { auditRows, callsOf } from '#test/support/calls'
import { testDeps } from '#test/support/deps'
import { discountCalls } from './discountSupport.ts'

const deps = await testDeps()
afterAll(() => deps.stop())
const { create } = discountCalls(deps)
beforeAll(async () => {
  for (const account of ['acc', 'full']) await callsOf(deps).putAccount({ account, body: { email: 'a@example.com' } })
})

describe('createDiscount', () => {
  it('201 stands ready for a checkout, and the audit entry says what was given and why', async () => {
    const answer = await create({ planId: 'team' }, { headers: { 'x-request-id': 'req-made' } })
    expect(answer).toMatchObject({
      status: 201,
      body: { accountId: 'acc', percentOff: 10, amountOff: null, planId: 'team', status: 'open', paymentId: null },
    })
    expect(await openManualDiscounts(deps.table, 'acc')).toMatchObject([{ id: answer.body.id, percentOff: 10 }])
    expect(await auditRows(deps, 'req-made')).toMatchObject([
      {
        action: 'createDiscount',
        entityId: answer.body.id,
        reason: 'Sorry for the trouble',
        after: { percentOff: 10, planId: 'team' },
      },
    ])
  })

  it('201 an amount, for a product or a group', async () => {
    expect((await create({ amountOff: 200, currency: 'USD', productId: 'guide' })).body).toMatchObject({
      percentOff: null,
      amountOff: 200,
      currency: 'USD',
      productId: 'guide',
    })
  })

  it('201 again for the same key: one discount; 422 for another one under it', async () => {
    const before = (await openManualDiscounts(deps.table, 'acc')).length
    const first = await create({}, { key: 'k' })
    expect(await create({}, { key: 'k' })).toMatchObject({ status: 201, replayed: true, body: first.body })
    expect(await create({ percentOff: 20 }, { key: 'k' })).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    })
    expect(await openManualDiscounts(deps.table, 'acc')).toHaveLength(before + 1)
  })

  it.each([
    { percentOff: 0 },
    { percentOff: 101 },
    { percentOff: 12.5 },
    { amountOff: 100 },
    { currency: 'USD' },
    { percentOff: 10, amountOff: 100, currency: 'USD' },
    { amountOff: 100, currency: 'ABC' },
    { planId: 'gold' },
    { productId: 'gold' },
    { group: 'gold' },
    { expiresAt: '2026-03-10T12:00:00.000Z' },
    { reason: '' },
    { reason: 'x'.repeat(121) },
    { code: 'X' },
  ])('400 for %j', async (body) => {
    expect(await create(body)).toMatchObject({ status: 400, code: 'validation_failed' })
  })

  it('403 for a login that is no staff, 404 for an account that nobody made', async () => {
    expect(await create({}, { subject: 'somebody' })).toMatchObject({ status: 403, code: 'forbidden' })
    expect(await create({}, { account: 'nobody' })).toMatchObject({ status: 404, code: 'not_found' })
  })

  it('409 beyond 50 open ones; those that are over do not count', async () => {
    const account = 'full'
    for (let n = 0; n < 50; n++) await create({ expiresAt: '2026-03-11T00:00:00Z' }, { account })
    expect(await create({}, { account })).toMatchObject({ status: 409, code: 'conflict' })
    deps.clock.set('2026-03-11T00:00:00Z')
    expect(await create({}, { account })).toMatchObject({ status: 201 })
  })
})
