import type { Catalogue } from './catalogue.ts'
import { percentOf, spreadAmount } from './orderSpread.ts'

export type Coupon = Catalogue['coupons'][number]

/** Why a coupon does not hold; every one of them is `coupon_invalid` to the caller. */
export type CouponFault = 'unknown' | 'expired' | 'used_up' | 'other_plan' | 'other_currency'

/** Customers type codes in either case; the catalogue refuses two that differ by case only. */
export const couponKey = (code: string): string => code.toUpperCase()

export const findCoupon = (catalogue: Catalogue, code: string): Coupon | undefined =>
  catalogue.coupons.find((coupon) => couponKey(coupon.code) === couponKey(code))

export interface CouponUse {
  /** Null: a product is bought. A coupon that names plans is for those only. */
  planId: string | null
  currency: string
  /** Of the catalogue: what `amountOff` is in when the coupon does not say. */
  catalogueCurrency: string
  /** Redemptions so far, unpaid checkouts included. */
  redeemed: number
}

/** Undefined: it holds. It is over at the very instant `expiresAt`. The count is looked at again by the write's condition. */
export function couponFault(coupon: Coupon, use: CouponUse, now: number): CouponFault | undefined {
  if (coupon.expiresAt !== undefined && now >= Date.parse(coupon.expiresAt)) return 'expired'
  if (coupon.maxRedemptions !== undefined && use.redeemed >= coupon.maxRedemptions) return 'used_up'
  if (coupon.plans && (use.planId === null || !coupon.plans.includes(use.planId))) return 'other_plan'
  if (coupon.amountOff !== undefined && (coupon.currency ?? use.catalogueCurrency) !== use.currency)
    return 'other_currency'
  return undefined
}

/**
 * What a coupon takes off each amount. A percentage is rounded half up on each; `amountOff` is taken off their sum once,
 * at most all of it, and spread over them.
 */
export function couponAmounts(
  { percentOff, amountOff }: Pick<Coupon, 'percentOff' | 'amountOff'>,
  amountsMinor: readonly number[],
): number[] {
  if (percentOff !== undefined) return amountsMinor.map((amount) => percentOf(amount, percentOff))
  const sum = amountsMinor.reduce((total, amount) => total + amount, 0)
  if (sum === 0) return amountsMinor.map(() => 0)
  return spreadAmount(Math.min(sum, amountOff ?? 0), amountsMinor)
}

/** A coupon as a subscription carries it to its renewals: a snapshot, as prices are. */
export interface CarriedCoupon {
  code: string
  percentOff?: number
  amountOff?: number
  /** Periods still to come at the lower price. */
  periodsLeft: number | 'forever'
}

/** What is left for renewals once the first period is paid; undefined: nothing. */
export function carriedCoupon({ code, percentOff, amountOff, duration }: Coupon): CarriedCoupon | undefined {
  const periodsLeft = duration === 'forever' ? 'forever' : duration === 'once' ? 0 : duration.periods - 1
  if (periodsLeft === 0) return undefined
  return {
    code,
    ...(percentOff !== undefined && { percentOff }),
    ...(amountOff !== undefined && { amountOff }),
    periodsLeft,
  }
}

/** The same after one renewal that used it. */
export function couponAfterRenewal(coupon: CarriedCoupon): CarriedCoupon | undefined {
  if (coupon.periodsLeft === 'forever') return coupon
  return coupon.periodsLeft > 1 ? { ...coupon, periodsLeft: coupon.periodsLeft - 1 } : undefined
}
