import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertOrder } from '#domain/order'
import { type ChangeContext, type ChangePlan, planChange, whichChange } from '#domain/planChange'
import { changePaid, changeSubject } from '#domain/planChangePaid'
import { changeQuoteFault, newChangeQuote, previewLines, previewView } from '#domain/planChangeQuote'
import { creditLeft } from '#domain/proration'
import { type BoughtSubscription, groundOf } from '#domain/subscriptionState'
import { noTax } from '#domain/tax'
import type { Interval } from '#domain/terms'
import { dayMs } from '#domain/zone'
import {
  applied,
  at,
  free,
  growth,
  ids,
  lifetime,
  paymentFor,
  rule,
  sceneOf,
  start,
  termsOf,
  yearly,
} from './subscriptionSupport.ts'

const starter = termsOf()
const half = at('2025-06-16T00:00:00Z')
const { subscription } = sceneOf()
const context = (over: Partial<ChangeContext> = {}): ChangeContext => ({
  subscription,
  from: starter,
  to: growth,
  tax: noTax,
  creditMinor: 0,
  rule,
  ...over,
})
const now = (plan: ChangePlan): Extract<ChangePlan, { kind: 'now' }> => {
  if (plan.kind !== 'now') throw new Error(`not now: ${plan.kind}`)
  return plan
}
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
    expect(amounts({ tax, manual, coupon: { code: 'TEN', percentOff: 10 } })).toEqual([
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
    const plan = priced({ tax }, late)
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
    const plan = priced({ to: termsOf({ priceId: 'cheap-year', interval: 'year', amount: 1000 }), tax })
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
    ['is for one account', { ...request, accountId: 'acc_2' }, seen, half, 'validation_failed'],
    ['is for one price', { ...request, priceId: 'other' }, seen, half, 'validation_failed'],
    ['is for one coupon', { ...request, couponCode: 'TEN' }, seen, half, 'validation_failed'],
    [
      'is for one subscription',
      request,
      { ...seen, subscription: { ...subscription, id: 'sub_2' } },
      half,
      'validation_failed',
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

const anyContext = fc.record({
  from: fc.integer({ min: 100, max: 1_000_000 }),
  more: fc.integer({ min: 1, max: 1_000_000 }),
  paidShare: fc.integer({ min: 0, max: 100 }),
  part: fc.integer({ min: 0, max: 30 * dayMs - 1 }),
  longer: fc.boolean(),
  rate: fc.constantFrom('0', '7.5', '18'),
  inclusive: fc.boolean(),
  percentOff: fc.integer({ min: 0, max: 100 }),
  creditMinor: fc.integer({ min: 0, max: 500_000 }),
  step: fc.constantFrom(1, 10),
})
type Any = typeof anyContext extends fc.Arbitrary<infer T> ? T : never
const contextOf = ({
  from,
  more,
  paidShare,
  longer,
  rate,
  inclusive,
  percentOff,
  creditMinor,
  step,
}: Any): ChangeContext => ({
  subscription: { ...subscription, paidMinor: Math.floor((from * paidShare) / 100) },
  from: termsOf({ amount: from }),
  to: termsOf({ priceId: 'other', amount: from + more, interval: longer ? 'quarter' : 'month' }),
  coupon: { code: 'C', percentOff },
  tax: { name: 'Tax', rate, inclusive },
  creditMinor,
  rule: { minimum: 100, step },
})

describe('whatever the amounts', () => {
  it('lines add up to the total, nothing is below zero to pay, and the credit is never above what was paid', () => {
    fc.assert(
      fc.property(anyContext, (any) => {
        const input = contextOf(any)
        const instant = start + any.part
        const { order, change, carried } = now(planChange(input, instant))
        assertOrder(order)
        const lines = previewLines(order)
        expect(lines.reduce((sum, { amount }) => sum + amount, 0)).toBe(order.dueMinor)
        expect(order.dueMinor === 0 || order.dueMinor >= input.rule.minimum).toBe(true)
        expect(order.dueMinor % input.rule.step).toBe(0)
        const credit = -order.lines.reduce(
          (sum, { id, netMinor }) => sum + (id.startsWith('credit:') ? netMinor : 0),
          0,
        )
        expect(credit).toBeLessThanOrEqual(Math.floor((any.from * any.paidShare) / 100))
        expect(change.surplusMinor).toBeGreaterThanOrEqual(0)
        // What is carried is the sum of the lines that it stands for.
        if (carried)
          expect(carried.amountMinor).toBe(order.lines.slice(0, -1).reduce((sum, { netMinor }) => sum + netMinor, 0))
      }),
      { numRuns: 500 },
    )
  })

  it('preview is charge: the sealed quote, the payment and its effect hold the same amounts', () => {
    const scene = sceneOf()
    fc.assert(
      fc.property(anyContext, (any) => {
        const input = contextOf(any)
        const state = {
          ...scene,
          subscription: { ...scene.subscription, paidMinor: Math.floor((any.from * any.paidShare) / 100) },
        }
        const instant = start + any.part
        const plan = now(planChange({ ...input, subscription: state.subscription }, instant))
        const shown = previewView(plan, 'INR', 'tok')
        const sealed: typeof plan = JSON.parse(JSON.stringify(plan))
        const payment = paymentFor('plan_change', sealed.order, changeSubject(state.subscription, input.to, sealed))
        expect(payment.amountMinor).toBe(shown.total)
        const settledAt = Math.min(instant + 60_000, at('2025-07-01T00:00:00Z') - 1)
        const effect = changePaid({ ...state, credit: undefined }, payment, input.to, ids, settledAt)
        if (effect.kind !== 'lawful') throw new Error(effect.reason)
        const after = applied(state, effect.writes)
        const charge = payment.order.lines.find(({ id }) => id === 'other')
        expect(after.subscription.paidMinor).toBe(charge?.netMinor)
        // What is kept is what the preview said is kept; what is carried is on the next order.
        const kept = effect.writes.flatMap((write) => (write.row === 'credit' ? [write.change.entry.amountMinor] : []))
        expect(kept).toEqual(
          shown.lines.filter(({ kind, amount }) => kind === 'account_credit' && amount > 0).map(({ amount }) => amount),
        )
        expect(after.subscription.carried).toEqual(sealed.carried && [sealed.carried])
      }),
      { numRuns: 200 },
    )
  })

  it('A → B → A at one instant nets to zero', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer({ min: 0, max: 30 * dayMs - 1 }),
        (a, b, part) => {
          const instant = start + part
          const onA = { ...subscription, paidMinor: a }
          const forth = now(
            planChange(
              context({ subscription: onA, from: termsOf({ amount: a }), to: { ...growth, amount: a + b } }),
              instant,
            ),
          )
          const onB = { ...onA, priceId: 'growth-month', paidMinor: forth.change.chargeMinor, paidFrom: instant }
          // Back at once: the credit of B is its charge, the charge of A was its credit.
          const back = creditLeft(onB, instant)
          const chargeOfA = now(
            planChange(
              context({
                subscription: { ...onA, priceId: 'x', paidMinor: 0 },
                from: termsOf({ amount: 0 }),
                to: termsOf({ amount: a }),
              }),
              instant,
            ),
          ).change.chargeMinor
          const there = forth.change.chargeMinor - creditLeft(onA, instant)
          expect(there + chargeOfA - back).toBe(0)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('a chain of upgrades never credits more than was paid for them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 10 * dayMs }), { minLength: 1, maxLength: 6 }), (gaps) => {
        let state: BoughtSubscription = subscription
        let from = starter
        let instant = start
        let paid = subscription.paidMinor
        for (const gap of gaps) {
          instant += gap
          if (instant >= at('2025-06-30T00:00:00Z')) break
          const to = termsOf({ priceId: `${from.priceId}+`, amount: from.amount + 20_000 })
          const { order, change } = now(planChange(context({ subscription: state, from, to }), instant))
          paid += order.dueMinor
          state = { ...state, priceId: to.priceId, paidMinor: change.chargeMinor, paidFrom: instant }
          from = to
          expect(creditLeft(state, instant)).toBeLessThanOrEqual(paid)
        }
      }),
    )
  })
})
