import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import {
  backdateMs,
  initialZones,
  isoOf,
  localDateAt,
  maxZoneSpans,
  planPeriod,
  planZoneChange,
  windowAt,
  type ZoneSpan,
} from '#domain/time'
import { dayMs, hourMs, instantOf, isTimeZone, localAt, offsetAt } from '#domain/zone'

const at = (iso: string): number => Date.parse(iso)
const oracleZones = [
  'UTC',
  'Asia/Kolkata',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Europe/London',
  'America/Sao_Paulo',
  'Africa/Cairo',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Pacific/Kiritimati',
  'America/Havana',
]
const anyZone = fc.constantFrom(...oracleZones)
const anyInstant = fc.integer({ min: at('1975-01-01T00:00:00Z'), max: at('2037-12-31T00:00:00Z') })

/** Instants around each change of a zone's clocks in a few telling years: where mistakes live. */
const nearChanges = anyZone.chain((zone) => {
  const changes: number[] = []
  for (const year of [1995, 2004, 2011, 2012, 2018, 2025]) {
    let instant = Temporal.Instant.from(`${year}-01-01T00:00:00Z`).toZonedDateTimeISO(zone)
    for (let i = 0; i < 2; i += 1) {
      const next = instant.getTimeZoneTransition('next')
      if (!next || next.year !== year) break
      changes.push(next.epochMilliseconds)
      instant = next
    }
  }
  const anchor = changes.length > 0 ? fc.constantFrom(...changes) : anyInstant
  return fc.tuple(fc.constant(zone), anchor, fc.integer({ min: -26 * hourMs, max: 26 * hourMs }))
})

describe('zones', () => {
  test.each([
    ['UTC', true],
    ['Asia/Kolkata', true],
    ['America/Argentina/Buenos_Aires', true],
    ['Etc/GMT+5', true],
    ['', false],
    ['Mars/Base', false],
    ['+05:30', false],
    ['Europe/Paris ', false],
    ['__proto__', false],
    ['x'.repeat(100), false],
  ])('%j is a time zone: %s', (zone, expected) => {
    expect(isTimeZone(zone)).toBe(expected)
  })

  test('offsets are those of Temporal, at random instants and around changes of the clocks', () => {
    const agrees = (zone: string, instant: number): void => {
      const oracle = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone)
      expect(offsetAt(zone, instant)).toBe(oracle.offsetNanoseconds / 1e6)
    }
    fc.assert(fc.property(anyZone, anyInstant, agrees), { numRuns: 300 })
    fc.assert(
      fc.property(nearChanges, ([zone, change, delta]) => agrees(zone, change + delta)),
      { numRuns: 300 },
    )
  })

  test('local times become the instants that Temporal calls compatible, gaps and repeats included', () => {
    fc.assert(
      fc.property(nearChanges, ([zone, change, delta]) => {
        const local = localAt(zone, change) + delta
        const oracle = Temporal.PlainDateTime.from(isoOf(local).slice(0, -1)).toZonedDateTime(zone)
        expect(instantOf(zone, local)).toBe(oracle.epochMilliseconds)
      }),
      { numRuns: 600 },
    )
  })

  test.each([
    ['a gap moves on', 'America/New_York', '2025-03-09T02:30', '2025-03-09T07:30:00Z'],
    ['the earlier of two', 'America/New_York', '2025-11-02T01:30', '2025-11-02T05:30:00Z'],
    ['a gap of half an hour', 'Australia/Lord_Howe', '2025-10-05T02:15', '2025-10-04T15:45:00Z'],
    ['a repeat of half an hour', 'Australia/Lord_Howe', '2025-04-06T01:45', '2025-04-05T14:45:00Z'],
    ['a day that never was', 'Pacific/Apia', '2011-12-30T12:00', '2011-12-30T22:00:00Z'],
  ])('%s: %s %s', (_, zone, local, expected) => {
    expect(isoOf(instantOf(zone, at(`${local}:00Z`)))).toBe(isoOf(at(expected)))
  })

  test('many zones do not pile up formatters that then answer wrongly', () => {
    const zones = Intl.supportedValuesOf('timeZone')
    expect(zones.length).toBeGreaterThan(300)
    for (const zone of zones) expect(isTimeZone(zone)).toBe(true)
    expect(offsetAt('Asia/Kolkata', 0)).toBe(5.5 * hourMs)
  })
})

