import { describe, expect, it } from 'vitest'
import { assertOrder } from '#domain/order'
import { askedWith } from '#domain/orderQuote'
import { type ChangeContext, planChange, whichChange } from '#domain/planChange'
import { changeQuoteFault, newChangeQuote, previewLines, previewView } from '#domain/planChangeQuote'
import { type BoughtSubscription, groundOf } from '#domain/subscriptionState'
import type { Interval } from '#domain/terms'
import { context, now, subscription } from './planChangeSupport.ts'
import { at, free, growth, lifetime, sceneOf, start, termsOf, yearly } from './subscriptionSupport.ts'

const starter = termsOf()
const half = at('2025-06-16T00:00:00Z')
const priced = (over: Partial<ChangeContext> = {}, instant = half) => now(planChange(context(over), instant))
const amounts = (over: Partial<ChangeContext> = {}, instant = half) =>
  previewLines(priced(over, instant).order).map(({ kind, amount }) => [kind, amount])

describe('an upgrade', () => {
  it('10000 → 30000 a month at half: credit 5000, charge 15000, pay 10000', () => {
    const plan = priced()
    expect(amounts()).toEqual([
      ['credit', -5000],
      ['charge', 15_000],
    ])
    expect(plan).toMatchObject({ which: 'upgrade', effectiveAt: half, daysRemaining: 15, order: { dueMinor: 10_000 } })
    expect(plan.change).toMatchObject({
      chargeMinor: 15_000,
      surplusMinor: 0,
      pricedAt: half,
      ground: groundOf(subscription),
    })
  })

  it('credits what was really paid, not the price', () => {
    expect(amounts({ subscription: { ...subscription, paidMinor: 3001 } })[0]).toEqual(['credit', -1501])
    expect(amounts({ subscription: { ...subscription, paidMinor: 0 } })).toEqual([['charge', 15_000]])
  })

  it('takes manual discount, then coupon, off the charge alone, then tax on the sum', () => {
    const tax = { name: 'GST', rate: '18', inclusive: false }
    const manual = {
      id: 'm',
      accountId: 'acc_1',
      amountOffMinor: 1000,
      currency: 'INR',
      reason: 'Sorry',
      expiresAt: 9e15,
      ver: 1,
    }
    const taxed = { ...subscription, tax }
    expect(amounts({ subscription: taxed, tax, manual, coupon: { code: 'TEN', percentOff: 10 } })).toEqual([
      ['credit', -5000],
      ['charge', 15_000],
      ['discount', -1000],
      ['discount', -1400],
      ['tax', 1368],
    ])
    expect(priced({ tax, manual, coupon: { code: 'TEN', percentOff: 10 } }).change.chargeMinor).toBe(12_600)
  })

  it('goes on with a carried percentage, and not with a carried amount', () => {
    const carried = (coupon: BoughtSubscription['coupon']) =>
      amounts({ subscription: { ...subscription, ...(coupon && { coupon }) } })
    expect(carried({ code: 'TEN', percentOff: 10, periodsLeft: 'forever' })).toContainEqual(['discount', -1500])
    expect(carried({ code: 'OFF', amountOff: 500, periodsLeft: 'forever' })).not.toContainEqual(['discount', -500])
  })

  it('takes account credit, leaving the smallest charge', () => {
    expect(amounts({ creditMinor: 4000 }).at(-1)).toEqual(['account_credit', -4000])
    expect(priced({ creditMinor: 9950 }).order.dueMinor).toBe(100)
    expect(priced({ creditMinor: 99_999 }).order.dueMinor).toBe(0)
  })

  it('carries a total below the smallest charge to the next order, and comes to nothing itself', () => {
    const late = at('2025-06-30T23:50:00Z')
    const tax = { name: 'GST', rate: '18', inclusive: false }
    const plan = priced({ subscription: { ...subscription, tax }, tax }, late)
    expect(plan.carried).toMatchObject({ kind: 'proration', amountMinor: 5 })
    expect(plan.order).toMatchObject({ totalMinor: 0, dueMinor: 0, taxMinor: 0 })
    expect(plan.change.chargeMinor).toBe(7)
    assertOrder(plan.order)
    const next = priced({ subscription: { ...subscription, carried: plan.carried ? [plan.carried] : [] } })
    expect(previewLines(next.order)).toContainEqual({
      kind: 'charge',
      description: 'Carried from an earlier invoice',
      amount: 5,
    })
  })

  it('credits periods that are paid ahead whole, and keeps the surplus', () => {
    const plan = priced({ subscription: { ...subscription, ahead: [{ paymentId: 'p', paidMinor: 12_000 }] } })
    expect(previewLines(plan.order).map(({ amount }) => amount)).toEqual([-5000, -12_000, 15_000, 2000])
    expect(plan.change.surplusMinor).toBe(2000)
    expect(plan.order.dueMinor).toBe(0)
  })

  it('of a trial begins the new plan at its whole price', () => {
    const plan = priced({ subscription: { ...subscription, status: 'trialing', trial: true, paidMinor: 0 } })
    expect([plan.which, plan.order.dueMinor]).toEqual(['other_interval', 30_000])
  })
})

