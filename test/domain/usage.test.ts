import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MeteredTerm } from '#domain/terms'
import { backdateMs, initialZones } from '#domain/time'
import {
  type Crossing,
  overageOfCounter,
  planGiveBack,
  planUsage,
  type Tally,
  type UsageContext,
  type UsageCounter,
  type UsageEvent,
} from '#domain/usage'
import { dayMs } from '#domain/zone'

const now = Date.parse('2025-06-15T12:00:00Z')
const context: UsageContext = { zones: initialZones('UTC'), planId: 'team', currency: 'USD', overage: true }
const term = (over: Partial<MeteredTerm> = {}): MeteredTerm => ({
  kind: 'metered',
  limit: 10,
  window: 'month',
  warnAt: 0.8,
  ...over,
})
const event = (over: Partial<UsageEvent> = {}): UsageEvent => ({ quantity: 1, at: now, outcome: 'success', ...over })
const counterAt = (n: number, over: Partial<UsageCounter> = {}): UsageCounter => ({
  n,
  ver: 1,
  end: Date.parse('2025-07-01T00:00:00Z'),
  d: {},
  s: {},
  crossed: [],
  over: 0,
  ...over,
})

/** Plans and insists on acceptance. */
function accept(counter: UsageCounter | undefined, of: UsageEvent, t: MeteredTerm, c = context, at = now) {
  const plan = planUsage(counter, of, t, at, c)
  if (!plan.accepted) throw new Error(`refused: ${plan.reason}`)
  return plan
}

describe('planUsage', () => {
  test('the first event of a window makes its counter', () => {
    const plan = accept(undefined, event({ quantity: 3, durationMs: 120 }), term())
    expect(plan.window.id).toBe('month#2025-06-01T00:00:00.000Z')
    expect(plan.next).toEqual({
      n: 3,
      ver: 1,
      end: Date.parse('2025-07-01T00:00:00Z'),
      due: Date.parse('2025-07-01T00:00:00Z'),
      d: { '2025-06-15': 3 },
      crossed: [],
      over: 0,
      s: { '2025-06': { ok: 1, failed: 0, timed: 1, sumMs: 120, buckets: { '39': 1 } } },
    })
    expect(plan.standing).toEqual({ limit: 10, used: 3, remaining: 7, resetsAt: '2025-07-01T00:00:00.000Z' })
  })

  test.each([
    [9, 1, true],
    [9, 2, false],
    [10, 1, false],
    [0, 10, true],
    [0, 11, false],
    [15, 1, false],
  ])('used %d plus %d within 10: %s', (n, quantity, accepted) => {
    const plan = planUsage(counterAt(n), event({ quantity }), term(), now, context)
    expect(plan.accepted).toBe(accepted)
    if (!accepted) expect(plan).toMatchObject({ reason: 'usage_limit_reached', standing: { used: n } })
    expect(plan.standing.remaining).toBeGreaterThanOrEqual(0)
  })

  test('no limit has no remainder, and still ends below 2^53', () => {
    const unlimited = term({ limit: 'unlimited' })
    expect(accept(counterAt(5), event(), unlimited).standing).toMatchObject({ limit: 'unlimited', remaining: null })
    expect(planUsage(counterAt(Number.MAX_SAFE_INTEGER), event(), unlimited, now, context).accepted).toBe(false)
  })

  test('a limit of 0 is a feature that the plan has not got', () => {
    const plan = planUsage(undefined, event(), term({ limit: 0 }), now, context)
    expect(plan).toMatchObject({ accepted: false, reason: 'feature_not_in_plan' })
  })

  test('a failure counts in the statistics, never against the limit', () => {
    const { next } = accept(counterAt(10), event({ outcome: 'failure', durationMs: 50 }), term())
    expect(next).toMatchObject({ n: 10, d: {}, s: { '2025-06': { ok: 0, failed: 1, timed: 1 } } })
    expect(next.due).toBe(Date.parse('2025-07-01T00:00:00Z'))
  })

  test.each([
    [1, false],
    [0, true],
    [-1, true],
    [-backdateMs, true],
    [-backdateMs - 1, false],
  ])('an event %d ms from now counts: %s', (delta, accepted) => {
    const plan = planUsage(undefined, event({ at: now + delta }), term(), now, context)
    expect(plan.accepted).toBe(accepted)
    if (!plan.accepted) expect(plan.reason).toBe('at_out_of_range')
  })

  test('a late event counts in its own window, which is then due at once', () => {
    const plan = accept(undefined, event({ at: Date.parse('2025-05-31T23:59:59.999Z') }), term())
    expect(plan.window.id).toBe('month#2025-05-01T00:00:00.000Z')
    expect(plan.next.d).toEqual({ '2025-05-31': 1 })
    expect(plan.next.due).toBe(Date.parse('2025-06-01T00:00:00Z'))
    expect(plan.next.due).toBeLessThan(now)
  })

  test('an endless window is due at the end of each month it counted in', () => {
    const lifetime = term({ window: 'lifetime' })
    const first = accept(undefined, event(), lifetime)
    expect(first.next).toMatchObject({ end: null, due: Date.parse('2025-07-01T00:00:00Z') })
    const late = accept(first.next, event({ at: Date.parse('2025-05-20T00:00:00Z') }), lifetime)
    expect(late.next.due).toBe(Date.parse('2025-06-01T00:00:00Z'))
    expect(accept(late.next, event(), lifetime).next.due).toBe(late.next.due)
  })

  test('the day is the local one', () => {
    const kolkata = { ...context, zones: initialZones('Asia/Kolkata') }
    expect(accept(undefined, event({ at: Date.parse('2025-06-14T18:30:00Z') }), term(), kolkata).next.d).toEqual({
      '2025-06-15': 1,
    })
    expect(accept(undefined, event({ at: Date.parse('2025-06-14T18:29:59.999Z') }), term(), kolkata).next.d).toEqual({
      '2025-06-14': 1,
    })
  })
})

