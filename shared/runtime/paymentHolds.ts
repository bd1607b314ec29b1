import type { Account } from '#domain/account'
import { findCoupon } from '#domain/coupon'
import { discountFor } from '#domain/discount'
import { liveTerms } from '#domain/entitlement'
import type { Payment } from '#domain/payment'
import type { HoldsNow } from '#domain/paymentHolds'
import type { PlanTerms } from '#domain/terms'
import { couponCount, findDiscountUse } from '#table/discounts'
import { findManualDiscount } from '#table/manualDiscounts'
import type { Deps } from './deps.ts'

/**
 * Who has by now what an order gave back, read consistently: by the catalogue and the plan of this moment, because from
 * these the others have taken it. Undefined where the order holds all of it still, or held nothing.
 */
export async function holdsNow(
  deps: Deps,
  { accountId, holds, released }: Payment,
  account: Account | undefined,
  fallback: PlanTerms | null,
  now: number,
): Promise<HoldsNow | undefined> {
  const { coupon, manualDiscountId, discount } = holds
  if (!released || !account || !(coupon || manualDiscountId !== undefined || discount)) return undefined
  const [{ catalogue }, redeemed, manual, used] = await Promise.all([
    deps.catalogue(),
    coupon ? couponCount(deps.table, coupon.code) : undefined,
    manualDiscountId === undefined ? undefined : findManualDiscount(deps.table, accountId, manualDiscountId),
    discount ? findDiscountUse(deps.table, accountId, discount.group, discount.windowId) : undefined,
  ])
  const couponMax = coupon && findCoupon(catalogue, coupon.code)?.maxRedemptions
  const plan = liveTerms(account, now, fallback)
  const given = discount && discountFor(catalogue.discounts, plan?.planId ?? null, discount.group)
  return {
    ...(redeemed !== undefined && { redeemed }),
    ...(couponMax !== undefined && { couponMax }),
    ...(manual && { manual }),
    ...(used && { used }),
    ...(given && { discount: given }),
  }
}