describe('which change it is', () => {
  const of = (interval: Interval, amount: number) => termsOf({ interval, amount, priceId: `${interval}-${amount}` })
  it.each<[Interval, number, Interval, number, string]>([
    ['month', 100, 'month', 101, 'upgrade'],
    ['month', 100, 'month', 99, 'downgrade'],
    ['month', 101, 'month', 100, 'downgrade'],
    ['month', 100, 'quarter', 50, 'other_interval'],
    ['month', 100, 'year', 1000, 'other_interval'],
    ['quarter', 100, 'month', 1000, 'downgrade'],
    ['year', 100, 'month', 1000, 'downgrade'],
    ['year', 100, 'quarter', 1000, 'downgrade'],
    ['quarter', 100, 'year', 1, 'other_interval'],
    ['month', 100, 'lifetime', 1, 'other_interval'],
    ['year', 100, 'one-time', 1, 'other_interval'],
    ['lifetime', 100, 'lifetime', 101, 'other_interval'],
    ['one-time', 100, 'lifetime', 101, 'other_interval'],
    ['lifetime', 100, 'lifetime', 99, 'refused'],
    ['lifetime', 100, 'month', 1000, 'refused'],
    ['one-time', 100, 'year', 1000, 'refused'],
  ])('%s %d → %s %d: %s', (one, from, other, to, expected) => {
    const which = whichChange(subscription, of(one, from), of(other, to), half)
    expect(typeof which === 'string' ? which : which.kind).toBe(expected)
  })

  const ending: BoughtSubscription = { ...subscription, autoRenew: false, canceledAt: start }
  it('is an upgrade also of one that ends with its period', () => {
    expect(whichChange(ending, starter, growth, half)).toBe('upgrade')
  })

  it('between plans of one price waits for the period, so that nobody takes two allowances', () => {
    expect(whichChange(subscription, starter, termsOf({ priceId: 'twin' }), half)).toBe('downgrade')
  })

  it.each<[string, Partial<ChangeContext>, number]>([
    ['another currency', { to: { ...growth, currency: 'USD' } }, half],
    ['a free plan', { to: free }, half],
    ['the price it has', { to: starter }, half],
    ['an overdue subscription', {}, at('2025-07-01T00:00:00Z')],
    ['one that is over', {}, at('2025-07-05T00:00:00Z')],
    ['none', { subscription: undefined }, half],
    [
      'what would wait for a period that is not to come',
      { subscription: ending, from: growth, to: termsOf({ priceId: 'cheap', amount: 1 }) },
      half,
    ],
    ['a plan that staff gave', { subscription: { ...subscription, complimentary: true } }, half],
    ['one that the provider manages', { subscription: { ...subscription, managedBy: 'provider' } }, half],
  ])('refuses %s', (_, over, instant) => {
    expect(planChange(context(over), instant).kind).toBe('refused')
  })
})

describe('another interval', () => {
  it('credits what is left and charges the whole new price', () => {
    expect(amounts({ to: yearly })).toEqual([
      ['credit', -5000],
      ['charge', 100_000],
    ])
  })

  it('keeps a surplus as account credit, tax included, and nothing is due', () => {
    const tax = { name: 'GST', rate: '18', inclusive: false }
    const cheap = termsOf({ priceId: 'cheap-year', interval: 'year', amount: 1000 })
    const plan = priced({ subscription: { ...subscription, tax }, to: cheap, tax })
    expect(previewLines(plan.order)).toEqual([
      { kind: 'credit', description: 'Starter, unused time', amount: -5000 },
      { kind: 'charge', description: 'Starter', amount: 1000 },
      { kind: 'tax', description: 'GST 18 %', amount: -720 },
      { kind: 'account_credit', description: 'Kept as account credit', amount: 4720 },
    ])
    expect(plan.change).toMatchObject({ surplusMinor: 4720, chargeMinor: 1000 })
    assertOrder(plan.order)
  })

  it('between endless prices is the difference', () => {
    const endless = sceneOf({ terms: lifetime }).subscription
    const plan = priced({ subscription: endless, from: lifetime, to: { ...lifetime, priceId: 'more', amount: 70_000 } })
    expect([plan.order.dueMinor, plan.daysRemaining]).toEqual([20_000, null])
  })
})