describe('notices', () => {
  test.each<[number, number, Crossing[]]>([
    [6, 1, []],
    [7, 1, ['warn']],
    [8, 1, []],
    [9, 1, ['limit']],
    [7, 3, ['warn', 'limit']],
  ])('from %d by %d of 10 crosses %j', (n, quantity, crossed) => {
    const before: Crossing[] = n >= 8 ? ['warn'] : []
    expect(accept(counterAt(n, { crossed: before }), event({ quantity }), term()).crossed).toEqual(crossed)
  })

  test('are raised once a window however use goes up and down', () => {
    const step = fc.integer({ min: -5, max: 8 }).filter((quantity) => quantity !== 0)
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.integer({ min: 1, max: 20 }), (steps, limit) => {
        const t = term({ limit })
        let counter: UsageCounter | undefined
        let highest = 0
        const raised: Crossing[] = []
        for (const quantity of steps) {
          if (quantity > 0) {
            const plan = planUsage(counter, event({ quantity }), t, now, context)
            if (!plan.accepted) continue
            raised.push(...plan.crossed)
            counter = plan.next
          } else if (counter && counter.n >= -quantity) {
            const back = planGiveBack(
              counter,
              -quantity,
              { quantity: -quantity, cost: 0, at: now },
              undefined,
              t,
              context,
            )
            if (back.accepted) counter = back.next
          }
          highest = Math.max(highest, counter?.n ?? 0)
        }
        const warn = Math.ceil((limit * 8) / 10)
        expect(raised.filter((crossing) => crossing === 'warn')).toHaveLength(warn < limit && highest >= warn ? 1 : 0)
        expect(raised.filter((crossing) => crossing === 'limit')).toHaveLength(highest >= limit ? 1 : 0)
      }),
      { numRuns: 300 },
    )
  })
})

describe('limits under random use', () => {
  test('no sequence passes a hard limit, days add up to the count, and a refusal changes nothing', () => {
    const use = fc.record({
      quantity: fc.integer({ min: 1, max: 9 }),
      at: fc.integer({ min: now - 14 * dayMs, max: now }),
      outcome: fc.constantFrom('success' as const, 'failure' as const),
    })
    fc.assert(
      fc.property(fc.array(use, { maxLength: 80, size: 'max' }), fc.integer({ min: 1, max: 40 }), (uses, limit) => {
        let counter: UsageCounter | undefined
        let expected = 0
        for (const one of uses) {
          const fits = one.outcome === 'failure' || expected + one.quantity <= limit
          const plan = planUsage(counter, one, term({ limit }), now, context)
          expect(plan.accepted).toBe(fits)
          if (plan.accepted) counter = plan.next
          if (fits && one.outcome === 'success') expected += one.quantity
          expect(plan.standing).toMatchObject({ used: expected, remaining: limit - expected })
        }
        const days = Object.values(counter?.d ?? {}).reduce((sum, used) => sum + used, 0)
        expect(days).toBe(expected)
      }),
      { numRuns: 200 },
    )
  })
})

