import type { Account } from './account.ts'
import type { CatalogueProduct, PublishedCatalogue } from './catalogue.ts'
import { findPrice, type PricedPlan } from './catalogueTerms.ts'
import { type Coupon, type CouponFault, carriedCoupon, couponFault, findCoupon } from './coupon.ts'
import {
  type DiscountQuote,
  type DiscountUse,
  discountFor,
  type ManualDiscount,
  manualDiscountFor,
  noDiscountUse,
  quoteDiscount,
} from './discount.ts'
import { liveTerms, windowContext } from './entitlement.ts'
import { type DiscountedItem, type Order, priceOrder } from './order.ts'
import type { Holds, PaymentSubject, PaymentType } from './payment.ts'
import { type TaxSettings, taxRuleFor } from './tax.ts'
import type { PlanTerms } from './terms.ts'
import { windowAt } from './time.ts'

export interface PurchaseRequest {
  /** Either this or `productId`. */
  priceId?: string
  productId?: string
  /** Products only; default 1. */
  quantity?: number
  couponCode?: string
}

export interface PurchaseContext {
  published: PublishedCatalogue
  account: Account
  fallback: PlanTerms | null
  /** Of the coupon asked for. */
  redeemed: number
  manual: readonly ManualDiscount[]
  /** What the plan's discount on the product's group has given in its window (`discountWindow`). */
  used: DiscountUse | undefined
  tax: TaxSettings
  /** The billing country. */
  country: string | undefined
}

/** A purchase with its price, before account credit and the provider have a say. */
export interface PricedPurchase {
  type: PaymentType
  subject: PaymentSubject
  order: Order
  holds: Holds
  catalogueVersion: number
  /** The coupon's cap, for the condition of its count. */
  couponMax?: number
}

export type PurchaseFault = {
  code: 'validation_failed' | 'not_found' | 'forbidden' | 'conflict' | 'coupon_invalid'
  detail: string
  reason?: CouponFault
}

/** Units of one product in one order: no line passes exact arithmetic, no one empties a shop by a typing error. */
export const maxQuantity = 100

export const faultOf = (code: PurchaseFault['code'], detail: string, reason?: CouponFault): PurchaseFault => ({
  code,
  detail,
  ...(reason && { reason }),
})

/** The window that a plan's discounts count in: the billing period, or the calendar month without one. */
export const discountWindow = (account: Account, now: number): string =>
  windowAt('period', now, windowContext(account)).id

/** What is bought and what it costs, from the catalogue alone: a caller never names an amount. */
export function pricePurchase(
  context: PurchaseContext,
  request: PurchaseRequest,
  now: number,
): PricedPurchase | PurchaseFault {
  const { priceId, productId, quantity = 1 } = request
  if ((priceId === undefined) === (productId === undefined))
    return faultOf('validation_failed', 'Give either priceId or productId.')
  if (!Number.isSafeInteger(quantity) || quantity < 1 || quantity > maxQuantity)
    return faultOf('validation_failed', `quantity: must be a whole number from 1 to ${maxQuantity}`)
  if (priceId !== undefined) return pricePlan(context, request, priceId, quantity, now)
  const product = context.published.catalogue.products.find(({ id }) => id === productId)
  return product
    ? priceProduct(context, request, product, quantity, now)
    : faultOf('not_found', 'There is no such product.')
}

function pricePlan(
  context: PurchaseContext,
  request: PurchaseRequest,
  priceId: string,
  quantity: number,
  now: number,
): PricedPurchase | PurchaseFault {
  const found = findPrice(context.published.catalogue, priceId)
  if (!found) return faultOf('not_found', 'There is no such price.')
  if (quantity !== 1) return faultOf('validation_failed', 'quantity: a plan is bought once')
  const { plan, price } = found
  const coupon = couponOf(context, request, { planId: plan.id, currency: price.currency }, now)
  if ('detail' in coupon) return coupon
  const manual = manualDiscountFor(context.manual, { planId: plan.id, currency: price.currency }, now)
  return priced(context, {
    type: 'plan_purchase',
    subject: planSubject(found, coupon.coupon),
    currency: price.currency,
    coupon: coupon.coupon,
    item: {
      item: { kind: 'plan', id: price.id, description: plan.name, quantity: 1, unitAmountMinor: price.amount },
      ...(manual && { manual }),
    },
    holds: {},
  })
}

function planSubject({ plan, price }: PricedPlan, coupon: Coupon | undefined): PaymentSubject {
  const carried = coupon && carriedCoupon(coupon)
  return {
    kind: 'plan',
    planId: plan.id,
    priceId: price.id,
    name: plan.name,
    interval: price.interval,
    ...(carried && { coupon: carried }),
  }
}

