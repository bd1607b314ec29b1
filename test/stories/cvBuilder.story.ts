import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Customer, openStage, type Stage } from './stage.ts'
import { change, check, history, preview, subscription } from './views.ts'

// Reference product A on Paystack, in cedis: up, down at the end of the month, and back to what costs nothing.

let stage: Stage
let kofi: Customer
beforeAll(async () => {
  stage = await openStage('cv-builder', '2027-02-01T00:00:00Z')
  kofi = await stage.customer('kofi', { name: 'Kofi Mensah' })
})
afterAll(() => stage?.stop())

const template = () => kofi.server.post('/check', { feature: 'templates', value: 'all' }, check)

describe('cv-builder', () => {
  it('refuses a premium template on Basic, and offers the plan that has it', async () => {
    expect(await template()).toMatchObject({
      allowed: false,
      reason: 'feature_not_in_plan',
      value: 'basic',
      upgrade: { planId: 'pro', priceId: 'pro-month', amount: 12_000, currency: 'GHS' },
    })
  })

  it('sells Pro on Paystack', async () => {
    const paid = await kofi.buy({ priceId: 'pro-month', saveMethod: true }, { saveMethod: true })
    expect(paid).toMatchObject({ provider: 'paystack', amount: 12_000, currency: 'GHS' })
    expect(await kofi.pdf(paid.id)).toContain('₵120.00')
    expect(await template()).toMatchObject({ allowed: true, value: 'all' })
  })

  it('goes up to Premium with half of February left, for half of the difference', async () => {
    await stage.turn('set', '2027-02-15T00:00:00Z')
    const shown = await kofi.post('/subscription/preview', { priceId: 'premium-month' }, preview)
    expect(shown).toMatchObject({ total: 4000, currency: 'GHS' })
    const asked = await kofi.post('/subscription/change', { priceId: 'premium-month', token: shown.token }, change)
    expect(asked).toMatchObject({ status: 'payment_required', payment: { provider: 'paystack', amount: 4000 } })
    expect(await kofi.payFor(asked)).toMatchObject({ status: 'completed' })
    expect(await kofi.subscription()).toMatchObject({ planId: 'premium', currentPeriodEnd: '2027-03-01T00:00:00.000Z' })
  })

  it('goes down to Pro at the end of the month, paying nothing now', async () => {
    const asked = await kofi.post('/subscription/change', { priceId: 'pro-month' }, change)
    expect(asked).toMatchObject({
      status: 'scheduled',
      payment: null,
      subscription: {
        planId: 'premium',
        scheduledChange: { planId: 'pro', priceId: 'pro-month', effectiveAt: '2027-03-01T00:00:00.000Z' },
      },
    })
    await stage.turn('set', '2027-02-28T23:59:59.999Z')
    expect(await kofi.subscription()).toMatchObject({ planId: 'premium' })
    await stage.turn('set', '2027-03-01T00:00:00Z')
    expect(await kofi.subscription()).toMatchObject({
      planId: 'pro',
      status: 'active',
      scheduledChange: null,
      currentPeriodEnd: '2027-04-01T00:00:00.000Z',
    })
  })

  it('ends on Basic', async () => {
    await kofi.post('/subscription/cancel', { when: 'period_end' }, subscription)
    await stage.turn('set', '2027-04-01T00:00:00Z')
    expect(await kofi.subscription()).toMatchObject({ planId: 'pro', status: 'canceled', activePlanId: 'basic' })
    expect(await template()).toMatchObject({ allowed: false, reason: 'feature_not_in_plan' })
  })

  it('has it all in its history, with what was paid', async () => {
    const { data } = await kofi.get('/subscription/history', history)
    expect(data.map(({ kind, planId, previousPlanId, amount }) => [kind, planId, previousPlanId, amount])).toEqual([
      ['cancel', 'basic', 'pro', 0],
      ['downgrade', 'pro', 'premium', 12_000],
      ['upgrade', 'premium', 'pro', 4000],
      ['new', 'pro', 'basic', 12_000],
    ])
    expect(data.map(({ startedAt }) => startedAt)).toEqual([
      '2027-04-01T00:00:00.000Z',
      '2027-03-01T00:00:00.000Z',
      '2027-02-15T00:00:00.000Z',
      '2027-02-01T00:00:00.000Z',
    ])
  })

  it('has books that add up', async () => {
    const { series } = await stage.books()
    expect([...series]).toEqual([['INV-2027', [1, 2, 3]]])
  })
})
