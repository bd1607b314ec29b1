import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import { backdateMs, initialZones, isoOf, localDateAt, planPeriod, windowAt } from '#domain/time'
import { dayMs, hourMs } from '#domain/zone'
import { anyInstant, anyZone, at, nearChanges } from '#test/support/zones'

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
