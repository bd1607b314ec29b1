import { couponKey } from './coupon.ts'
import { discountFor, hasUnitsLeft, noDiscountUse } from './discount.ts'
import { liveTerms } from './entitlement.ts'
import type { PricedPurchase, PurchaseContext, PurchaseRequest } from './orderPurchase.ts'

/** A price that holds for a while: what a sealed quote token carries. A purchase that brings it pays these very amounts. */
export interface Quote {
  accountId: string
  request: PurchaseRequest
  purchase: PricedPurchase
  /** Epoch milliseconds; over at this very instant. */
  expiresAt: number
}

export const quoteLifeMs = 15 * 60_000

export const newQuote = (
  accountId: string,
  request: PurchaseRequest,
  purchase: PricedPurchase,
  now: number,
): Quote => ({
  accountId,
  request,
  purchase,
  expiresAt: now + quoteLifeMs,
})

/** A purchase or a change as it is asked for with a quote, whose coupon goes without saying: it is taken as if it had been sent. */
export const askedWith = <Ask extends { couponCode?: string }>(
  ask: Ask,
  { couponCode }: { couponCode?: string },
): Ask => (couponCode === undefined ? ask : { couponCode, ...ask })

/** In whatever case it is written, as where it is redeemed. */
export const isSameCoupon = (one = '', other = ''): boolean => couponKey(one) === couponKey(other)

export type QuoteFault = 'quote_expired' | 'validation_failed'

/**
 * Whether a quote holds for a purchase that it has completed (`askedWith`). It survives a new catalogue, a changed tax and an expired discount; units that a
 * plan gives a limited number of are counted when they are taken, so two quotes for the last one do not both get it.
 * `context.used` is what the window named in the quote has given by now.
 */
export function quoteFault(
  quote: Quote,
  context: PurchaseContext,
  request: PurchaseRequest,
  now: number,
): QuoteFault | undefined {
  const same =
    quote.accountId === context.account.id &&
    quote.request.productId === request.productId &&
    quote.request.priceId === request.priceId &&
    (quote.request.quantity ?? 1) === (request.quantity ?? 1) &&
    isSameCoupon(quote.request.couponCode, request.couponCode)
  if (!same) return 'validation_failed'
  if (now >= quote.expiresAt) return 'quote_expired'
  // The context has those that no order has: one that was taken, or taken back by staff, is not among them.
  const { manualDiscountId: held } = quote.purchase.holds
  const isGone =
    held !== undefined && !context.manual.some(({ id, paymentId }) => id === held && paymentId === undefined)
  return isGone || !hasUnits(quote, context, now) ? 'quote_expired' : undefined
}

function hasUnits({ purchase }: Quote, { published, account, fallback, used }: PurchaseContext, now: number): boolean {
  const hold = purchase.holds.discount
  if (!hold) return true
  const plan = liveTerms(account, now, fallback)
  const discount = discountFor(published.catalogue.discounts, plan?.planId ?? null, hold.group)
  return hasUnitsLeft(discount, hold, used ?? noDiscountUse)
}
