import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import { isoOf } from '#domain/time'
import { hourMs, instantOf, isTimeZone, localAt, offsetAt } from '#domain/zone'
import { anyInstant, anyZone, at, nearChanges } from '#test/support/zones'

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
