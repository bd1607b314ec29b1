/** A wall-clock reading written as if it were UTC: epoch milliseconds of "2025-01-31T09:00" in no zone at all. */
export type LocalTime = number

export const secondMs = 1000
export const minuteMs = 60_000
export const hourMs = 3_600_000
export const dayMs = 86_400_000

/** Formatters are slow to make and kept for the life of the process: one zone an account, but a caller may name many. */
const maxFormatters = 64
const formatters = new Map<string, Intl.DateTimeFormat>()

const zoneName = /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/
const formatted = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)$/

/** True for an IANA zone name that this runtime knows. Bare offsets ("+05:30") are not zones: they have no daylight saving. */
export function isTimeZone(zone: string): boolean {
  if (zone === 'UTC') return true
  if (!zoneName.test(zone)) return false
  try {
    formatterOf(zone)
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** Milliseconds that the zone's clocks are ahead of UTC at an instant. Throws RangeError for an unknown zone. */
export function offsetAt(zone: string, at: number): number {
  if (zone === 'UTC') return 0
  const wholeSecond = Math.floor(at / secondMs) * secondMs
  const match = formatted.exec(formatterOf(zone).format(wholeSecond))
  if (!match) throw new RangeError(`No local time in ${zone} at ${at}`)
  const [, month, day, year, hour, minute, second] = match.map(Number)
  if (!year || !month || !day || hour === undefined || minute === undefined || second === undefined) {
    throw new RangeError(`No local time in ${zone} at ${at}`)
  }
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeSecond
}

/** What the zone's clocks show at an instant. */
export const localAt = (zone: string, at: number): LocalTime => at + offsetAt(zone, at)

/**
 * The instant at which the zone's clocks show a local time, as Temporal's `disambiguation: 'compatible'` has it:
 * the earlier of two, and a time that does not exist moves on by the length of the gap.
 */
export function instantOf(zone: string, local: LocalTime): number {
  if (zone === 'UTC') return local
  // No zone is further than 14 h from UTC, so a day either side lies before and after any change that matters here.
  const before = offsetAt(zone, local - dayMs)
  const after = offsetAt(zone, local + dayMs)
  if (before === after) return local - before
  const earlier = local - Math.max(before, after)
  const later = local - Math.min(before, after)
  if (localAt(zone, earlier) === local) return earlier
  if (localAt(zone, later) === local) return later
  return local - before
}

/** Start of a local day, given in days since 1970-01-01: midnight, or the first instant after a gap that swallows it. */
export const startOfLocalDay = (zone: string, day: number): number => instantOf(zone, day * dayMs)

/** Days since 1970-01-01 on the zone's calendar. */
export const localDayAt = (zone: string, at: number): number => Math.floor(localAt(zone, at) / dayMs)

/** Midnight of the 1st of a local month, counted from January 1970 (0). */
export const startOfLocalMonth = (zone: string, month: number): number => instantOf(zone, Date.UTC(1970, month))

/** Months since January 1970 on the zone's calendar. */
export function localMonthAt(zone: string, at: number): number {
  const local = new Date(localAt(zone, at))
  return (local.getUTCFullYear() - 1970) * 12 + local.getUTCMonth()
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  if (formatters.size >= maxFormatters) formatters.clear()
  formatters.set(zone, made)
  return made
}
