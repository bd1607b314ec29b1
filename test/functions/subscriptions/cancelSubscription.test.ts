import { afterAll, describe, expect, it } from 'vitest'
import { priceCountKey } from '#table/keys'
import { auditRows } from '#test/support/calls'
import { suspend } from '#test/support/standing'
import { shopD } from './support.ts'

const shop = await shopD()
afterAll(() => shop.stop())
const { all, cancel, deps, get, reactivate, subscriber } = shop
const live = async () => Number((await deps.table.get(priceCountKey('pro-month'), { consistent: true }))?.live ?? 0)

describe('cancelSubscription', () => {
  it('200 at the end of what is paid: everything goes on until that instant; twice is the same answer', async () => {
    const account = await subscriber('x-end')
    const first = await cancel(account, { when: 'period_end', reason: 'Too dear' })
    expect(first.body).toMatchObject({
      status: 'active',
      cancelAtPeriodEnd: true,
      autoRenew: false,
      canceledAt: '2026-06-01T00:00:00.000Z',
      cancelReason: 'Too dear',
      activePlanId: 'pro',
    })
    expect((await cancel(account, { when: 'period_end' })).body).toEqual(first.body)
    expect((await get(account)).body).toEqual(first.body)
  })

  it('200 now: over at once, what was paid stays as the way back; twice is no error', async () => {
    const account = await subscriber('x-now')
    const before = await live()
    const { body } = await cancel(account, { when: 'now' })
    expect(body).toMatchObject({
      status: 'canceled',
      activePlanId: 'free',
      paidUntil: '2026-07-01T00:00:00.000Z',
      endedAt: '2026-06-01T00:00:00.000Z',
      daysRemaining: 0,
    })
    expect((await all.getAccount({ account })).body.planId).toBe('free')
    expect(await live()).toBe(before - 1)
    expect((await cancel(account, { when: 'now' })).body).toEqual(body)
    expect(await live()).toBe(before - 1)
  })

  it('200 the same key after it was taken back: the first answer, and no second cancellation', async () => {
    const account = await subscriber('x-key')
    const first = await cancel(account, { when: 'now' }, { key: 'x-key' })
    await reactivate(account)
    expect(await cancel(account, { when: 'now' }, { key: 'x-key' })).toMatchObject({ replayed: true, body: first.body })
    expect((await get(account)).body.status).toBe('active')
    expect((await cancel(account, { when: 'period_end' }, { key: 'x-key' })).code).toBe('idempotency_key_reused')
  })

  it('200 by staff, with a reason, in the audit log; also of a suspended account', async () => {
    const account = await subscriber('x-staff')
    await suspend(deps, account)
    const headers = { 'x-request-id': 'x-staff' }
    const { body } = await cancel(account, { when: 'now', reason: 'Fraud' }, { as: 'staff', headers })
    expect(body.status).toBe('canceled')
    expect(await auditRows(deps, 'x-staff')).toMatchObject([
      {
        action: 'cancelSubscription',
        entityId: body.id,
        reason: 'Fraud',
        actor: { role: 'ADMIN' },
        before: { status: 'active' },
        after: { status: 'canceled' },
      },
    ])
  })

  it('200 staff take back what staff gave; nobody else does', async () => {
    await all.putAccount({ account: 'x-given', body: { email: 'a@example.com' } })
    await all.grantPlan({ account: 'x-given', body: { priceId: 'pro-month', reason: 'a gift' } })
    const before = await live()
    deps.clock.advance(1)
    expect((await cancel('x-given', { when: 'now' }, { as: 'customer' })).code).toBe('conflict')
    const headers = { 'x-request-id': 'x-given' }
    const { body } = await cancel('x-given', { when: 'now', reason: 'By mistake' }, { as: 'staff', headers })
    expect(body).toMatchObject({ status: 'canceled', complimentary: true, activePlanId: 'free', daysRemaining: 0 })
    expect((await all.getAccount({ account: 'x-given' })).body.planId).toBe('free')
    expect(await live()).toBe(before - 1)
    expect((await shop.history('x-given')).body.data.map(({ kind, active }) => [kind, active])).toEqual([
      ['cancel', true],
      ['grant', false],
    ])
    expect(await auditRows(deps, 'x-given')).toContainEqual(expect.objectContaining({ reason: 'By mistake' }))
    expect((await cancel('x-given', { when: 'now' }, { as: 'staff' })).body).toEqual(body)
  })

  it('race: 20 at once cancel once', async () => {
    const account = await subscriber('x-race')
    const before = await live()
    deps.clock.advance(1)
    const answers = await Promise.all(Array.from({ length: 20 }, () => cancel(account, { when: 'now' })))
    const done = answers.filter(({ status }) => status === 200)
    expect(done.length).toBeGreaterThan(0)
    expect(answers.filter(({ status }) => status !== 200).every(({ code }) => code === 'contended')).toBe(true)
    expect(new Set(done.map(({ body }) => body.endedAt)).size).toBe(1)
    expect(await live()).toBe(before - 1)
    expect((await shop.history(account)).body.data.map(({ kind }) => kind)).toEqual(['cancel', 'new'])
  })

  it('409 when it is over, without end, or given by staff', async () => {
    const over = await subscriber('x-over')
    const endless = await subscriber('x-endless', 'lifetime')
    expect((await cancel(endless, { when: 'period_end' })).code).toBe('conflict')
    await all.putAccount({ account: 'x-gift', body: { email: 'a@example.com' } })
    await all.grantPlan({ account: 'x-gift', body: { priceId: 'pro-month', reason: 'a gift' } })
    expect((await cancel('x-gift', { when: 'now' })).code).toBe('conflict')
    const back = deps.clock.now()
    deps.clock.set('2026-07-04T00:01:00.000Z')
    expect((await cancel(over, { when: 'now' })).code).toBe('conflict')
    deps.clock.set(back)
  })

  it('404 without a subscription, and for an account that nobody has', async () => {
    await all.putAccount({ account: 'x-none', body: { email: 'a@example.com' } })
    for (const account of ['x-none', 'x-nobody'])
      expect(await cancel(account, { when: 'now' })).toMatchObject({ status: 404, code: 'not_found' })
  })

  it('403 account_suspended for the customer and for the product', async () => {
    const account = await subscriber('x-suspended')
    await suspend(deps, account)
    for (const as of ['customer', 'server'] as const)
      expect((await cancel(account, { when: 'now' }, { as })).code).toBe('account_suspended')
  })
})
