import type { Limit, MeteredTerm, Overage } from './terms.ts'
import { backdateMs, isoOf, localDateAt, type Window, type WindowContext, windowAt } from './time.ts'
import { chargeOf, hasRoom, isOff, type OverageCharge, remainingOf, warnThreshold } from './usageLimit.ts'
import { countCall, noStatistics, type Statistics } from './usageStatistics.ts'

export type Crossing = 'warn' | 'limit'

/** What use beyond the limit costs, as it stood at the last such use: closing a window then needs no plan. */
export interface OveragePrice extends Overage {
  planId: string
  currency: string
  limit: number
}

/** One window's count of a feature. A value: every step gives a new one, `ver` one higher. */
export interface UsageCounter {
  /** Used in this window; what the limit is held against. */
  n: number
  /** Raised by every write; a write requires the version it saw. */
  ver: number
  /** When the window ends, to be closed and billed; null: never. Of a paid period its own end, also while grace counts in it. */
  end: number | null
  /** Not yet in history: used by local day (`yyyy-mm-dd`). A give-back after the roll-up makes it negative. */
  d: Record<string, number>
  /** Not yet in history: how calls went, by local month (`yyyy-mm`). */
  s: Record<string, Statistics>
  /** Notices raised in this window. */
  crossed: Crossing[]
  /** Units accepted beyond the limit of their time. */
  over: number
  /** Those of them that were used after its end: they may be billed later than the rest. Absent: none. */
  late?: number
  /** The end at which its overage was accounted first. Absent: not yet, or there was none. */
  closed?: number
  price?: OveragePrice
  /** When there is something to close; absent: nothing. */
  due?: number
}

export interface UsageEvent {
  /** Whole number ≥ 1. */
  quantity: number
  /** Epoch milliseconds; at most 35 days back, not in the future. */
  at: number
  outcome: 'success' | 'failure'
  durationMs?: number
}

/** What counting needs to know of the account beside the term. */
export interface UsageContext extends WindowContext {
  planId: string
  currency: string
  /** The customer's preference: false refuses at the limit even where the plan prices overage. */
  overage: boolean
}

/** Where the account stands in a window, as answers spell it. */
export interface Standing {
  limit: Limit
  used: number
  remaining: number | null
  /** ISO 8601; null: never. */
  resetsAt: string | null
}

export type UsageRefusal = 'usage_limit_reached' | 'feature_not_in_plan' | 'at_out_of_range'

export type UsagePlan =
  | {
      accepted: true
      window: Window
      next: UsageCounter
      /** Thresholds that this very event crossed: one notice each. */
      crossed: Crossing[]
      standing: Standing
    }
  | { accepted: false; reason: UsageRefusal; window: Window; standing: Standing }

/** What a consumption took, and what has been given back of it so far. */
export interface Taken {
  quantity: number
  /** Credits. */
  cost: number
  at: number
}
export interface Tally {
  quantity: number
  credits: number
}

export type GiveBackPlan =
  | { accepted: true; next: UsageCounter; tally: Tally; credits: number; standing: Standing }
  | { accepted: false; reason: 'more_than_taken'; left: number }

/**
 * Counts one event in the window in which it happened. `counter` is that window's, absent when it is the first there.
 * A failure is counted in the statistics only, so it is never refused for a limit; nothing is taken by a refusal.
 */
export function planUsage(
  counter: UsageCounter | undefined,
  event: UsageEvent,
  term: MeteredTerm,
  now: number,
  context: UsageContext,
): UsagePlan {
  const window = windowAt(term.window, event.at, context)
  const current = counter ?? newCounter(window)
  const refuse = (reason: UsageRefusal): UsagePlan => ({
    accepted: false,
    reason,
    window,
    standing: standingOf(term.limit, current.n, window),
  })
  if (event.at > now || event.at < now - backdateMs) return refuse('at_out_of_range')
  const counted = event.outcome === 'success' ? event.quantity : 0
  const total = current.n + counted
  if (counted > 0 && isOff(term)) return refuse('feature_not_in_plan')
  if (counted > 0 && !hasRoom(term, total, context.overage)) return refuse('usage_limit_reached')

  const day = localDateAt(context.zones, event.at)
  const month = day.slice(0, 7)
  const crossed = crossingsOf(current, term, total)
  const next: UsageCounter = {
    ...current,
    ...overageAfter(current, term, counted, event.at >= endOf(current, window), context),
    n: total,
    ver: current.ver + 1,
    end: closingOf(window),
    d: counted > 0 ? { ...current.d, [day]: (current.d[day] ?? 0) + counted } : current.d,
    s: { ...current.s, [month]: countCall(current.s[month] ?? noStatistics, event.outcome, event.durationMs) },
    crossed: [...current.crossed, ...crossed],
    due: dueOf(current, closingOf(window), event.at, context),
  }
  return { accepted: true, window, next, crossed, standing: standingOf(term.limit, total, window) }
}

