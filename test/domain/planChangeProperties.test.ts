import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertOrder } from '#domain/order'
import { type ChangeContext, planChange } from '#domain/planChange'
import { changePaid, changeSubject } from '#domain/planChangePaid'
import { previewLines, previewView } from '#domain/planChangeQuote'
import { creditLeft } from '#domain/proration'
import type { BoughtSubscription } from '#domain/subscriptionState'
import { dayMs } from '#domain/zone'
import { context, now, subscription } from './planChangeSupport.ts'
import { applied, at, growth, ids, paymentFor, sceneOf, start, termsOf } from './subscriptionSupport.ts'

const anyContext = fc.record({
  from: fc.integer({ min: 100, max: 1_000_000 }),
  more: fc.integer({ min: 1, max: 1_000_000 }),
  paidShare: fc.integer({ min: 0, max: 100 }),
  part: fc.integer({ min: 0, max: 30 * dayMs - 1 }),
  longer: fc.boolean(),
  rate: fc.constantFrom('0', '7.5', '18'),
  paidRate: fc.constantFrom('0', '7.5', '18'),
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
  paidRate,
  inclusive,
  percentOff,
  creditMinor,
  step,
}: Any): ChangeContext => ({
  subscription: {
    ...subscription,
    paidMinor: Math.floor((from * paidShare) / 100),
    tax: { name: 'Tax', rate: paidRate, inclusive },
  },
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
        // What is carried is the sum of the lines that it stands for: with their tax, where the order states that.
        const member = carried?.taxed ? 'totalMinor' : 'netMinor'
        if (carried)
          expect(carried.amountMinor).toBe(order.lines.slice(0, -1).reduce((sum, line) => sum + line[member], 0))
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
        let from = termsOf()
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
