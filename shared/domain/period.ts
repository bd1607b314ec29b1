import type { Interval } from './terms.ts'
import { instantOf, localAt } from './zone.ts'

/** Months of a billing interval; null: it never ends. */
const monthsOf: Record<Interval, number | null> = {
  month: 1,
  quarter: 3,
  year: 12,
  'one-time': null,
  lifetime: null,
}

export const monthsIn = (interval: Interval): number | null => monthsOf[interval]

/** One billing period, end-exclusive; `end: null` never ends. Period 0 starts at the anchor. */
export interface PeriodSpan {
  index: number
  start: number
  end: number | null
}

/**
 * `anchor` plus k months in a zone: same local time, the day clamped to the month's last. Always from the anchor, so
 * 31 January gives 28 February, then 31 March; adding to the previous result would drift to the 28th for good.
 */
export function addMonths(anchor: number, k: number, zone: string): number {
  // An anchor in the second of two equal hours has no other name than itself.
  if (k === 0) return anchor
  return instantOf(zone, addLocalMonths(localAt(zone, anchor), k))
}

/** The same on a wall-clock reading; the clamp is part of it. */
export function addLocalMonths(local: number, k: number): number {
  const date = new Date(local)
  const year = date.getUTCFullYear()
  const month = date.getUTCMonth() + k
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  const midnight = Date.UTC(year, date.getUTCMonth(), date.getUTCDate())
  return Date.UTC(year, month, Math.min(date.getUTCDate(), lastDay)) + (local - midnight)
}

/** Where period k starts: `anchor` + k intervals. An endless interval has period 0 only. */
export function periodStart(anchor: number, interval: Interval, zone: string, k: number): number {
  const months = monthsOf[interval]
  if (months === null) {
    if (k !== 0) throw new RangeError(`A ${interval} price has one period`)
    return anchor
  }
  return addMonths(anchor, k * months, zone)
}

/** Where period k ends and the next begins: `anchor` + (k + 1) intervals; null for an endless interval. */
export function periodEnd(anchor: number, interval: Interval, zone: string, k: number): number | null {
  return monthsOf[interval] === null ? null : periodStart(anchor, interval, zone, k + 1)
}

/** The period that holds an instant. Before the anchor the index is negative; an endless interval is always period 0. */
export function periodAt(anchor: number, interval: Interval, zone: string, at: number): PeriodSpan {
  const months = monthsOf[interval]
  if (months === null) return { index: 0, start: anchor, end: null }
  let index = Math.floor(localMonthsBetween(anchor, at, zone) / months)
  // The count of calendar months is right to one period; the day and the time within the month decide.
  while (periodStart(anchor, interval, zone, index) > at) index -= 1
  while (periodStart(anchor, interval, zone, index + 1) <= at) index += 1
  return {
    index,
    start: periodStart(anchor, interval, zone, index),
    end: periodEnd(anchor, interval, zone, index),
  }
}

function localMonthsBetween(from: number, to: number, zone: string): number {
  const first = new Date(localAt(zone, from))
  const last = new Date(localAt(zone, to))
  return (last.getUTCFullYear() - first.getUTCFullYear()) * 12 + last.getUTCMonth() - first.getUTCMonth()
}
