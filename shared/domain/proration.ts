import { shareOf, weighedShare } from './money.ts'
import type { BoughtSubscription, GivenTime } from './subscriptionState.ts'

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
  const { paidMinor, paidFrom, periodStart, periodEnd, given } = subscription
  if (periodEnd === null) return paidMinor
  if (now >= periodEnd) return 0
  // Priced before the money was in: the span began at that instant all the same.
  const start = paidFrom ?? periodStart
  if (!given) return remainderShare(paidMinor, remainderOf(start, periodEnd, now))
  const total = paidWeight(given, start, periodEnd)
  return total === 0n ? 0 : weighedShare(paidMinor, paidWeight(given, Math.max(now, start), periodEnd), total)
}

/** What was paid for the time from an instant on: the whole price until given time begins, there what it is above the given one. */
const paidWeight = ({ from, amountMinor, presentMinor }: GivenTime, instant: number, end: number): bigint =>
  product(presentMinor, from - instant) + product(presentMinor - amountMinor, end - Math.max(instant, from))

/** Neither below zero. */
const product = (amountMinor: number, ms: number): bigint => BigInt(Math.max(0, amountMinor)) * BigInt(Math.max(0, ms))

/**
 * The price of a plan for what is left of the present period. The whole period counts, whenever it was paid. Of time that
 * staff gave the price it was given on is given: what is dearer is paid.
 */
export function chargeLeft(subscription: BoughtSubscription, amountMinor: number, now: number): number {
  const { periodStart, periodEnd, given } = subscription
  if (periodEnd === null) return amountMinor
  if (!given) return remainderShare(amountMinor, remainderOf(periodStart, periodEnd, now))
  const { from, wholeMs } = given
  const whole = product(amountMinor, periodEnd - Math.max(now, periodStart))
  const free = product(given.amountMinor, periodEnd - Math.max(now, from))
  return whole <= free ? 0 : weighedShare(1, whole - free, BigInt(wholeMs))
}
