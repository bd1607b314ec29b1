import { afterAll, describe, expect, it } from 'vitest'
import { invoicesOfPayment } from '#table/invoices'
import { suspend } from '#test/support/standing'
import { shopD } from './support.ts'

const shop = await shopD()
afterAll(() => shop.stop())
const { all, bench, cancel, deps, get, history, renew, settle, subscriber, update } = shop
const start = deps.clock.now()
const anew = (account: string, priceId?: string) => {
  deps.clock.set(start)
  return subscriber(account, priceId)
}
const methodOf = async (account: string) => (await get(account)).body.paymentMethodId ?? ''

describe('renewSubscription', () => {
  it('201 before the end: the period is added to the end of what is paid; the same key is the same payment', async () => {
    const account = await anew('n-ahead')
    deps.clock.set('2026-06-20T00:00:00.000Z')
    const first = await renew(account, {}, { key: 'n-ahead' })
    expect(first.body).toMatchObject({ amount: 14_900, payment: { type: 'renewal', status: 'pending' } })
    expect(await renew(account, {}, { key: 'n-ahead' })).toMatchObject({ replayed: true, body: first.body })
    await settle(account, first.body.payment)
    const [invoice] = await invoicesOfPayment(deps.table, account, first.body.payment.id)
    expect(invoice?.period).toEqual({ from: '2026-07-01', to: '2026-08-01' })
    expect((await get(account)).body).toMatchObject({
      currentPeriodEnd: '2026-07-01T00:00:00.000Z',
      paidUntil: '2026-08-01T00:00:00.000Z',
      daysRemaining: 42,
    })
    expect((await history(account)).body.data.map(({ kind, active }) => [kind, active])).toEqual([
      ['renewal', false],
      ['new', true],
    ])
    expect((await renew(account, {}, { key: 'n-ahead' })).body.payment.status).toBe('completed')
  })

  it('201 when overdue, with the saved card: counted from the old end, not from the payment', async () => {
    const account = await anew('n-late')
    deps.clock.set('2026-07-02T00:00:00.000Z')
    expect((await get(account)).body.status).toBe('past_due')
    const { body } = await renew(account, { paymentMethodId: await methodOf(account) })
    expect(body).toMatchObject({ checkout: null, payment: { status: 'completed' } })
    expect((await get(account)).body).toMatchObject({
      status: 'active',
      currentPeriodStart: '2026-07-01T00:00:00.000Z',
      currentPeriodEnd: '2026-08-01T00:00:00.000Z',
    })
  })

  it('201 when it is over: bought anew from now, at the price that is asked for', async () => {
    const account = await anew('n-over')
    await cancel(account, { when: 'now' })
    deps.clock.set('2026-08-10T00:00:00.000Z')
    const { body } = await renew(account, { priceId: 'premium-month' })
    expect(body.payment.type).toBe('plan_purchase')
    await settle(account, body.payment)
    expect((await get(account)).body).toMatchObject({
      planId: 'premium',
      status: 'active',
      currentPeriodStart: '2026-08-10T00:00:00.000Z',
    })
  })

  it('race: four that are paid at once for one period: one renews, the others’ money is kept', async () => {
    const account = await anew('n-race')
    const begun = await Promise.all(Array.from({ length: 4 }, () => renew(account, {})))
    const paid = await Promise.all(begun.map(({ body }) => settle(account, body.payment)))
    expect(paid.map(({ status }) => status).sort()).toEqual(['completed', 'review', 'review', 'review'])
    expect((await get(account)).body.paidUntil).toBe('2026-08-01T00:00:00.000Z')
  })

  it('409 for another price while it is live, for a plan without end, and 12 periods ahead', async () => {
    const account = await anew('n-price')
    expect((await renew(account, { priceId: 'premium-month' })).code).toBe('conflict')
    expect((await renew(await anew('n-endless', 'lifetime'), {})).code).toBe('conflict')
    const paymentMethodId = await methodOf(account)
    for (let count = 0; count < 12; count++) expect((await renew(account, { paymentMethodId })).status).toBe(201)
    expect((await renew(account, { paymentMethodId })).code).toBe('conflict')
    expect((await get(account)).body.paidUntil).toBe('2027-07-01T00:00:00.000Z')
  })

  it('201 a plan that was to end goes on for what is paid, and still ends then', async () => {
    const account = await anew('n-ending')
    await update(account, { autoRenew: false })
    await settle(account, (await renew(account, {})).body.payment)
    expect((await get(account)).body).toMatchObject({ cancelAtPeriodEnd: true, paidUntil: '2026-08-01T00:00:00.000Z' })
  })

  it('404 for whoever never had a plan, an unknown price and another account’s method', async () => {
    await all.putAccount({ account: 'n-none', body: { email: 'a@example.com' } })
    expect((await renew('n-none', {})).code).toBe('not_found')
    expect((await renew('n-none', { priceId: 'nothing' })).code).toBe('not_found')
    const paymentMethodId = await methodOf(await anew('n-theirs'))
    expect((await renew(await anew('n-mine'), { paymentMethodId })).code).toBe('not_found')
  })

  it('201 for a suspended account; 503 provider_unavailable keeps what was begun', async () => {
    const account = await anew('n-suspended')
    await suspend(deps, account)
    expect((await renew(account, {})).status).toBe(201)
    const other = await anew('n-503')
    bench.fakes.stripe.behave({ requests: [{ route: '*', fault: 'server_error', times: 20 }] })
    expect((await renew(other, {}, { key: 'n-503' })).code).toBe('provider_unavailable')
    bench.fakes.stripe.behave({ reset: true })
    deps.clock.passReal(36_000)
    const { body } = await renew(other, {}, { key: 'n-503' })
    expect(body.providerOrderId).not.toBeNull()
  })
})