/**
 * Gives back units of one consumption, in the window and on the day in which it was counted: over all give-backs at
 * most what it took. Its credits come back in proportion, rounded down on the running total: never early, exact once
 * everything is back. Notices stay raised. `quantity` is a whole number ≥ 1.
 */
export function planGiveBack(
  counter: UsageCounter,
  quantity: number,
  taken: Taken,
  tally: Tally | undefined,
  term: MeteredTerm,
  context: UsageContext,
): GiveBackPlan {
  const returned = planReturn(quantity, taken, tally)
  if (!returned.accepted) return returned
  if (quantity > counter.n) throw new RangeError('A counter holds less than one of its own consumptions took')

  const window = windowAt(term.window, taken.at, context)
  const day = localDateAt(context.zones, taken.at)
  const next: UsageCounter = {
    ...counter,
    n: counter.n - quantity,
    ver: counter.ver + 1,
    d: { ...counter.d, [day]: (counter.d[day] ?? 0) - quantity },
    due: dueOf(counter, counter.end, taken.at, context),
  }
  return {
    accepted: true,
    next,
    tally: returned.tally,
    credits: returned.credits,
    standing: standingOf(term.limit, next.n, window),
  }
}

export type ReturnPlan =
  | { accepted: true; tally: Tally; credits: number }
  | { accepted: false; reason: 'more_than_taken'; left: number }

/** What giving back units of a use returns in credits, counted or not: over all give-backs at most what it took. */
export function planReturn(quantity: number, taken: Taken, tally: Tally | undefined): ReturnPlan {
  const before = tally ?? { quantity: 0, credits: 0 }
  const left = taken.quantity - before.quantity
  if (quantity > left) return { accepted: false, reason: 'more_than_taken', left }
  const returned = before.quantity + quantity
  const credits = Number((BigInt(taken.cost) * BigInt(returned)) / BigInt(taken.quantity))
  return { accepted: true, tally: { quantity: returned, credits }, credits: credits - before.credits }
}

/** The account's standing in a window. */
export const standingOf = (limit: Limit, used: number, window: { end: number | null }): Standing => ({
  limit,
  used,
  remaining: remainingOf(limit, used),
  resetsAt: window.end === null ? null : isoOf(window.end),
})

/**
 * The overage of a window: units that were accepted beyond the limit and, after give-backs, still lie beyond it. A
 * limit lowered later makes no overage out of use that was included when it happened. Null: there never was any.
 */
export function overageOfCounter({ n, over, price }: UsageCounter): (OverageCharge & { price: OveragePrice }) | null {
  if (!price) return null
  const quantity = Math.min(over, Math.max(0, n - price.limit))
  return { quantity, amountMinor: quantity === 0 ? 0 : chargeOf(quantity, price), price }
}

/** The end of what a window was paid for: from there on it may be closed. */
const closingOf = ({ end, paidEnd }: Window): number | null => paidEnd ?? end

/** Use from here on is late: an order may have what was used until then. Staff may have moved the period's end since. */
const endOf = ({ closed }: UsageCounter, { paidEnd }: Window): number => closed ?? paidEnd ?? Number.POSITIVE_INFINITY

const newCounter = (window: Window): UsageCounter => ({
  n: 0,
  ver: 0,
  end: closingOf(window),
  d: {},
  s: {},
  crossed: [],
  over: 0,
})

/** A threshold is crossed when use reaches it for the first time in the window, however it got there. */
function crossingsOf(counter: UsageCounter, term: MeteredTerm, total: number): Crossing[] {
  const warn = warnThreshold(term)
  const limit = term.limit === 'unlimited' || term.limit === 0 ? null : term.limit
  const reached: Crossing[] = []
  if (total > counter.n && warn !== null && total >= warn) reached.push('warn')
  if (total > counter.n && limit !== null && total >= limit) reached.push('limit')
  return reached.filter((crossing) => !counter.crossed.includes(crossing))
}

function overageAfter(
  counter: UsageCounter,
  term: MeteredTerm,
  counted: number,
  isLate: boolean,
  { planId, currency }: UsageContext,
): Pick<UsageCounter, 'over' | 'late' | 'price'> {
  if (term.limit === 'unlimited' || !term.overage) return { over: counter.over }
  const beyond = counter.n + counted - Math.max(term.limit, counter.n)
  if (beyond <= 0) return { over: counter.over }
  return {
    over: counter.over + beyond,
    ...(isLate && { late: (counter.late ?? 0) + beyond }),
    price: { ...term.overage, planId, currency, limit: term.limit },
  }
}

/**
 * When the counter is to be closed: at its window's end, or at the end of the month in which it counted, whichever is
 * first, so that an endless window rolls up too and its item stays small. In the past for a late event: due at once.
 */
function dueOf(counter: UsageCounter, end: number | null, at: number, context: WindowContext): number {
  const monthEnd = windowAt('month', at, context).end
  return Math.min(...[counter.due, end, monthEnd].filter((end) => typeof end === 'number'))
}
