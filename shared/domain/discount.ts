import type { Catalogue } from './catalogue.ts'
import { percentOf } from './orderSpread.ts'

export type CatalogueDiscount = Catalogue['discounts'][number]

/** Units of a product group that a plan's discount was given on in a billing period, unpaid checkouts included. */
export interface DiscountUse {
  free: number
  percent: number
}
export const noDiscountUse: DiscountUse = { free: 0, percent: 0 }

export interface DiscountQuote {
  freeUnits: number
  percentUnits: number
  /** 0 when there is none. */
  percentOff: number
  /** Off the line, minor units: never more than the line. */
  discountMinor: number
  /** What the period has used after this. */
  use: DiscountUse
}

/** The discount of a plan on a product group; a group that no discount names has none. */
export const discountFor = (
  discounts: readonly CatalogueDiscount[],
  planId: string | null,
  group: string,
): CatalogueDiscount | undefined => discounts.find((discount) => discount.planId === planId && discount.group === group)

/**
 * What a plan's discount takes off `quantity` units of one product. Free units come first, of products priced at most
 * `maxValue`; what is left, or too dear to be free, gets `percentOff` while the period has units of `upTo` left.
 */
export function quoteDiscount(
  discount: CatalogueDiscount | undefined,
  { unitAmountMinor, quantity }: { unitAmountMinor: number; quantity: number },
  used: DiscountUse,
): DiscountQuote {
  const { freePerPeriod = 0, maxValue, percentOff = 0, upTo } = discount ?? {}
  const mayBeFree = maxValue === undefined || unitAmountMinor <= maxValue
  const freeUnits = mayBeFree ? atMost(quantity, freePerPeriod - used.free) : 0
  const paidUnits = quantity - freeUnits
  const percentUnits = percentOff === 0 ? 0 : upTo === undefined ? paidUnits : atMost(paidUnits, upTo - used.percent)
  return {
    freeUnits,
    percentUnits,
    percentOff,
    discountMinor: freeUnits * unitAmountMinor + percentOf(percentUnits * unitAmountMinor, percentOff),
    use: { free: used.free + freeUnits, percent: used.percent + percentUnits },
  }
}

/** Units still to be had; a period that used more than a changed catalogue gives has none. */
const atMost = (wanted: number, left: number): number => Math.max(0, Math.min(wanted, left))

/** Whether a window that has given `used` still has these units; a plan without the discount has none. */
export function hasUnitsLeft(
  discount: CatalogueDiscount | undefined,
  { free, percent }: DiscountUse,
  used: DiscountUse,
): boolean {
  const { freePerPeriod = 0, upTo = Number.POSITIVE_INFINITY } = discount ?? { upTo: 0 }
  return used.free + free <= freePerPeriod && used.percent + percent <= upTo
}

/** Given to an account by staff: once, until an instant. */
export interface ManualDiscount {
  id: string
  accountId: string
  /** Either this or `amountOffMinor` with its currency. */
  percentOff?: number
  amountOffMinor?: number
  currency?: string
  /** What it is for; absent members: any. */
  planId?: string
  productId?: string
  group?: string
  reason: string
  /** Epoch milliseconds; over at this very instant. */
  expiresAt: number
  /** The payment that took it; freed when that expires unpaid. */
  paymentId?: string
  /** Raised by every write. */
  ver: number
}

export interface DiscountTarget {
  planId?: string
  productId?: string
  group?: string
  currency: string
}

/** The discount that a line takes: the one that ends first, so that none is lost to a later one. */
export function manualDiscountFor(
  discounts: readonly ManualDiscount[],
  target: DiscountTarget,
  now: number,
): ManualDiscount | undefined {
  const fitting = discounts.filter((one) => isManualOpen(one, now) && isFor(one, target))
  return fitting.sort((a, b) => a.expiresAt - b.expiresAt || (a.id < b.id ? -1 : 1))[0]
}

export const isManualOpen = ({ paymentId, expiresAt }: ManualDiscount, now: number): boolean =>
  paymentId === undefined && now < expiresAt

const isFor = (discount: ManualDiscount, target: DiscountTarget): boolean =>
  (discount.planId === undefined || discount.planId === target.planId) &&
  (discount.productId === undefined || discount.productId === target.productId) &&
  (discount.group === undefined || discount.group === target.group) &&
  (discount.amountOffMinor === undefined || discount.currency === target.currency)

/** What it takes off an amount; never more than the amount. */
export const manualAmount = ({ percentOff, amountOffMinor }: ManualDiscount, amountMinor: number): number =>
  percentOff === undefined ? Math.min(amountMinor, amountOffMinor ?? 0) : percentOf(amountMinor, percentOff)
