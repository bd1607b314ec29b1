import { afterAll, describe, expect, it } from 'vitest'
import { auditRows } from '#test/support/calls'
import { shopD } from './support.ts'

const shop = await shopD()
afterAll(() => shop.stop())
const { all, deps, extend, get, subscriber } = shop
const reason = 'The site was down'

describe('extendSubscription', () => {
  it('200 the period ends later, free of charge, with its reason in the audit log', async () => {
    const account = await subscriber('e-one')
    const headers = { 'x-request-id': 'e-one' }
    const body = { until: '2026-07-11T00:00:00Z', reason }
    const answer = await extend(account, body, { headers, key: 'e-one' })
    expect(answer.body).toMatchObject({
      status: 'active',
      currentPeriodEnd: '2026-07-11T00:00:00.000Z',
      daysRemaining: 40,
    })
    expect(await extend(account, body, { key: 'e-one' })).toMatchObject({ replayed: true, body: answer.body })
    expect((await get(account)).body.currentPeriodEnd).toBe('2026-07-11T00:00:00.000Z')
    expect(await auditRows(deps, 'e-one')).toMatchObject([
      { action: 'extendSubscription', reason, entityId: answer.body.id, actor: { role: 'ADMIN' } },
    ])
  })

  it('200 overdue: active again until then', async () => {
    const account = await subscriber('e-late')
    deps.clock.set('2026-07-02T00:00:00.000Z')
    expect((await extend(account, { until: '2026-07-10T00:00:00Z', reason })).body.status).toBe('active')
    deps.clock.set('2026-06-01T00:00:00.000Z')
  })

  it('409 for an instant that extends nothing, a plan without end, and one that staff gave', async () => {
    const account = await subscriber('e-no')
    expect((await extend(account, { until: '2026-07-01T00:00:00Z', reason })).code).toBe('conflict')
    expect(
      (await extend(await subscriber('e-endless', 'lifetime'), { until: '2027-01-01T00:00:00Z', reason })).code,
    ).toBe('conflict')
    await all.putAccount({ account: 'e-gift', body: { email: 'a@example.com' } })
    await all.grantPlan({ account: 'e-gift', body: { priceId: 'pro-month', reason } })
    expect((await extend('e-gift', { until: '2027-01-01T00:00:00Z', reason })).code).toBe('conflict')
  })

  it('404 without a subscription; 403 for whoever is not staff', async () => {
    await all.putAccount({ account: 'e-none', body: { email: 'a@example.com' } })
    for (const account of ['e-none', 'e-nobody'])
      expect((await extend(account, { until: '2027-01-01T00:00:00Z', reason })).code).toBe('not_found')
    expect((await extend('e-one', { until: '2027-01-01T00:00:00Z', reason }, { subject: 'somebody' })).code).toBe(
      'forbidden',
    )
  })
})
