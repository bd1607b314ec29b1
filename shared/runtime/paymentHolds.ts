import type { Account } from '#domain/account'
import { findCoupon } from '#domain/coupon'
import { discountFor } from '#domain/discount'
import { liveTerms } from '#domain/entitlement'
import { isVisitor, type Payment } from '#domain/payment'
import type { HeldRows, HoldsNow } from '#domain/paymentHolds'
import type { PlanTerms } from '#domain/terms'
import { findAccountCredit } from '#table/accountCredit'
import { couponCount, findDiscountUse } from '#table/discounts'
import { findManualDiscount } from '#table/manualDiscounts'
import type { Deps } from './deps.ts'

/** What a payment holds of the account's own, read consistently: it is about to be given back. A visitor holds none. */
export async function heldRows(deps: Deps, { accountId, currency, holds }: Payment): Promise<HeldRows> {
  const { creditMinor, manualDiscountId: id } = holds
  const [credit, manual] = await Promise.all([
    creditMinor === undefined || isVisitor(accountId) ? undefined : findAccountCredit(deps.table, accountId, currency),
    id === undefined ? undefined : findManualDiscount(deps.table, accountId, id),
  ])
  return { credit, manual }
}

/**
 * Who has by now what an order gave back, read consistently: by the catalogue and the plan of this moment, because from
 * these the others have taken it. Of an order that holds its own still: the manual discount, which goes with an erasure.
 * Undefined where it held nothing.
 */
export async function holdsNow(
  deps: Deps,
  payment: Payment,
  account: Account | undefined,
  fallback: PlanTerms | null,
  now: number,
): Promise<HoldsNow | undefined> {
  const { accountId, released } = payment
  const { coupon, manualDiscountId, discount } = payment.holds
  const manual =
    manualDiscountId === undefined ? undefined : await findManualDiscount(deps.table, accountId, manualDiscountId)
  if (!released || !account) return manual && { manual }
  if (!(coupon || manualDiscountId !== undefined || discount)) return undefined
  const [{ catalogue }, redeemed, used] = await Promise.all([
    deps.catalogue(),
    coupon ? couponCount(deps.table, coupon.code) : undefined,
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
