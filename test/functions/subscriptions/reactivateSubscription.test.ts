import { afterAll, describe, expect, it } from 'vitest'
import { applyRefund } from '#runtime/refundFact'
import { listPayments } from '#table/payments'
import { suspend } from '#test/support/standing'
import { call, refundCall } from '../payments/refundSupport.ts'
import { shopD } from './support.ts'

const shop = await shopD()
afterAll(() => shop.stop())
const { all, buying, cancel, deps, get, reactivate, subscriber } = shop
const start = deps.clock.now()
const canceled = async (account: string, when: 'now' | 'period_end', priceId = 'pro-month') => {
  deps.clock.set(start)
  await subscriber(account, priceId)
  await cancel(account, { when })
  return account
}

describe('reactivateSubscription', () => {
  it('200 takes back the end that has not come; it renews again with the card that is kept; twice is the same', async () => {
    const account = await canceled('b-end', 'period_end')
    const first = await reactivate(account)
    expect(first.body).toMatchObject({ status: 'active', cancelAtPeriodEnd: false, autoRenew: true, canceledAt: null })
    expect((await reactivate(account)).body).toEqual(first.body)
  })

  it('200 within the time that was paid: the plan is back for the rest of it', async () => {
    const account = await canceled('b-now', 'now')
    deps.clock.set('2026-06-30T23:59:59.999Z')
    expect((await reactivate(account)).body).toMatchObject({
      status: 'active',
      activePlanId: 'pro',
      paidUntil: '2026-07-01T00:00:00.000Z',
      endedAt: null,
    })
  })

  it('200 of a plan whose refund failed: its money is here', async () => {
    deps.clock.set(start)
    const account = await subscriber('b-refund')
    const [payment] = (await listPayments(deps.table, account, { limit: 1 })).payments
    if (!payment) throw new Error('nothing was paid')
    const { body } = await refundCall(deps, payment, { body: { plan: 'now' } })
    expect((await reactivate(account)).code).toBe('conflict')
    const seen = {
      providerPaymentId: body.providerPaymentId ?? '',
      refundId: body.providerRefundId ?? '',
      amountMinor: body.amount,
      state: 'failed' as const,
    }
    await applyRefund(deps, { accountId: account, paymentId: payment.id }, seen, call)
    expect((await reactivate(account)).body).toMatchObject({ status: 'active', activePlanId: 'pro' })
  })

  it('409 once what was paid is over, and 30 days after it was cancelled', async () => {
    const month = await canceled('b-late', 'now')
    const year = await canceled('b-year', 'now', 'pro-year')
    deps.clock.set('2026-07-01T00:00:00.000Z')
    for (const account of [month, year]) expect((await reactivate(account)).code).toBe('conflict')
    deps.clock.set('2026-06-30T23:59:59.999Z')
    expect((await reactivate(year)).status).toBe(200)
  })

  it('409 when the account has another plan by now', async () => {
    const account = await canceled('b-other', 'now')
    await all.grantPlan({ account, body: { priceId: 'premium-month', reason: 'a gift' } })
    expect((await reactivate(account)).code).toBe('conflict')
    const bought = await canceled('b-bought', 'now')
    deps.clock.advance(1_000)
    await buying.buy(bought, { priceId: 'premium-month' })
    // What is live is kept as it is: nothing was asked to end.
    expect((await reactivate(bought)).body).toMatchObject({ planId: 'premium', status: 'active' })
  })

  it('404 without a subscription; 403 account_suspended', async () => {
    await all.putAccount({ account: 'b-none', body: { email: 'a@example.com' } })
    expect((await reactivate('b-none')).code).toBe('not_found')
    const account = await canceled('b-suspended', 'now')
    await suspend(deps, account)
    expect((await reactivate(account)).code).toBe('account_suspended')
    expect((await get(account)).body.status).toBe('canceled')
  })
})
