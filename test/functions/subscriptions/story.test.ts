import { afterAll, describe, expect, it } from 'vitest'
import { invoicesOfPayment } from '#table/invoices'
import { shopD } from './support.ts'

const shop = await shopD('razorpay')
afterAll(() => shop.stop())
const { deps, get, history, preview, change, cancel, settle, subscriber } = shop
const account = 'story'
const viewNow = async () => (await get(account)).body

describe('reference product D, lived by the clock', () => {
  it('is on the free plan before anything is bought', async () => {
    const { body } = await get(account, undefined, { as: 'customer' })
    expect(body).toMatchObject({ id: null, planId: 'free', activePlanId: 'free', status: null, priceId: null })
    expect(body.features).toMatchObject({
      resumes: { limit: 1, window: 'month' },
      portfolio: false,
      templates: 'basic',
    })
  })

  it('buys Pro for a month', async () => {
    await subscriber(account)
    expect(await viewNow()).toMatchObject({
      planId: 'pro',
      activePlanId: 'pro',
      priceId: 'pro-month',
      status: 'active',
      currentPeriodStart: '2026-06-01T00:00:00.000Z',
      currentPeriodEnd: '2026-07-01T00:00:00.000Z',
      paidUntil: '2026-07-01T00:00:00.000Z',
      daysRemaining: 30,
      features: { resumes: { limit: 'unlimited', window: 'month' }, portfolio: true, 'ai-model': 'hybrid' },
    })
  })

  it('is upgraded in the middle of the month for what the preview said, and the period stays', async () => {
    deps.clock.set('2026-06-16T00:00:00.000Z')
    const shown = await preview(account, { priceId: 'premium-month' })
    expect(shown.body).toMatchObject({ total: 5000, currency: 'INR', daysRemaining: 15 })
    expect(shown.body.lines.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['credit', -7450],
      ['charge', 12_450],
    ])
    deps.clock.advance(14 * 60_000)
    const asked = await change(account, { priceId: 'premium-month', token: shown.body.token })
    expect(asked.body).toMatchObject({ status: 'payment_required', payment: { amount: 5000, type: 'plan_change' } })
    expect((await viewNow()).planId).toBe('pro')
    expect(await settle(account, asked.body.payment)).toMatchObject({ status: 'completed', amount: 5000 })
    expect(await viewNow()).toMatchObject({
      planId: 'premium',
      activePlanId: 'premium',
      currentPeriodEnd: '2026-07-01T00:00:00.000Z',
      features: { analytics: true },
    })
    const [invoice] = await invoicesOfPayment(deps.table, account, asked.body.payment?.id ?? '')
    expect(invoice).toMatchObject({ totalMinor: 5000 })
  })

  it('goes to a yearly price at once: a new period, less what is left of the old one', async () => {
    deps.clock.set('2026-06-23T12:00:00.000Z')
    const shown = (await preview(account, { priceId: 'premium-year' })).body
    const [credit] = shown.lines
    expect(credit?.kind).toBe('credit')
    expect(shown.total).toBe(249_000 + (credit?.amount ?? 0))
    const asked = (await change(account, { priceId: 'premium-year' })).body
    expect(asked.payment?.amount).toBe(shown.total)
    await settle(account, asked.payment)
    expect(await viewNow()).toMatchObject({
      priceId: 'premium-year',
      currentPeriodStart: '2026-06-23T12:00:00.000Z',
      currentPeriodEnd: '2027-06-23T12:00:00.000Z',
    })
  })

  it('is cancelled for the end of what is paid, and is over at that very instant, without any job', async () => {
    const asked = await cancel(account, { when: 'period_end', reason: 'Found work' })
    expect(asked.body).toMatchObject({ status: 'active', cancelAtPeriodEnd: true, cancelReason: 'Found work' })
    deps.clock.set('2027-06-23T11:59:59.999Z')
    expect(await viewNow()).toMatchObject({ status: 'active', activePlanId: 'premium', daysRemaining: 1 })
    deps.clock.set('2027-06-23T12:00:00.000Z')
    expect(await viewNow()).toMatchObject({
      status: 'canceled',
      planId: 'premium',
      activePlanId: 'free',
      daysRemaining: 0,
      features: { analytics: false },
    })
  })

  it('has it all in its history', async () => {
    const { data } = (await history(account)).body
    expect(data.map(({ kind, planId, amount }) => [kind, planId, amount])).toEqual([
      ['upgrade', 'premium', expect.any(Number)],
      ['upgrade', 'premium', 5000],
      ['new', 'pro', 14_900],
    ])
    expect(data.map(({ provider }) => provider)).toEqual(['razorpay', 'razorpay', 'razorpay'])
  })
})
