import { type OveragePrice, overageOfCounter, type UsageCounter } from './usage.ts'
import { chargeOf } from './usageLimit.ts'
import { addStatistics, noStatistics, type Statistics, type StatisticsView, statisticsView } from './usageStatistics.ts'
import { dayMs } from './zone.ts'

/** A feature's month in history, kept for ever; all its windows of whatever kind roll up here. */
export interface HistoryRow {
  /** `yyyy-mm`, on the account's calendar. */
  month: string
  ver: number
  /** Day of the month (`dd`) → used. */
  days: Record<string, number>
  total: number
  statistics: Statistics
}

/** The charge for a closed window, as a total: a later close of the same window replaces it. */
export interface OverageLine {
  quantity: number
  amountMinor: number
  price: OveragePrice
  /** Units used after the window's end, as far as they are in it. Absent: none. */
  late?: number
}

export interface ClosePlan {
  /** The counter, emptied of what moved and without `due`. Write it on condition of the version before. */
  next: UsageCounter
  /** The changed months, each one version on (1: it must not exist yet). One transaction with the counter. */
  rows: HistoryRow[]
  /** Present once the window is over and had overage; zero when everything was given back. */
  overage?: OverageLine
}

/** Points a history answer has at most: a year by day. */
export const maxHistoryPoints = 366

/** The months whose rows a close has to read. */
export const monthsToClose = (counter: UsageCounter): string[] =>
  [...new Set([...Object.keys(counter.d).map((day) => day.slice(0, 7)), ...Object.keys(counter.s)])].sort()

/**
 * Moves what a counter has gathered since the last close into history. Null when nothing is due. Safe to run late,
 * twice or in parallel: what moved is gone from the counter in the same transaction, and versions refuse the loser.
 * A later event in the window makes it due again and only that event moves. `rows` are the stored months, by month.
 */
export function planClose(counter: UsageCounter, rows: ReadonlyMap<string, HistoryRow>, now: number): ClosePlan | null {
  const { due, ...rest } = counter
  if (due === undefined || due > now) return null
  const changed = monthsToClose(counter).map((month) => withCounter(rows.get(month) ?? newRow(month), counter))
  const overage = counter.end !== null && counter.end <= now ? overageOfCounter(counter) : null
  const closed = counter.closed ?? (overage ? counter.end : null)
  return {
    // A window that goes on is looked at again at its end, for its overage, also when nothing more is used.
    next: {
      ...rest,
      ver: counter.ver + 1,
      d: {},
      s: {},
      ...(counter.end !== null && counter.end > now && { due: counter.end }),
      ...(closed !== null && { closed }),
    },
    rows: changed,
    ...(overage && { overage: { ...overage, ...(counter.late !== undefined && { late: counter.late }) } }),
  }
}

/**
 * The charges of a month after one of its windows was closed (again). A line that is on an order is final: what comes to
 * light of the window's own time then is history only, and what was used after its end, until the next period was paid, is a
 * line of its own on the next order. `isBilled`: by the line's name.
 */
export function withOverage(
  lines: Readonly<Record<string, OverageLine>>,
  windowId: string,
  total: OverageLine,
  isBilled: (lineId: string) => boolean,
): Record<string, OverageLine> {
  let part = 1
  const billed = { quantity: 0, amountMinor: 0, late: 0 }
  for (; isBilled(partId(windowId, part)); part += 1) {
    const line = lines[partId(windowId, part)]
    billed.quantity += line?.quantity ?? 0
    billed.amountMinor += line?.amountMinor ?? 0
    billed.late += line?.late ?? 0
  }
  const late = Math.max(0, (total.late ?? 0) - billed.late)
  const quantity = part === 1 ? total.quantity : Math.min(Math.max(0, total.quantity - billed.quantity), late)
  const { [partId(windowId, part)]: _open, ...others } = lines
  if (part > 1 && quantity === 0) return others
  const charged =
    part === 1 ? total.amountMinor : chargeOf(billed.quantity + quantity, total.price) - billed.amountMinor
  const line = { quantity, amountMinor: Math.max(0, charged), price: total.price, ...(late > 0 && { late }) }
  return { ...others, [partId(windowId, part)]: line }
}

/** The first line of a window has its name. */
const partId = (windowId: string, part: number): string => (part === 1 ? windowId : `${windowId}~${part}`)

/**
 * Use of a feature by day or month from `from` to `to` (local dates `yyyy-mm-dd`, both inclusive), days without use
 * as 0: what is in history plus what open counters have not rolled up yet. Throws RangeError beyond 366 points.
 */
export function historyOf(
  rows: HistoryRow[],
  openCounters: UsageCounter[],
  from: string,
  to: string,
  by: 'day' | 'month',
): { on: string; used: number }[] {
  const points = new Map<string, number>()
  const lengthOf = by === 'day' ? 10 : 7
  for (const on of datesBetween(from.slice(0, lengthOf), to.slice(0, lengthOf), by)) points.set(on, 0)
  const add = (day: string, used: number): void => {
    const on = day.slice(0, lengthOf)
    if (day >= from && day <= to) points.set(on, (points.get(on) ?? 0) + used)
  }
  for (const row of rows) for (const [day, used] of Object.entries(row.days)) add(`${row.month}-${day}`, used)
  for (const counter of openCounters) for (const [day, used] of Object.entries(counter.d)) add(day, used)
  return [...points].map(([on, used]) => ({ on, used }))
}

/**
 * The figures of a month (`yyyy-mm`), with the change on the month before when `before` is given and had calls.
 * Counts what is in history and what open counters have not rolled up yet.
 */
export function usageStatistics(
  rows: HistoryRow[],
  openCounters: UsageCounter[],
  month: string,
): { month: string } & StatisticsView {
  const inMonth = (of: string): Statistics =>
    [
      ...rows.filter((row) => row.month === of).map((row) => row.statistics),
      ...openCounters.map((counter) => counter.s[of] ?? noStatistics),
    ].reduce(addStatistics, noStatistics)
  return { month, ...statisticsView(inMonth(month), inMonth(monthBefore(month))) }
}

/** The month before a `yyyy-mm`. */
export const monthBefore = (month: string): string =>
  new Date(Date.parse(`${month}-01T00:00:00Z`) - dayMs).toISOString().slice(0, 7)

const newRow = (month: string): HistoryRow => ({ month, ver: 0, days: {}, total: 0, statistics: noStatistics })

function withCounter(row: HistoryRow, counter: UsageCounter): HistoryRow {
  const days = { ...row.days }
  let total = row.total
  for (const [day, used] of Object.entries(counter.d)) {
    if (!day.startsWith(row.month)) continue
    days[day.slice(8)] = (days[day.slice(8)] ?? 0) + used
    total += used
  }
  const statistics = addStatistics(row.statistics, counter.s[row.month] ?? noStatistics)
  return { month: row.month, ver: row.ver + 1, days, total, statistics }
}

function datesBetween(from: string, to: string, by: 'day' | 'month'): string[] {
  const dates: string[] = []
  const at = new Date(`${from.padEnd(10, '-01')}T00:00:00Z`)
  for (let on = from; on <= to; on = at.toISOString().slice(0, from.length)) {
    if (dates.length === maxHistoryPoints) throw new RangeError(`A history has at most ${maxHistoryPoints} points`)
    dates.push(on)
    if (by === 'day') at.setUTCDate(at.getUTCDate() + 1)
    else at.setUTCMonth(at.getUTCMonth() + 1)
  }
  return dates
}
