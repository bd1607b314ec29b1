import { addLocalMonths } from './period.ts'
import { dayMs, hourMs, instantOf, localAt, minuteMs, secondMs } from './zone.ts'

/** An ISO 8601 duration: calendar months and days follow the zone's calendar, the rest is exact time. */
export interface Duration {
  months: number
  days: number
  exactMs: number
}

/** Four digits a part: "P9999Y" is already further away than any grant or clock needs to go. */
const iso8601 =
  /^P(?=\d|T\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?=\d)(?:(\d{1,4})H)?(?:(\d{1,4})M)?(?:(\d{1,4})S)?)?$/

/** Reads "P1M", "P1Y", "P13M", "P1W", "PT15M", "P1DT12H"; undefined for anything else: no signs, no fractions. */
export function parseDuration(text: string): Duration | undefined {
  const match = iso8601.exec(text)
  if (!match) return undefined
  const part = (index: number): number => Number(match[index] ?? 0)
  return {
    months: part(1) * 12 + part(2),
    days: part(3) * 7 + part(4),
    exactMs: part(5) * hourMs + part(6) * minuteMs + part(7) * secondMs,
  }
}

/**
 * An instant plus a duration in a zone: months first (the day clamped), then days, then exact time. So "P1D" over a
 * change of the clocks is 23 or 25 hours and "PT24H" is 24.
 */
export function addDuration(at: number, duration: Duration, zone: string): number {
  const { months, days, exactMs } = duration
  if (months === 0 && days === 0) return at + exactMs
  return instantOf(zone, addLocalMonths(localAt(zone, at), months) + days * dayMs) + exactMs
}
