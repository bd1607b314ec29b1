import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  backdateMs,
  initialZones,
  isoOf,
  localDateAt,
  maxZoneSpans,
  planZoneChange,
  windowAt,
  type ZoneSpan,
} from '#domain/time'
import { dayMs, hourMs } from '#domain/zone'
import { anyZone, at } from '#test/support/zones'

describe('zone changes', () => {
  const now = at('2025-06-15T12:00:00Z')

  test('take effect when the current month window ends in the old zone', () => {
    const zones = planZoneChange(initialZones('America/New_York'), 'Asia/Tokyo', now)
    expect(zones).toEqual([
      { zone: 'America/New_York', from: 0 },
      { zone: 'Asia/Tokyo', from: at('2025-07-01T04:00:00Z') },
    ])
    const july = windowAt('month', at('2025-07-01T04:00:00Z'), { zones })
    expect(july).toMatchObject({ start: at('2025-07-01T04:00:00Z'), end: at('2025-07-31T15:00:00Z') })
    expect(windowAt('month', at('2025-07-01T03:59:59.999Z'), { zones }).start).toBe(at('2025-06-01T04:00:00Z'))
  })

  test('westward, the hours before the new 1st are no window of their own', () => {
    const zones = planZoneChange(initialZones('Pacific/Kiritimati'), 'Pacific/Niue', now)
    const from = at('2025-06-30T10:00:00Z')
    expect(zones[1]?.from).toBe(from)
    expect(windowAt('month', from, { zones })).toMatchObject({ start: from, end: at('2025-08-01T11:00:00Z') })
    // Midnight in Niue is an hour later: the first day runs on to the next one.
    expect(windowAt('day', from, { zones })).toMatchObject({ start: from, end: at('2025-07-01T11:00:00Z') })
  })

  test('a midnight exactly twelve hours after the change ends its first day', () => {
    const zones = planZoneChange(initialZones('UTC'), 'Pacific/Auckland', now)
    const from = at('2025-07-01T00:00:00Z')
    expect(windowAt('day', from, { zones })).toMatchObject({ start: from, end: at('2025-07-01T12:00:00Z') })
  })

  test('a second one before the first took effect replaces it; the zone in force cancels it', () => {
    const once = planZoneChange(initialZones('UTC'), 'Asia/Tokyo', now)
    expect(planZoneChange(once, 'Europe/Paris', now).map(({ zone }) => zone)).toEqual(['UTC', 'Europe/Paris'])
    expect(planZoneChange(once, 'UTC', now)).toEqual(initialZones('UTC'))
  })

  test('an event dated before the change counts in the old zone', () => {
    const zones = planZoneChange(initialZones('America/New_York'), 'Asia/Tokyo', now)
    expect(localDateAt(zones, at('2025-07-01T03:59:59.999Z'))).toBe('2025-06-30')
    expect(localDateAt(zones, at('2025-07-01T04:00:00.000Z'))).toBe('2025-07-01')
  })

  test('an unknown zone is refused', () => {
    expect(() => planZoneChange(initialZones('UTC'), 'Mars/Base', now)).toThrow(
      expect.objectContaining({ code: 'validation_failed' }),
    )
  })

  test('a third one within 35 days is refused while late events still need the first zone', () => {
    const first = planZoneChange(initialZones('UTC'), 'Asia/Tokyo', at('2025-01-20T00:00:00Z'))
    const second = planZoneChange(first, 'UTC', at('2025-02-10T00:00:00Z'))
    expect(second.map(({ from }) => isoOf(from).slice(0, 10))).toEqual(['1970-01-01', '2025-02-01', '2025-02-28'])
    expect(() => planZoneChange(second, 'Asia/Tokyo', at('2025-03-05T00:00:00Z'))).toThrow(
      expect.objectContaining({ code: 'conflict' }),
    )
    const third = planZoneChange(second, 'Asia/Tokyo', at('2025-02-01T00:00:00Z') + backdateMs)
    expect(third).toHaveLength(3)
  })

  /** A history of changes, each some days after the one before; refused ones leave the zones as they are. */
  const changes = fc.array(fc.record({ zone: anyZone, afterDays: fc.integer({ min: 0, max: 70 }) }), {
    maxLength: 12,
    size: 'max',
  })
  const apply = (
    start: number,
    steps: { zone: string; afterDays: number }[],
    each: (zones: ZoneSpan[], now: number) => void,
  ) => {
    let zones = initialZones('America/New_York')
    let instant = start
    for (const { zone, afterDays } of steps) {
      instant += afterDays * dayMs
      try {
        zones = planZoneChange(zones, zone, instant)
      } catch (error) {
        expect(error).toMatchObject({ code: 'conflict' })
      }
      each(zones, instant)
    }
    return instant
  }

  test('windows tile time without gap or overlap, whatever the changes', () => {
    fc.assert(
      fc.property(
        changes,
        fc.integer({ min: at('2024-01-01T00:00:00Z'), max: at('2026-01-01T00:00:00Z') }),
        (steps, start) => {
          apply(start, steps, (zones, now) => {
            expect(zones.length).toBeLessThanOrEqual(maxZoneSpans)
            for (const kind of ['day', 'month'] as const) {
              let window = windowAt(kind, now - backdateMs, { zones })
              while (window.start < now + 70 * dayMs) {
                const end = window.end ?? 0
                expect(end).toBeGreaterThan(window.start)
                expect(windowAt(kind, window.start, { zones })).toEqual(window)
                expect(windowAt(kind, end - 1, { zones })).toEqual(window)
                const next = windowAt(kind, end, { zones })
                expect(next.start).toBe(end)
                window = next
              }
            }
          })
        },
      ),
      { numRuns: 12 },
    )
  })

  test('no change moves a window that has begun or that a late event may fall into', () => {
    fc.assert(
      fc.property(
        changes,
        fc.integer({ min: at('2024-01-01T00:00:00Z'), max: at('2026-01-01T00:00:00Z') }),
        (steps, start) => {
          let before = initialZones('America/New_York')
          apply(start, steps, (zones, now) => {
            for (const back of [0, 1, 12 * hourMs, 10 * dayMs, 25 * dayMs, backdateMs - 1]) {
              for (const kind of ['day', 'month'] as const) {
                expect(windowAt(kind, now - back, { zones })).toEqual(windowAt(kind, now - back, { zones: before }))
              }
            }
            before = zones
          })
        },
      ),
      { numRuns: 30 },
    )
  })

  test('the windows begun over a year are at most one more than a single zone gives', () => {
    fc.assert(
      fc.property(
        changes,
        fc.integer({ min: at('2024-01-01T00:00:00Z'), max: at('2026-01-01T00:00:00Z') }),
        (steps, start) => {
          // Each month window as the account lived through it, under the zones known at that time.
          const months = new Set<string>()
          let last: ZoneSpan[] = initialZones('America/New_York')
          let seen = start
          const live = (zones: ZoneSpan[], to: number) => {
            for (; seen <= to; seen += dayMs / 2) months.add(windowAt('month', seen, { zones }).id)
          }
          const end = apply(start, steps, (zones, now) => {
            live(last, now)
            last = zones
          })
          live(last, end)
          const single = new Set<string>()
          for (let t = start; t <= end; t += dayMs / 2)
            single.add(windowAt('month', t, { zones: initialZones('UTC') }).id)
          expect(months.size).toBeLessThanOrEqual(single.size + 1)
        },
      ),
      { numRuns: 30 },
    )
  })
})