describe('overage', () => {
  const priced = term({ overage: { unitAmount: '0.5', maxAmount: 3 } })

  test('passes the limit and remembers at what price', () => {
    const { next } = accept(counterAt(9), event({ quantity: 4 }), priced)
    expect(next).toMatchObject({
      n: 13,
      over: 3,
      price: { planId: 'team', currency: 'USD', limit: 10, unitAmount: '0.5' },
    })
    expect(overageOfCounter(next)).toMatchObject({ quantity: 3, amountMinor: 2 })
  })

  test.each([
    [16, true],
    [17, false],
  ])('is refused beyond maxAmount: %d of 10 at 0.5 up to 3 → %s', (total, accepted) => {
    expect(planUsage(counterAt(total - 1), event(), priced, now, context).accepted).toBe(accepted)
  })

  test('is refused when the customer turned it off', () => {
    expect(planUsage(counterAt(10), event(), priced, now, { ...context, overage: false }).accepted).toBe(false)
  })

  test('a limit lowered later charges only what was taken after', () => {
    const included = accept(undefined, event({ quantity: 10 }), priced).next
    const { next } = accept(included, event({ quantity: 2 }), term({ limit: 5, overage: { unitAmount: '1' } }))
    expect(overageOfCounter(next)).toMatchObject({ quantity: 2, amountMinor: 2 })
  })

  test('given back is not charged', () => {
    const taken = accept(counterAt(10), event({ quantity: 4 }), term({ overage: { unitAmount: '1' } })).next
    const back = planGiveBack(taken, 3, { quantity: 4, cost: 0, at: now }, undefined, priced, context)
    expect(back.accepted && overageOfCounter(back.next)).toMatchObject({ quantity: 1, amountMinor: 1 })
  })
})

describe('planGiveBack', () => {
  const taken = { quantity: 3, cost: 10, at: now }

  test('returns the usage and its credits, on the day they were taken', () => {
    const later = planGiveBack(counterAt(5, { d: { '2025-06-15': 5 } }), 3, taken, undefined, term(), context)
    expect(later).toMatchObject({
      accepted: true,
      credits: 10,
      tally: { quantity: 3, credits: 10 },
      standing: { used: 2, remaining: 8 },
    })
    expect(later.accepted && later.next).toMatchObject({ n: 2, ver: 2, d: { '2025-06-15': 2 } })
  })

  test('one at a time rounds down on the running total: 3, then 3, then 4 of 10', () => {
    let counter = counterAt(3)
    let tally: Tally | undefined
    const credits = [1, 2, 3].map(() => {
      const plan = planGiveBack(counter, 1, taken, tally, term(), context)
      if (!plan.accepted) throw new Error('refused')
      counter = plan.next
      tally = plan.tally
      return plan.credits
    })
    expect(credits).toEqual([3, 3, 4])
    expect(planGiveBack(counterAt(9), 1, taken, tally, term(), context)).toEqual({
      accepted: false,
      reason: 'more_than_taken',
      left: 0,
    })
  })

  test('never more than was taken', () => {
    expect(planGiveBack(counterAt(9), 4, taken, undefined, term(), context)).toEqual({
      accepted: false,
      reason: 'more_than_taken',
      left: 3,
    })
  })

  test('credits over all parts are exact, and never ahead of their share', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: 1_000_000_000_000 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 60, maxLength: 60 }),
        (quantity, cost, parts) => {
          const of = { quantity, cost, at: now }
          let counter = counterAt(quantity)
          let tally: Tally | undefined
          let returned = 0
          for (const part of parts) {
            const plan = planGiveBack(counter, part, of, tally, term(), context)
            expect(plan.accepted).toBe(part <= quantity - (tally?.quantity ?? 0))
            if (!plan.accepted) continue
            counter = plan.next
            tally = plan.tally
            returned += plan.credits
            expect(plan.credits).toBeGreaterThanOrEqual(0)
            expect(BigInt(returned) * BigInt(quantity)).toBeLessThanOrEqual(BigInt(cost) * BigInt(tally.quantity))
          }
          if (tally?.quantity === quantity) expect(returned).toBe(cost)
          expect(counter.n).toBe(quantity - (tally?.quantity ?? 0))
        },
      ),
      { numRuns: 200 },
    )
  })

  test('a counter that holds less than its own consumption is a defect', () => {
    expect(() => planGiveBack(counterAt(1), 2, taken, undefined, term(), context)).toThrow(RangeError)
  })
})
