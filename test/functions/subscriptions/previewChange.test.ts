import { afterAll, describe, expect, it } from 'vitest'
import { couponCount } from '#table/discounts'
import { listPayments } from '#table/payments'
import { refundCall } from '../payments/refundSupport.ts'
import { shopD } from './support.ts'

const shop = await shopD()
afterAll(() => shop.stop())
const { deps, all, preview, subscriber } = shop
const half = Date.parse('2026-06-16T00:00:00.000Z')
const start = deps.clock.now()
const midway = async (account: string) => {
  deps.clock.set(start)
  await subscriber(account)
  deps.clock.set(half)
  return account
}

describe('previewChange', () => {
  it('200 an upgrade: what is left of the old plan, the rest of the new one, and the difference; nothing is taken', async () => {
    const account = await midway('p-up')
    const { body } = await preview(account, { priceId: 'premium-month' })
    expect(body).toEqual({
      lines: [
        { kind: 'credit', description: 'Pro, unused time', amount: -7450 },
        { kind: 'charge', description: 'Premium, rest of the period', amount: 12_450 },
      ],
      total: 5000,
      currency: 'INR',
      effectiveAt: '2026-06-16T00:00:00.000Z',
      daysRemaining: 15,
      token: body.token,
    })
    expect((await listPayments(deps.table, account, { limit: 10 })).payments).toHaveLength(1)
  })

  it('200 with a coupon: it comes off the new plan’s line, and is not counted', async () => {
    const account = await midway('p-coupon')
    const { body } = await preview(account, { priceId: 'premium-month', couponCode: 'half' })
    expect(body.lines.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['credit', -7450],
      ['charge', 12_450],
      ['discount', -6225],
      // What is over is kept: the lines add up to nothing.
      ['account_credit', 1225],
    ])
    expect(body.total).toBe(0)
    expect(await couponCount(deps.table, 'HALF')).toBe(0)
  })

  it('200 credits what is here of each payment of the period: the first one went back', async () => {
    const account = await midway('p-refunded')
    const { body } = await shop.change(account, { priceId: 'premium-month' })
    await shop.settle(account, body.payment)
    const { payments } = await listPayments(deps.table, account, { limit: 10 })
    const first = payments.find(({ type }) => type === 'plan_purchase')
    if (!first) throw new Error('nothing was bought')
    const credit = async () => (await preview(account, { priceId: 'premium-year' })).body.lines[0]?.amount
    expect(await credit()).toBe(-12_450)
    expect((await refundCall(deps, first, { body: { amount: 7450, plan: 'keep' } })).status).toBe(202)
    expect(await credit()).toBe(-8725)
    expect((await refundCall(deps, first, { body: { plan: 'keep' } })).status).toBe(202)
    expect(await credit()).toBe(-5000)
  })

  it('200 a downgrade: nothing now, at the end of what is paid', async () => {
    deps.clock.set(start)
    const yearly = await subscriber('p-year', 'premium-year')
    expect((await preview(yearly, { priceId: 'pro-month' })).body).toMatchObject({
      lines: [],
      total: 0,
      effectiveAt: '2027-06-01T00:00:00.000Z',
      daysRemaining: 365,
    })
  })

  it('200 again with the same key: the first token; 422 for another price under it', async () => {
    const account = await midway('p-key')
    const call = { key: 'p-key' }
    const first = await preview(account, { priceId: 'premium-month' }, call)
    deps.clock.advance(60_000)
    const second = await preview(account, { priceId: 'premium-month' }, call)
    expect(second).toMatchObject({ replayed: true, body: first.body })
    expect((await preview(account, { priceId: 'pro-year' }, call)).code).toBe('idempotency_key_reused')
  })

  it('400 coupon_invalid for one that does not exist, or is for another plan', async () => {
    const account = await midway('p-bad')
    for (const couponCode of ['NOTHING', 'STUDENTS'])
      expect(await preview(account, { priceId: 'premium-month', couponCode })).toMatchObject({ code: 'coupon_invalid' })
  })

  it('404 for a price that is not in the catalogue, and for an unknown account', async () => {
    expect((await preview('p-up', { priceId: 'nothing' })).code).toBe('not_found')
    expect((await preview('p-nobody', { priceId: 'premium-month' })).code).toBe('not_found')
  })

  it('409 for the same price, for a free plan, without a subscription and over what staff gave', async () => {
    for (const priceId of ['pro-month', 'free']) expect((await preview('p-up', { priceId })).code).toBe('conflict')
    await all.putAccount({ account: 'p-none', body: { email: 'a@example.com' } })
    expect((await preview('p-none', { priceId: 'pro-month' })).code).toBe('conflict')
    await all.grantPlan({ account: 'p-none', body: { priceId: 'pro-month', reason: 'a gift' } })
    expect((await preview('p-none', { priceId: 'premium-month' })).code).toBe('conflict')
  })
})
