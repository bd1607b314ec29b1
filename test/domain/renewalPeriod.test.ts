import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { paidUntil } from '#domain/subscriptionState'
import type { Interval } from '#domain/terms'
import { dayMs } from '#domain/zone'
import { iso, renewed } from './renewalSupport.ts'
import { at, sceneOf, termsOf } from './subscriptionSupport.ts'

const anchors: [string, string, Interval, string[]][] = [
  [
    '2025-01-31T10:00:00Z',
    'UTC',
    'month',
    ['2025-02-28T10:00:00.000Z', '2025-03-31T10:00:00.000Z', '2025-04-30T10:00:00.000Z'],
  ],
  ['2025-01-30T10:00:00Z', 'UTC', 'month', ['2025-02-28T10:00:00.000Z', '2025-03-30T10:00:00.000Z']],
  [
    '2024-02-29T00:00:00Z',
    'UTC',
    'year',
    ['2025-02-28T00:00:00.000Z', '2026-02-28T00:00:00.000Z', '2027-02-28T00:00:00.000Z', '2028-02-29T00:00:00.000Z'],
  ],
  ['2024-11-30T00:00:00Z', 'UTC', 'quarter', ['2025-02-28T00:00:00.000Z', '2025-05-30T00:00:00.000Z']],
  ['2025-01-30T20:00:00Z', 'Asia/Kolkata', 'month', ['2025-02-27T20:00:00.000Z', '2025-03-30T20:00:00.000Z']],
  ['2025-02-09T07:30:00Z', 'America/New_York', 'month', ['2025-03-09T07:30:00.000Z', '2025-04-09T06:30:00.000Z']],
  ['2025-10-02T05:30:00Z', 'America/New_York', 'month', ['2025-11-02T05:30:00.000Z', '2025-12-02T06:30:00.000Z']],
  ['2025-09-05T00:00:00Z', 'Australia/Lord_Howe', 'month', ['2025-10-04T23:30:00.000Z', '2025-11-04T23:30:00.000Z']],
  ['2011-11-30T22:00:00Z', 'Pacific/Apia', 'month', ['2011-12-30T22:00:00.000Z', '2012-01-29T22:00:00.000Z']],
]

describe('periods of a subscription', () => {
  it.each(anchors)('from %s in %s by %s', (anchor, zone, interval, ends) => {
    let scene = sceneOf({ at: at(anchor), zone, terms: termsOf({ interval }) })
    const found = [iso(scene.subscription.periodEnd)]
    while (found.length < ends.length) {
      scene = renewed(scene, scene.subscription.periodEnd ?? 0, termsOf({ interval }))
      found.push(iso(scene.subscription.periodEnd))
    }
    expect(found).toEqual(ends)
  })

  it.each(['UTC', 'Asia/Kolkata', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia'])(
    'five years in %s, paid up to a day late: no drift, no gap, no overlap',
    (zone) => {
      const early = at('2011-01-01T00:00:00Z')
      fc.assert(
        fc.property(
          fc.integer({ min: early, max: at('2025-01-01T00:00:00Z') }),
          fc.constantFrom<Interval>('month', 'quarter', 'year'),
          fc.integer({ min: 0, max: dayMs }),
          (anchor, interval, late) => {
            const terms = termsOf({ interval })
            let scene = sceneOf({ at: anchor, zone, terms })
            for (let k = 0; k < { month: 60, quarter: 20, year: 5, 'one-time': 0, lifetime: 0 }[interval]; k += 1) {
              const before = scene.subscription
              const due = before.periodEnd ?? 0
              scene = renewed(scene, due + late, terms)
              expect(scene.subscription.periodStart).toBe(due)
              expect(scene.subscription.periodIndex).toBe(k + 1)
            }
            const months = { month: 1, quarter: 3, year: 12, 'one-time': 0, lifetime: 0 }[interval]
            const other = sceneOf({ at: anchor, zone, terms: termsOf({ interval: 'year' }) }).subscription
            const year = other.periodEnd ?? 0
            const first = 12 / months - 1
            // The year's end is the end of its twelfth month.
            expect(
              paidUntil({
                ...sceneOf({ at: anchor, zone, terms }).subscription,
                ahead: Array.from({ length: first }, () => ({ paymentId: 'p', paidMinor: 1 })),
              }),
            ).toBe(year)
          },
        ),
        { numRuns: 6 },
      )
    },
    30_000,
  )
})