describe('windows', () => {
  const inZone = (zone: string) => ({ zones: initialZones(zone) })

  test.each([
    ['minute', '2025-06-15T12:34:56.789Z', '2025-06-15T12:34:00.000Z', '2025-06-15T12:35:00.000Z'],
    ['hour', '2025-06-15T12:34:56.789Z', '2025-06-15T12:00:00.000Z', '2025-06-15T13:00:00.000Z'],
    ['day', '2025-06-15T18:29:59.999Z', '2025-06-14T18:30:00.000Z', '2025-06-15T18:30:00.000Z'],
    ['day', '2025-06-15T18:30:00.000Z', '2025-06-15T18:30:00.000Z', '2025-06-16T18:30:00.000Z'],
    ['month', '2025-06-30T18:29:59.999Z', '2025-05-31T18:30:00.000Z', '2025-06-30T18:30:00.000Z'],
    ['month', '2025-06-30T18:30:00.000Z', '2025-06-30T18:30:00.000Z', '2025-07-31T18:30:00.000Z'],
    ['period', '2025-06-30T18:30:00.001Z', '2025-06-30T18:30:00.000Z', '2025-07-31T18:30:00.000Z'],
  ] as const)('%s at %s in Kolkata is %s to %s', (kind, instant, start, end) => {
    const window = windowAt(kind, at(instant), inZone('Asia/Kolkata'))
    expect(window).toEqual({ kind, start: at(start), end: at(end), id: `${kind}#${start}` })
  })

  test('lifetime is one window without an end', () => {
    const lifetime = { kind: 'lifetime', start: 0, end: null, id: 'lifetime' }
    expect(windowAt('lifetime', 0, inZone('UTC'))).toEqual(lifetime)
    expect(windowAt('lifetime', at('2099-01-01T00:00:00Z'), inZone('UTC'))).toEqual(lifetime)
  })

  test.each([
    ['America/New_York', '2025-03-09T12:00:00Z', 23],
    ['America/New_York', '2025-11-02T12:00:00Z', 25],
    ['America/New_York', '2025-11-03T12:00:00Z', 24],
    ['Australia/Lord_Howe', '2025-04-05T20:00:00Z', 24.5],
    ['Australia/Lord_Howe', '2025-10-04T20:00:00Z', 23.5],
    ['America/Sao_Paulo', '2018-11-04T12:00:00Z', 23],
    ['Pacific/Apia', '2011-12-30T09:59:59.999Z', 24],
  ])('a day in %s around %s has %d hours', (zone, instant, hours) => {
    const { start, end } = windowAt('day', at(instant), inZone(zone))
    expect(((end ?? 0) - start) / hourMs).toBe(hours)
  })

  test('after the day that Apia skipped comes the 31st, without a gap', () => {
    const before = windowAt('day', at('2011-12-30T09:59:59.999Z'), inZone('Pacific/Apia'))
    const after = windowAt('day', at('2011-12-30T10:00:00.000Z'), inZone('Pacific/Apia'))
    expect(before.end).toBe(after.start)
    expect(localDateAt(initialZones('Pacific/Apia'), before.start)).toBe('2011-12-29')
    expect(localDateAt(initialZones('Pacific/Apia'), after.start)).toBe('2011-12-31')
  })

  test('days and months are those of Temporal wherever a local day begins once', () => {
    fc.assert(
      fc.property(fc.oneof(nearChanges, fc.tuple(anyZone, anyInstant, fc.constant(0))), ([zone, near, delta]) => {
        const instant = near + delta
        const oracle = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone)
        const day = windowAt('day', instant, inZone(zone))
        const dayEnd = oracle.add({ days: 1 }).startOfDay().epochMilliseconds
        // Clocks put back over midnight repeat the end of the day before: Temporal is then in yesterday again.
        if (instant < dayEnd) expect(day.start).toBe(oracle.startOfDay().epochMilliseconds)
        else expect(day.start).toBe(dayEnd)
        const month = windowAt('month', instant, inZone(zone))
        const first = oracle.with({ day: 1 })
        if (instant < first.add({ months: 1 }).startOfDay().epochMilliseconds) {
          expect(month.start).toBe(first.startOfDay().epochMilliseconds)
          expect(month.end).toBe(first.add({ months: 1 }).startOfDay().epochMilliseconds)
        }
      }),
      { numRuns: 800 },
    )
  })
})

