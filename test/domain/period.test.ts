import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import { addDuration, parseDuration } from '#domain/duration'
import { addMonths, periodAt, periodEnd, periodStart } from '#domain/period'
import { hourMs } from '#domain/zone'

const at = (iso: string): number => Date.parse(iso)
const zones = ['UTC', 'Asia/Kolkata', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia']
const anyZone = fc.constantFrom(...zones)
const anyAnchor = fc.integer({ min: at('2005-01-01T00:00:00Z'), max: at('2030-12-31T23:59:59Z') })

const oracle = (anchor: number, zone: string) => Temporal.Instant.fromEpochMilliseconds(anchor).toZonedDateTimeISO(zone)

describe('addMonths', () => {
  test.each([
    ['2025-01-31', 1, '2025-02-28'],
    ['2025-01-31', 2, '2025-03-31'],
    ['2025-01-31', 3, '2025-04-30'],
    ['2024-01-31', 1, '2024-02-29'],
    ['2024-01-31', 13, '2025-02-28'],
    ['2024-02-29', 12, '2025-02-28'],
    ['2024-02-29', 24, '2026-02-28'],
    ['2024-02-29', 48, '2028-02-29'],
    ['2025-03-31', -1, '2025-02-28'],
    ['2025-12-31', 2, '2026-02-28'],
    ['2025-08-30', 6, '2026-02-28'],
    ['2100-01-31', 1, '2100-02-28'],
  ])('%s plus %d months is %s in every zone', (from, months, to) => {
    for (const zone of zones) {
      const anchor = Temporal.PlainDateTime.from(`${from}T09:30`).toZonedDateTime(zone).epochMilliseconds
      const expected = Temporal.PlainDateTime.from(`${to}T09:30`).toZonedDateTime(zone).epochMilliseconds
      expect(addMonths(anchor, months, zone)).toBe(expected)
    }
  })

  test.each([
    ['into the gap', 'America/New_York', '2025-02-09T07:30:00Z', 1, '2025-03-09T07:30:00Z'],
    ['out of the gap again', 'America/New_York', '2025-02-09T07:30:00Z', 2, '2025-04-09T06:30:00Z'],
    ['onto the repeated hour', 'America/New_York', '2025-10-02T05:30:00Z', 1, '2025-11-02T05:30:00Z'],
    ['from the second of two equal hours', 'America/New_York', '2025-11-02T06:30:00Z', 0, '2025-11-02T06:30:00Z'],
    ['onto the day that Apia skipped', 'Pacific/Apia', '2011-11-30T22:00:00Z', 1, '2011-12-30T22:00:00Z'],
  ])('%s', (_, zone, anchor, months, expected) => {
    expect(new Date(addMonths(at(anchor), months, zone)).toISOString()).toBe(new Date(at(expected)).toISOString())
  })

  test('agrees with Temporal', () => {
    fc.assert(
      fc.property(anyAnchor, fc.integer({ min: -72, max: 72 }), anyZone, (anchor, months, zone) => {
        expect(addMonths(anchor, months, zone)).toBe(oracle(anchor, zone).add({ months }).epochMilliseconds)
      }),
      { numRuns: 500 },
    )
  })
})

describe('periods', () => {
  const anchors = ['2024-01-31T00:00', '2024-02-29T23:59', '2025-03-09T02:30', '2025-11-02T01:30', '2011-11-30T12:00']
  const lengths = [
    ['month', 1, 60],
    ['quarter', 3, 20],
    ['year', 12, 5],
  ] as const

  test.each(lengths)(
    'every %s for five years ends where Temporal counts it from the anchor',
    (interval, months, count) => {
      for (const zone of zones) {
        for (const local of anchors) {
          const anchor = Temporal.PlainDateTime.from(local).toZonedDateTime(zone).epochMilliseconds
          for (let k = 0; k < count; k += 1) {
            const end = oracle(anchor, zone).add({ months: months * (k + 1) }).epochMilliseconds
            expect(periodEnd(anchor, interval, zone, k)).toBe(end)
            expect(periodAt(anchor, interval, zone, end - 1)).toMatchObject({ index: k, end })
            expect(periodAt(anchor, interval, zone, end)).toMatchObject({ index: k + 1, start: end })
            expect(periodAt(anchor, interval, zone, end + 1)).toMatchObject({ index: k + 1, start: end })
          }
        }
      }
    },
  )

  test('a 31 January anchor never drifts', () => {
    const days = Array.from({ length: 12 }, (_, k) =>
      new Date(periodStart(at('2025-01-31T00:00:00Z'), 'month', 'UTC', k)).getUTCDate(),
    )
    expect(days).toEqual([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
  })

  test('a 29 February year comes back to the 29th', () => {
    const days = [0, 1, 2, 3, 4].map((k) =>
      new Date(periodStart(at('2024-02-29T12:00:00Z'), 'year', 'UTC', k)).toISOString().slice(0, 10),
    )
    expect(days).toEqual(['2024-02-29', '2025-02-28', '2026-02-28', '2027-02-28', '2028-02-29'])
  })

  test('the period found holds the instant and joins its neighbours', () => {
    const interval = fc.constantFrom('month', 'quarter', 'year')
    fc.assert(
      fc.property(anyAnchor, anyAnchor, interval, anyZone, (anchor, instant, kind, zone) => {
        const { index, start, end } = periodAt(anchor, kind, zone, instant)
        expect(start).toBeLessThanOrEqual(instant)
        expect(end).toBeGreaterThan(instant)
        expect(periodAt(anchor, kind, zone, end ?? 0)).toMatchObject({ index: index + 1, start: end })
      }),
      { numRuns: 300 },
    )
  })

  test.each(['one-time', 'lifetime'] as const)('%s has one period without an end', (interval) => {
    expect(periodEnd(0, interval, 'UTC', 0)).toBeNull()
    expect(periodAt(0, interval, 'UTC', at('2099-01-01T00:00:00Z'))).toEqual({ index: 0, start: 0, end: null })
    expect(() => periodStart(0, interval, 'UTC', 1)).toThrow(RangeError)
  })
})

describe('durations', () => {
  test.each([
    ['P1M', { months: 1, days: 0, exactMs: 0 }],
    ['P1Y', { months: 12, days: 0, exactMs: 0 }],
    ['P13M', { months: 13, days: 0, exactMs: 0 }],
    ['P2W', { months: 0, days: 14, exactMs: 0 }],
    ['PT15M', { months: 0, days: 0, exactMs: 900_000 }],
    ['P1DT12H', { months: 0, days: 1, exactMs: 12 * hourMs }],
    ['P1Y2M3W4DT5H6M7S', { months: 14, days: 25, exactMs: 18_367_000 }],
  ])('%s is read', (text, expected) => {
    expect(parseDuration(text)).toEqual(expected)
  })

  test.each(['', 'P', 'PT', 'P1DT', 'p1m', '-P1M', 'P-1M', 'P1.5M', 'P1M2Y', 'P10000D', 'PT1', ' P1M', 'P1M\n', '1M'])(
    '%j is not a duration',
    (text) => {
      expect(parseDuration(text)).toBeUndefined()
    },
  )

  test('a calendar day over a change of the clocks is not 24 hours', () => {
    const eve = at('2025-03-08T17:00:00Z')
    const added = (text: string) =>
      addDuration(eve, parseDuration(text) ?? { months: 0, days: 0, exactMs: 0 }, 'America/New_York')
    expect(added('P1D') - eve).toBe(23 * hourMs)
    expect(added('PT24H') - eve).toBe(24 * hourMs)
  })

  test('adding agrees with Temporal', () => {
    const part = (max: number) => fc.integer({ min: 0, max })
    fc.assert(
      fc.property(anyAnchor, anyZone, part(30), part(60), part(90), (start, zone, months, days, hours) => {
        const text = `P${months}M${days}DT${hours}H`
        const expected = oracle(start, zone).add(Temporal.Duration.from(text)).epochMilliseconds
        expect(addDuration(start, parseDuration(text) ?? { months: 0, days: 0, exactMs: 0 }, zone)).toBe(expected)
      }),
      { numRuns: 400 },
    )
  })
})
