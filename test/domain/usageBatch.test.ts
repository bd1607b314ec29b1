import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PlanTerms } from '#domain/terms'
import { initialZones } from '#domain/time'
import { planUsage, type UsageContext, type UsageCounter } from '#domain/usage'
import { type BatchEvent, counterId, countersOf, maxBatch, planUsageBatch } from '#domain/usageBatch'
import { dayMs } from '#domain/zone'

const now = Date.parse('2025-06-15T12:00:00Z')
const context: UsageContext = { zones: initialZones('UTC'), planId: 'team', currency: 'USD', overage: true }
const terms: PlanTerms = {
  planId: 'team',
  priceId: 'team-month',
  catalogueVersion: 1,
  name: 'Team',
  rank: 1,
  amount: 1900,
  currency: 'USD',
  interval: 'month',
  features: {
    reports: { kind: 'metered', limit: 5, window: 'month', warnAt: 0.8 },
    calls: { kind: 'metered', limit: 'unlimited', window: 'day', warnAt: 0.8 },
    sso: { kind: 'flag', on: true },
  },
}
let serial = 0
const event = (over: Partial<BatchEvent> = {}): BatchEvent => {
  serial += 1
  return {
    feature: 'reports',
    key: `key-${serial}`,
    requestHash: 'h',
    quantity: 1,
    at: now,
    outcome: 'success',
    ...over,
  }
}
const june = 'reports#month#2025-06-01T00:00:00.000Z'

describe('planUsageBatch', () => {
  test('counts in order against several counters; a refusal takes nothing and stops no other', () => {
    const events = [
      event({ quantity: 4 }),
      event({ quantity: 2 }),
      event(),
      event({ feature: 'calls', quantity: 7 }),
      event({ at: Date.parse('2025-05-31T00:00:00Z') }),
      event({ at: now + 1 }),
    ]
    const { results, changes } = planUsageBatch(new Map(), events, terms, now, context)
    expect(results.map(({ status }) => status)).toEqual([
      'counted',
      'refused',
      'counted',
      'counted',
      'counted',
      'refused',
    ])
    expect(changes.map((change) => [counterId(change.feature, change.window), change.next.n, change.crossed])).toEqual([
      [june, 5, ['warn', 'limit']],
      ['calls#day#2025-06-15T00:00:00.000Z', 7, []],
      ['reports#month#2025-05-01T00:00:00.000Z', 1, []],
    ])
    expect(changes.every((change) => change.seenVer === undefined)).toBe(true)
  })

  test('repeated keys are folded; the same key for something else is told apart', () => {
    const events = [event({ key: 'a' }), event({ key: 'a' }), event({ key: 'a', requestHash: 'other' })]
    const { results, changes } = planUsageBatch(new Map(), events, terms, now, context)
    expect(results.slice(1)).toEqual([
      { status: 'duplicate', of: 0 },
      { status: 'key_reused', of: 0 },
    ])
    expect(changes[0]?.next.n).toBe(1)
  })

  test('requires the version that was read', () => {
    const stored: UsageCounter = { n: 4, ver: 17, end: null, d: {}, s: {}, crossed: ['warn'], over: 0 }
    const { results, changes } = planUsageBatch(new Map([[june, stored]]), [event(), event()], terms, now, context)
    expect(results.map(({ status }) => status)).toEqual(['counted', 'refused'])
    expect(changes).toMatchObject([{ seenVer: 17, next: { n: 5, ver: 18 }, crossed: ['limit'] }])
  })

  test.each(['sso', 'nothing', 'constructor', '__proto__'])('%s is no metered feature', (feature) => {
    const plan = planUsageBatch(new Map(), [event({ feature })], terms, now, context)
    expect(plan).toEqual({ results: [{ status: 'unknown_feature' }], changes: [] })
    expect(countersOf([{ feature, at: now }], terms, context)).toEqual([])
  })

  test('100 events fit, 101 do not', () => {
    const many = (length: number) => Array.from({ length }, () => event({ feature: 'calls' }))
    expect(planUsageBatch(new Map(), many(maxBatch), terms, now, context).changes[0]?.next.n).toBe(100)
    expect(() => planUsageBatch(new Map(), many(maxBatch + 1), terms, now, context)).toThrow(RangeError)
  })

  test('is what the events would do one by one, on the counters it names beforehand', () => {
    const one = fc.record({
      feature: fc.constantFrom('reports', 'calls'),
      quantity: fc.integer({ min: 1, max: 3 }),
      at: fc.integer({ min: now - 30 * dayMs, max: now }),
      outcome: fc.constantFrom('success' as const, 'failure' as const),
    })
    fc.assert(
      fc.property(fc.array(one, { maxLength: 40, size: 'max' }), (drawn) => {
        const events = drawn.map((each) => event(each))
        const alone = new Map<string, UsageCounter>()
        for (const each of events) {
          const term = terms.features[each.feature]
          if (term?.kind !== 'metered') throw new Error('not metered')
          const [needed] = countersOf([each], terms, context)
          if (!needed) throw new Error('no counter')
          const id = counterId(each.feature, needed.window)
          const plan = planUsage(alone.get(id), each, term, now, context)
          if (plan.accepted) alone.set(id, plan.next)
        }
        const { changes } = planUsageBatch(new Map(), events, terms, now, context)
        const ids = changes.map((change) => counterId(change.feature, change.window))
        const named = countersOf(events, terms, context).map((needed) => counterId(needed.feature, needed.window))
        expect(named).toEqual(expect.arrayContaining(ids))
        for (const [index, change] of changes.entries()) {
          // A batch is one write of each counter, so one version further; the rest is the same.
          expect(change.next).toEqual({ ...alone.get(ids[index] ?? ''), ver: 1 })
        }
        expect(ids).toHaveLength(alone.size)
      }),
      { numRuns: 100 },
    )
  })
})