describe('the period window', () => {
  const zones = initialZones('UTC')
  const period = { start: at('2025-06-10T09:00:00Z'), end: at('2025-07-10T09:00:00Z') }
  const startAt = (instant: string, context: Parameters<typeof windowAt>[2]): string =>
    isoOf(windowAt('period', at(instant), context).start)

  test('is the paid span, to the millisecond', () => {
    expect(windowAt('period', period.start, { zones, period })).toMatchObject(period)
    expect(windowAt('period', period.end - 1, { zones, period })).toMatchObject(period)
    expect(windowAt('period', period.start - 1, { zones, period })).toMatchObject({
      start: at('2025-06-01T00:00:00Z'),
      end: period.start,
    })
  })

  test('an unpaid renewal brings no fresh window: grace counts in the old one, then months', () => {
    const until = period.end + 72 * hourMs
    const context = { zones, period: { ...period, until } }
    expect(windowAt('period', period.end, context)).toMatchObject({ start: period.start, end: until })
    expect(windowAt('period', until - 1, context).id).toBe(windowAt('period', period.start, context).id)
    expect(windowAt('period', until, context)).toMatchObject({ start: until, end: at('2025-08-01T00:00:00Z') })
    expect(startAt('2025-09-30T00:00:00Z', { zones, period })).toBe(isoOf(period.start))
  })

  test('access that ends early ends the window', () => {
    const until = at('2025-06-20T00:00:00Z')
    const context = { zones, period: { ...period, until } }
    expect(windowAt('period', until - 1, context)).toMatchObject({ start: period.start, end: until })
    expect(windowAt('period', until, context)).toMatchObject({ start: until, end: at('2025-07-01T00:00:00Z') })
  })

  test('without an end it is the calendar month', () => {
    const context = { zones, period: { start: period.start, end: null } }
    expect(startAt('2025-06-20T00:00:00Z', context)).toBe('2025-06-01T00:00:00.000Z')
  })

  test('a late event finds the period before the current one', () => {
    const next = { start: period.end, end: at('2025-08-10T09:00:00Z') }
    const moved = planPeriod(period, next, period.end)
    expect(windowAt('period', period.end - 1, { zones, period: moved })).toMatchObject(period)
    expect(windowAt('period', period.end, { zones, period: moved })).toMatchObject(next)
  })

  describe('paid ahead', () => {
    const [second, third] = [at('2025-08-10T09:00:00Z'), at('2025-09-10T09:00:00Z')]
    const until = third + 72 * hourMs
    const paid = { ...period, ahead: [second, third] }
    const context = { zones, period: { ...paid, until } }

    test.each([
      [period.end - 1, period.start, period.end],
      [period.end, period.end, second],
      [second - 1, period.end, second],
      [second, second, third],
      [third, second, until],
      [until - 1, second, until],
      [until, until, at('2025-10-01T00:00:00Z')],
    ])('at %i the window is from %i to %i', (instant, start, end) => {
      expect(windowAt('period', instant, context)).toMatchObject({ start, end })
    })

    test('begins no more once access has ended', () => {
      const ended = { zones, period: { ...paid, until: period.end - 5 } }
      expect(windowAt('period', period.end - 6, ended)).toMatchObject({ start: period.start, end: period.end - 5 })
      expect(windowAt('period', second + 1, ended).start).toBe(at('2025-08-01T00:00:00Z'))
      const between = { zones, period: { ...paid, until: second - 5 } }
      expect(windowAt('period', second - 6, between)).toMatchObject({ start: period.end, end: second - 5 })
      expect(windowAt('period', second - 5, between)).toMatchObject({ start: second - 5 })
    })

    test('is where a late event looks for it, several periods late too', () => {
      const moved = planPeriod(paid, { start: second, end: third }, second + 1)
      for (const instant of [period.start, period.end - 1, period.end, second - 1, second, third - 1])
        expect(windowAt('period', instant, { zones, period: moved })).toEqual(windowAt('period', instant, context))
    })
  })

  test('periods older than a late event can reach are forgotten', () => {
    let current = planPeriod(undefined, period, period.start)
    for (let month = 0; month < 12; month += 1) {
      const start = current.end ?? 0
      current = planPeriod(current, { start, end: start + 30 * dayMs }, start)
    }
    expect(current.earlier?.length).toBe(3)
    expect(current.earlier?.[0]?.end).toBeGreaterThan(current.start - backdateMs - 31 * dayMs)
  })
})

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
