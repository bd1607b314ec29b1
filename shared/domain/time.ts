import { Problem } from '#errors/problem'
import type { WindowKind } from './terms.ts'
import {
  dayMs,
  hourMs,
  isTimeZone,
  localDayAt,
  localMonthAt,
  minuteMs,
  startOfLocalDay,
  startOfLocalMonth,
} from './zone.ts'

/** From when on an account lives in a zone. The first span's `from` is 0 until older spans have been dropped. */
export interface ZoneSpan {
  zone: string
  from: number
}

/** The span that a subscription is paid for, end-exclusive; `end: null` never ends. */
export interface PaidSpan {
  start: number
  end: number | null
}

/** The current period and those before it that late events may still fall into. */
export interface Period extends PaidSpan {
  /** Access ends here (grace included): later instants are not this period's. Absent: it does not end by itself. */
  until?: number
  /** Oldest first, at most `maxEarlier`. */
  earlier?: { start: number; end: number }[]
  /** The ends of the periods paid ahead: the first begins at `end`, each other where the one before ends. Never empty. */
  ahead?: number[]
}

export interface WindowContext {
  /** Ascending by `from`, 1–3 spans, the last may lie in the future. */
  zones: ZoneSpan[]
  period?: Period
}

/** The span a limit counts over, end-exclusive; `end: null` for lifetime. */
export interface Window {
  kind: WindowKind
  start: number
  end: number | null
  /** `<kind>#<start, ISO>`, or `lifetime`: what names the counter. */
  id: string
  /** The paid period that it counts was over then; use still counts in it until `end`, when access ends. Absent: the two are one. */
  paidEnd?: number
}

export const maxZoneSpans = 3
/** How far back an event may be dated. */
export const backdateMs = 35 * dayMs
/** A window that begins at a zone change lasts at least this long, so that a change never buys a fresh one. */
const shortestMonthMs = 20 * dayMs
const shortestDayMs = 12 * hourMs
/** The late events' 35 days, and the calendar month that one of them may lie in. */
const keptPeriodsMs = backdateMs + 31 * dayMs
const maxEarlier = 4

export const isoOf = (at: number): string => new Date(at).toISOString()

/** The zones of a new account: one, since ever. */
export const initialZones = (zone: string): ZoneSpan[] => [{ zone, from: 0 }]

/** The zone that holds at an instant; before the first span, the first. */
export const zoneAt = (zones: ZoneSpan[], at: number): string => spanAt(zones, at).span.zone

/** The local calendar day of an instant, `yyyy-mm-dd`, in the zone that held then. */
export const localDateAt = (zones: ZoneSpan[], at: number): string =>
  isoOf(localDayAt(zoneAt(zones, at), at) * dayMs).slice(0, 10)

/**
 * The window of a kind that holds an instant: a pure function of the instant, the zones and the period, so a new
 * window starts on time without any job. `minute` and `hour` in UTC; `day` and `month` at local midnight; `period`
 * is the paid period, or the calendar month where there is none or it has no end; `lifetime` is one window.
 */
export function windowAt(kind: WindowKind, at: number, context: WindowContext): Window {
  switch (kind) {
    case 'minute':
      return utcWindow(kind, at, minuteMs)
    case 'hour':
      return utcWindow(kind, at, hourMs)
    case 'day':
    case 'month':
      return windowOf(kind, calendarSpan(kind, at, context.zones))
    case 'period':
      return windowOf(kind, periodSpan(at, context))
    case 'lifetime':
      return { kind, start: 0, end: null, id: 'lifetime' }
  }
}

/**
 * The zones after a customer asks for another zone. It takes effect when the current month window ends in the old one;
 * a second change before that replaces the first, and asking for the zone in force cancels it.
 * Throws `validation_failed` for an unknown zone, `conflict` when both earlier changes still matter to late events.
 */
export function planZoneChange(zones: ZoneSpan[], newZone: string, now: number): ZoneSpan[] {
  if (!isTimeZone(newZone)) {
    throw new Problem('validation_failed', 'There is no such time zone.', {
      errors: [{ path: 'timeZone', message: 'must be an IANA time zone name' }],
    })
  }
  const { index, span } = spanAt(zones, now)
  const inForce = zones.slice(0, index + 1)
  if (newZone === span.zone) return inForce
  const kept = inForce.filter((_, at) => (inForce[at + 1]?.from ?? now) > now - backdateMs)
  if (kept.length >= maxZoneSpans) {
    throw new Problem('conflict', 'The time zone was changed twice in the last 35 days.')
  }
  return [...kept, { zone: newZone, from: calendarSpan('month', now, inForce).end }]
}