function priceProduct(
  context: PurchaseContext,
  request: PurchaseRequest,
  product: CatalogueProduct,
  quantity: number,
  now: number,
): PricedPurchase | PurchaseFault {
  const { amount, currency } = product.price
  const coupon = couponOf(context, request, { planId: null, currency }, now)
  if ('detail' in coupon) return coupon
  const group = product.kind === 'item' ? { group: product.group } : {}
  const manual = manualDiscountFor(context.manual, { productId: product.id, ...group, currency }, now)
  const discount = planDiscount(context, product, quantity, now)
  return priced(context, {
    type: product.kind === 'item' ? 'item' : 'credit_pack',
    subject: productSubject(product, quantity),
    currency,
    coupon: coupon.coupon,
    item: {
      item: {
        kind: product.kind === 'item' ? 'item' : 'credit_pack',
        id: product.id,
        description: product.name,
        quantity,
        unitAmountMinor: amount,
      },
      planDiscountMinor: discount.amountMinor,
      planDiscountLabel: discount.label,
      ...(manual && { manual }),
    },
    holds: discount.hold ? { discount: discount.hold } : {},
  })
}

function planDiscount(context: PurchaseContext, product: CatalogueProduct, quantity: number, now: number) {
  const { account, published, fallback, used = noDiscountUse } = context
  // A suspended account has no access: its plan gives nothing until that is lifted.
  const plan = account.suspended ? null : liveTerms(account, now, fallback)
  if (product.kind !== 'item' || !plan) return { amountMinor: 0, label: '' }
  const discount = discountFor(published.catalogue.discounts, plan.planId, product.group)
  const quote = quoteDiscount(discount, { unitAmountMinor: product.price.amount, quantity }, used)
  const { freeUnits: free, percentUnits: percent, discountMinor } = quote
  if (free + percent === 0) return { amountMinor: 0, label: '' }
  return {
    amountMinor: discountMinor,
    label: labelOf(plan.name, quote),
    hold: { group: product.group, windowId: discountWindow(account, now), free, percent },
  }
}

/** What an invoice says of it: free units, the ones at a lower price, or both. */
function labelOf(plan: string, { freeUnits, percentUnits, percentOff }: DiscountQuote): string {
  const lower = `${percentOff}% off with ${plan}`
  if (freeUnits === 0) return lower
  return percentUnits === 0 ? `Included in ${plan}` : `${freeUnits} included in ${plan}, ${percentUnits} ${lower}`
}

function productSubject(product: CatalogueProduct, quantity: number): PaymentSubject {
  const { id: productId, name } = product
  if (product.kind === 'item') return { kind: 'item', productId, name, quantity, group: product.group }
  const { credits, expiresAfter } = product
  return {
    kind: 'credit_pack',
    productId,
    name,
    quantity,
    credits,
    ...(expiresAfter !== undefined && { expiresAfter }),
  }
}

const couponTexts: Record<CouponFault, string> = {
  unknown: 'There is no such coupon.',
  expired: 'The coupon has expired.',
  used_up: 'The coupon has been used as often as it may be.',
  other_plan: 'The coupon is not for this.',
  other_currency: 'The coupon is in another currency.',
}

export const couponRefused = (reason: CouponFault): PurchaseFault =>
  faultOf('coupon_invalid', couponTexts[reason], reason)

/** The coupon that was asked for, where it holds; of none, none. */
export function couponOf(
  { published, redeemed }: Pick<PurchaseContext, 'published' | 'redeemed'>,
  { couponCode }: Pick<PurchaseRequest, 'couponCode'>,
  target: { planId: string | null; currency: string },
  now: number,
): { coupon: Coupon | undefined } | PurchaseFault {
  if (couponCode === undefined) return { coupon: undefined }
  const coupon = findCoupon(published.catalogue, couponCode)
  if (!coupon) return couponRefused('unknown')
  const fault = couponFault(coupon, { ...target, catalogueCurrency: published.catalogue.currency, redeemed }, now)
  return fault ? couponRefused(fault) : { coupon }
}

interface Parts {
  type: PaymentType
  subject: PaymentSubject
  currency: string
  coupon: Coupon | undefined
  item: DiscountedItem
  holds: Holds
}

function priced({ published, tax, country }: PurchaseContext, parts: Parts): PricedPurchase {
  const { type, subject, currency, coupon, item, holds } = parts
  const order = priceOrder([item], { currency, ...(coupon && { coupon }), tax: taxRuleFor(tax, country) })
  return {
    type,
    subject,
    order,
    holds: {
      ...holds,
      ...(coupon && { coupon: { code: coupon.code } }),
      ...(item.manual && { manualDiscountId: item.manual.id }),
    },
    catalogueVersion: published.version,
    ...(coupon?.maxRedemptions !== undefined && { couponMax: coupon.maxRedemptions }),
  }
}
