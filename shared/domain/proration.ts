import { shareOf } from './money.ts'
import type { BoughtSubscription } from './subscriptionState.ts'

/** What is left of a span at an instant: `leftMs / totalMs`, exact to the millisecond, end-exclusive. */
export interface Remainder {
  leftMs: number
  totalMs: number
}

/** Nothing is left at the end itself, all of it at the start. @throws RangeError for a span that is none: a defect. */
export function remainderOf(start: number, end: number, now: number): Remainder {
  const totalMs = end - start
  if (!Number.isSafeInteger(totalMs) || totalMs <= 0) throw new RangeError('a period ends after it begins')
  return { leftMs: Math.min(totalMs, Math.max(0, end - now)), totalMs }
}

/** The part of an amount that a remainder is, rounded half up. */
export const remainderShare = (amountMinor: number, { leftMs, totalMs }: Remainder): number =>
  shareOf(amountMinor, leftMs, totalMs)

/**
 * What is left of the money of the present period: never more than was paid. It is counted over the time that was paid
 * for, so that a second change within the period finds the first one's money, and undoing it at once leaves nothing.
 * What was paid for an endless price is its credit whole: it can only be changed for a dearer endless one.
 */
export function creditLeft(subscription: BoughtSubscription, now: number): number {
  const { paidMinor, paidFrom, periodStart, periodEnd } = subscription
  if (periodEnd === null) return paidMinor
  // Priced before the money was in: the span began at that instant all the same.
  return now >= periodEnd ? 0 : remainderShare(paidMinor, remainderOf(paidFrom ?? periodStart, periodEnd, now))
}

/** The price of a plan for what is left of the present period. The whole period counts, whenever it was paid. */
export function chargeLeft({ periodStart, periodEnd }: BoughtSubscription, amountMinor: number, now: number): number {
  return periodEnd === null ? amountMinor : remainderShare(amountMinor, remainderOf(periodStart, periodEnd, now))
}
