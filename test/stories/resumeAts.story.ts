import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Customer, openStage, type Stage } from './stage.ts'
import { change, check, history, payments, preview, subscription } from './views.ts'

// Reference product D on Razorpay: renewals start two days ahead and are debited a day and a half later.

let stage: Stage
let ada: Customer
let bea: Customer
let cy: Customer
let dee: Customer
let eve: Customer
beforeAll(async () => {
  stage = await openStage('resume-ats', '2027-01-01T00:00:00Z')
  ada = await stage.customer('ada', { name: 'Ada Rao' })
  bea = await stage.customer('bea')
  cy = await stage.customer('cy')
  dee = await stage.customer('dee')
  eve = await stage.customer('eve')
})
afterAll(() => stage?.stop())

const saved = { saveMethod: true }
const allowed = async (customer: Customer, feature: string, more: object = {}) =>
  (await customer.server.post('/check', { feature, ...more }, check)).allowed
const paidAmounts = async (customer: Customer) =>
  (await customer.server.get('/payments?limit=100&status=completed', payments)).data.map(({ amount }) => amount)

describe('resume-ats', () => {
  it('is free until something is bought', async () => {
    expect(await bea.subscription()).toMatchObject({ planId: 'free', status: null, activePlanId: 'free' })
    expect(await allowed(bea, 'portfolio')).toBe(false)
    expect(await allowed(bea, 'templates', { value: 'all' })).toBe(false)
  })

  it('sells Pro on the Razorpay page: plan, entitlements, receipt, notices, and an invoice in rupees', async () => {
    const paid = await ada.buy({ priceId: 'pro-month', ...saved }, saved)
    expect(await ada.subscription()).toMatchObject({
      planId: 'pro',
      priceId: 'pro-month',
      status: 'active',
      currentPeriodStart: '2027-01-01T00:00:00.000Z',
      currentPeriodEnd: '2027-02-01T00:00:00.000Z',
      daysRemaining: 31,
      autoRenew: true,
    })
    expect(await allowed(ada, 'portfolio')).toBe(true)
    expect(await ada.server.post('/check', { feature: 'ats-scans', consume: true }, check)).toMatchObject({
      allowed: true,
      limit: 5,
      used: 1,
    })
    expect((await ada.get('/payments', payments)).data).toMatchObject([
      {
        id: paid.id,
        type: 'plan_purchase',
        status: 'completed',
        amount: 14_900,
        currency: 'INR',
        provider: 'razorpay',
      },
    ])
    const text = await ada.pdf(paid.id)
    for (const part of ['INV-2027-000001', 'Ada Rao', 'ada@example.com', '₹149.00', '2027-01-01', paid.id]) {
      expect(text).toContain(part)
    }
    await ada.told('payment.completed', 'subscription.started')
  })

  it('sells a quarter to a student, a lifetime, and a single resume', async () => {
    await cy.buy({ priceId: 'student-quarter', ...saved }, saved)
    expect(await cy.subscription()).toMatchObject({ planId: 'student', currentPeriodEnd: '2027-04-01T00:00:00.000Z' })

    await dee.buy({ priceId: 'lifetime' })
    expect(await dee.subscription()).toMatchObject({ planId: 'lifetime', status: 'active', currentPeriodEnd: null })
    expect(await allowed(dee, 'analytics')).toBe(true)

    await eve.buy({ priceId: 'one-time' })
    expect(await eve.subscription()).toMatchObject({ planId: 'one-time', status: 'active', currentPeriodEnd: null })
    expect(await allowed(eve, 'resumes', { consume: true })).toBe(true)
    expect(await allowed(eve, 'resumes', { consume: true })).toBe(false)
  })

  it('upgrades in the middle of a month for what the preview said', async () => {
    await bea.buy({ priceId: 'pro-month', ...saved }, saved)
    await stage.turn('set', '2027-01-16T12:00:00Z')
    const shown = await bea.post('/subscription/preview', { priceId: 'premium-month' }, preview)
    expect(shown.lines.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['credit', -7450],
      ['charge', 12_450],
    ])
    const asked = await bea.post('/subscription/change', { priceId: 'premium-month', token: shown.token }, change)
    expect(asked).toMatchObject({
      status: 'payment_required',
      payment: { amount: 5000 },
      subscription: { planId: 'pro' },
    })
    expect(await bea.payFor(asked)).toMatchObject({ status: 'completed', amount: shown.total })
    expect(await bea.subscription()).toMatchObject({
      planId: 'premium',
      currentPeriodEnd: '2027-02-01T00:00:00.000Z',
    })
    expect(await allowed(bea, 'analytics')).toBe(true)
  })

  it('moves to a yearly price at once, less what is left of the month', async () => {
    // A quarter of January is left: 24900 / 4.
    await stage.turn('set', '2027-01-24T06:00:00Z')
    const shown = await bea.post('/subscription/preview', { priceId: 'premium-year' }, preview)
    expect(shown.lines.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['credit', -6225],
      ['charge', 249_000],
    ])
    const asked = await bea.post('/subscription/change', { priceId: 'premium-year', token: shown.token }, change)
    expect(await bea.payFor(asked)).toMatchObject({ status: 'completed', amount: 242_775 })
    expect(await bea.subscription()).toMatchObject({
      priceId: 'premium-year',
      currentPeriodStart: '2027-01-24T06:00:00.000Z',
      currentPeriodEnd: '2028-01-24T06:00:00.000Z',
    })
  })

  it('cancels for the end of what is paid', async () => {
    const asked = await bea.post('/subscription/cancel', { when: 'period_end', reason: 'Found work' }, subscription)
    expect(asked).toMatchObject({ status: 'active', cancelAtPeriodEnd: true, activePlanId: 'premium' })
  })

  it('renews a quarter twice, which is then cancelled for its end', async () => {
    await stage.turn('set', '2027-07-02T00:00:00Z')
    expect(await cy.subscription()).toMatchObject({ status: 'active', currentPeriodEnd: '2027-10-01T00:00:00.000Z' })
    expect(await paidAmounts(cy)).toEqual([9900, 9900, 9900])
    await cy.post('/subscription/cancel', { when: 'period_end' }, subscription)
  })

  it('has renewed a month twelve times after a year: thirteen correct invoices', async () => {
    await stage.turn('set', '2028-01-02T00:00:00Z')
    expect(await ada.subscription()).toMatchObject({ status: 'active', currentPeriodEnd: '2028-02-01T00:00:00.000Z' })
    expect(await cy.subscription()).toMatchObject({ status: 'canceled', activePlanId: 'free' })
    expect(await paidAmounts(cy)).toHaveLength(3)
    const { data } = await ada.get('/payments?limit=100', payments)
    expect(data.map(({ type, status, amount }) => [type, status, amount])).toEqual([
      ...Array.from({ length: 12 }, () => ['renewal', 'completed', 14_900]),
      ['plan_purchase', 'completed', 14_900],
    ])
    const numbers = []
    const firstOf = (months: number) => new Date(Date.UTC(2027, months)).toISOString().slice(0, 10)
    for (const [at, { id }] of data.toReversed().entries()) {
      const { documents } = await ada.numbered(id)
      const period = { from: firstOf(at), to: firstOf(at + 1) }
      expect(documents).toMatchObject([{ kind: 'invoice', total: 14_900, period }])
      numbers.push(documents[0]?.number)
    }
    expect(new Set(numbers).size).toBe(13)
    const rows = (await ada.get('/subscription/history?limit=100', history)).data
    expect(rows.map(({ kind, amount, startedAt }) => [kind, amount, startedAt.slice(0, 10)])).toEqual([
      ['renewal', 14_900, '2028-01-01'],
      ...Array.from({ length: 11 }, (_, at) => ['renewal', 14_900, `2027-${String(12 - at).padStart(2, '0')}-01`]),
      ['new', 14_900, '2027-01-01'],
    ])
  })

  it('is over at the very instant the cancelled year ends, and free again', async () => {
    await stage.turn('set', '2028-01-24T05:59:59.999Z')
    expect(await bea.subscription()).toMatchObject({ status: 'active', activePlanId: 'premium', daysRemaining: 1 })
    expect(await allowed(bea, 'analytics')).toBe(true)
    await stage.turn('set', '2028-01-24T06:00:00Z')
    expect(await bea.subscription()).toMatchObject({ status: 'canceled', activePlanId: 'free', daysRemaining: 0 })
    expect(await allowed(bea, 'analytics')).toBe(false)
    const rows = (await bea.get('/subscription/history', history)).data
    expect(rows.map(({ kind, planId, amount }) => [kind, planId, amount])).toEqual([
      ['cancel', 'free', 0],
      ['upgrade', 'premium', 242_775],
      ['upgrade', 'premium', 5000],
      ['new', 'pro', 14_900],
    ])
  })

  it('leaves what has no end as it was', async () => {
    expect(await dee.subscription()).toMatchObject({ planId: 'lifetime', status: 'active' })
    expect(await eve.subscription()).toMatchObject({ planId: 'one-time', status: 'active' })
    expect([await paidAmounts(dee), await paidAmounts(eve)]).toEqual([[49_900], [4900]])
  })

  it('has books that add up', async () => {
    const { series, payments: all } = await stage.books()
    expect([...series.keys()].toSorted()).toEqual(['INV-2027', 'INV-2028'])
    expect(all).toHaveLength(13 + 3 + 3 + 1 + 1)
  })
})