/** The period after it moves on (renewal, new plan): what late events may still fall into stays known. */
export function planPeriod(current: Period | undefined, next: PaidSpan & Omit<Period, 'earlier'>, now: number): Period {
  const earlier = [...(current?.earlier ?? []), ...(current ? spansUntil(current, next.start) : [])]
  const kept = earlier.filter((span) => span.end > now - keptPeriodsMs).slice(-maxEarlier)
  return kept.length > 0 ? { ...next, earlier: kept } : next
}

interface Span {
  start: number
  end: number
  paidEnd?: number
}

/** The periods that are paid, the present one first. None where it has no end. */
const paidSpans = ({ start, end, ahead = [] }: Period): Span[] =>
  end === null ? [] : [start, end, ...ahead].flatMap((from, at, all) => spanFrom(from, all[at + 1]))

const spanFrom = (start: number, end: number | undefined): Span[] => (end === undefined ? [] : [{ start, end }])

/** What was begun of them before an instant: the last one goes on until then, or until access ended. */
function spansUntil(period: Period, instant: number): Span[] {
  const until = Math.min(period.until ?? instant, instant)
  const begun = paidSpans(period).filter(({ start }) => start < until)
  return begun.map(({ start, end }, at) => ({ start, end: at === begun.length - 1 ? until : Math.min(end, until) }))
}

const windowOf = (kind: WindowKind, { start, end, paidEnd }: Span): Window => ({
  kind,
  start,
  end,
  id: `${kind}#${isoOf(start)}`,
  ...(paidEnd !== undefined && { paidEnd }),
})

function utcWindow(kind: WindowKind, at: number, lengthMs: number): Window {
  const start = Math.floor(at / lengthMs) * lengthMs
  return windowOf(kind, { start, end: start + lengthMs })
}

function spanAt(zones: ZoneSpan[], at: number): { index: number; span: ZoneSpan } {
  let index = zones.length - 1
  while (index > 0 && (zones[index]?.from ?? 0) > at) index -= 1
  const span = zones[index]
  if (!span) throw new RangeError('An account has at least one zone')
  return { index, span }
}

/** The `day` or `month` around an instant. A span's first window begins at the change and lasts at least its minimum. */
function calendarSpan(kind: 'day' | 'month', at: number, zones: ZoneSpan[]): Span {
  const { index, span } = spanAt(zones, at)
  const until = zones[index + 1]?.from ?? Number.POSITIVE_INFINITY
  const regular = regularSpan(kind, at, span.zone)
  // The oldest zone since ever: there was no change to guard against.
  if (span.from <= 0) return { start: regular.start, end: Math.min(regular.end, until) }
  if (at < span.from) return { start: regular.start, end: Math.min(regular.end, span.from) }
  const first = firstEnd(kind, span)
  return at < first
    ? { start: span.from, end: Math.min(first, until) }
    : { start: Math.max(regular.start, first), end: Math.min(regular.end, until) }
}

function firstEnd(kind: 'day' | 'month', span: ZoneSpan): number {
  const earliest = span.from + (kind === 'month' ? shortestMonthMs : shortestDayMs)
  const around = regularSpan(kind, earliest, span.zone)
  return around.start >= earliest ? around.start : around.end
}

/** The local day or month around an instant in one zone. */
function regularSpan(kind: 'day' | 'month', at: number, zone: string): Span {
  const startOf = kind === 'day' ? startOfLocalDay : startOfLocalMonth
  let ordinal = kind === 'day' ? localDayAt(zone, at) : localMonthAt(zone, at)
  let start = startOf(zone, ordinal)
  // Clocks put back over midnight show yesterday's date again after today has begun: today stays begun.
  let end = startOf(zone, ordinal + 1)
  while (at >= end) {
    ordinal += 1
    start = end
    end = startOf(zone, ordinal + 1)
  }
  return { start, end }
}

/** The paid period around an instant; the calendar month, cut at its neighbours, where there is none. */
function periodSpan(at: number, { zones, period }: WindowContext): Span {
  const month = calendarSpan('month', at, zones)
  if (!period) return month
  const spans: Span[] = [...(period.earlier ?? []), ...paidSpans(period)]
  const last = period.end === null ? undefined : spans.pop()
  const until = period.until ?? Number.POSITIVE_INFINITY
  if (last) {
    // In grace the unpaid next period has not begun: use still counts in the old one, until access ends.
    const overdue = at >= last.end
    if (overdue && until === Number.POSITIVE_INFINITY) return last
    spans.push(overdue ? { start: last.start, end: until, paidEnd: last.end } : last)
  }
  for (const paid of spans) {
    // Access that ended early takes what was paid ahead with it.
    const span = { ...paid, end: Math.min(paid.end, until) }
    if (span.start >= span.end) continue
    if (at >= span.start && at < span.end) return span
    if (span.end <= at) month.start = Math.max(month.start, span.end)
    else month.end = Math.min(month.end, span.start)
  }
  return month
}
