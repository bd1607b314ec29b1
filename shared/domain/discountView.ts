import type { ManualDiscount } from './discount.ts'
import { idTime } from './guard.ts'

/** A discount as staff see it; `amountOff` is minor units. Over at the very instant at which it expires. */
export const discountView = (discount: ManualDiscount, now: number) => ({
  id: discount.id,
  accountId: discount.accountId,
  percentOff: discount.percentOff ?? null,
  amountOff: discount.amountOffMinor ?? null,
  currency: discount.currency ?? null,
  planId: discount.planId ?? null,
  productId: discount.productId ?? null,
  group: discount.group ?? null,
  reason: discount.reason,
  expiresAt: isoOf(discount.expiresAt),
  paymentId: discount.paymentId ?? null,
  status: statusOf(discount, now),
  createdAt: isoOf(idTime(discount.id) ?? 0),
})

function statusOf({ paymentId, expiresAt }: ManualDiscount, now: number): 'open' | 'used' | 'expired' {
  if (paymentId !== undefined) return 'used'
  return now < expiresAt ? 'open' : 'expired'
}

const isoOf = (at: number): string => new Date(at).toISOString()