describe('a downgrade', () => {
  it('costs nothing now and comes at the end of what is paid', () => {
    const plan = planChange(
      context({ subscription: { ...subscription, priceId: 'growth-month' }, from: growth, to: starter }),
      half,
    )
    expect(plan).toMatchObject({ kind: 'scheduled', effectiveAt: at('2025-07-01T00:00:00Z'), daysRemaining: 15 })
    if (plan.kind !== 'scheduled') return
    expect(previewView(plan, 'INR', 'tok')).toEqual({
      lines: [],
      total: 0,
      currency: 'INR',
      effectiveAt: '2025-07-01T00:00:00.000Z',
      daysRemaining: 15,
      token: 'tok',
    })
  })
})

describe('a quote', () => {
  const quoteOf = (over: Partial<ChangeContext> = {}) =>
    newChangeQuote(
      { accountId: 'acc_1', subscriptionId: 'sub_1', priceId: 'growth-month', catalogueVersion: 1, plan: priced(over) },
      half,
    )
  const request = { accountId: 'acc_1', priceId: 'growth-month' }
  const seen = { subscription, creditMinor: 0, takenDiscounts: [] }
  const expiry = half + 15 * 60_000

  it.each<
    [string, Parameters<typeof changeQuoteFault>[1], Parameters<typeof changeQuoteFault>[2], number, string | undefined]
  >([
    ['holds', request, seen, half, undefined],
    ['holds to its last millisecond', request, seen, expiry - 1, undefined],
    ['is over at its end', request, seen, expiry, 'quote_expired'],
    ['is for one account', { ...request, accountId: 'acc_2' }, seen, half, 'another_change'],
    ['is for one price', { ...request, priceId: 'other' }, seen, half, 'another_price'],
    ['is for one coupon', { ...request, couponCode: 'TEN' }, seen, half, 'another_coupon'],
    [
      'is for one subscription',
      request,
      { ...seen, subscription: { ...subscription, id: 'sub_2' } },
      half,
      'another_change',
    ],
    [
      'ends with another period',
      request,
      { ...seen, subscription: { ...subscription, periodIndex: 1 } },
      half,
      'quote_expired',
    ],
    [
      'ends with a refund',
      request,
      { ...seen, subscription: { ...subscription, paidMinor: 1 } },
      half,
      'quote_expired',
    ],
    [
      'ends with time that staff give',
      request,
      { ...seen, subscription: { ...subscription, periodEnd: at('2025-08-01T00:00:00Z') } },
      half,
      'quote_expired',
    ],
  ])('%s', (_, asked, state, instant, expected) => {
    expect(changeQuoteFault(quoteOf(), asked, state, instant)).toBe(expected)
  })

  it.each([
    ['nothing', undefined, 'TEN', undefined],
    ['its own', 'TEN', 'TEN', undefined],
    ['its own, spelt otherwise', 'ten', 'TEN', undefined],
    ['another', 'HALF', 'TEN', 'another_coupon'],
    ['one, where the quote has none', 'TEN', undefined, 'another_coupon'],
  ])('has its coupon by itself; sent with it: %s', (_, sent, own, expected) => {
    const quote = { ...quoteOf(), ...(own !== undefined && { couponCode: own }) }
    const asked = { ...request, ...(sent !== undefined && { couponCode: sent }) }
    const completed = askedWith(asked, quote)
    expect(completed).toEqual({ ...request, ...((sent ?? own) !== undefined && { couponCode: sent ?? own }) })
    expect(changeQuoteFault(quote, completed, seen, half)).toBe(expected)
  })

  it.each([
    ['still paid', -1, true, undefined],
    ['overdue', 0, true, 'quote_expired'],
    ['over', 0, false, 'quote_expired'],
  ])('ends with what is paid: %s', (_name, afterMs, autoRenew, expected) => {
    const end = subscription.periodEnd ?? 0
    const quote = newChangeQuote({ ...quoteOf(), plan: priced() }, end - 1)
    const state = { ...seen, subscription: { ...subscription, autoRenew } }
    expect(changeQuoteFault(quote, request, state, end + afterMs)).toBe(expected)
  })

  it('ends with the account credit or the discount that it rests on', () => {
    expect(changeQuoteFault(quoteOf({ creditMinor: 500 }), request, { ...seen, creditMinor: 499 }, half)).toBe(
      'quote_expired',
    )
    expect(
      changeQuoteFault(quoteOf({ creditMinor: 500 }), request, { ...seen, creditMinor: 500 }, half),
    ).toBeUndefined()
    const quote = { ...quoteOf(), manualDiscountId: 'dsc_1' }
    expect(changeQuoteFault(quote, request, { ...seen, takenDiscounts: ['dsc_1'] }, half)).toBe('quote_expired')
  })
})
