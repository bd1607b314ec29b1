import type { PublishedCatalogue } from '#domain/catalogue'
import { parseCatalogue } from '#domain/catalogueParse'

export const currency = 'USD'
export const trialDays = 14
/** Of calls in a calendar month, in every plan that is bought; beyond them each costs so much. */
export const includedCalls = 20
export const callMinor = 7

/** Minor units, by price: two plans at three intervals, so that every kind of change is there. */
export const prices = {
  'lite-month': { amount: 1_000, months: 1 },
  'lite-quarter': { amount: 2_700, months: 3 },
  'lite-year': { amount: 9_600, months: 12 },
  'pro-month': { amount: 3_000, months: 1 },
  'pro-quarter': { amount: 8_100, months: 3 },
  'pro-year': { amount: 28_800, months: 12 },
} as const
export type PriceId = keyof typeof prices
export const priceIds = Object.keys(prices).filter(isPrice)

export function isPrice(id: string): id is PriceId {
  return id in prices
}
type Coupon = { periods: number; most?: number } & ({ percentOff: number } | { amountOff: number })
/** By how they end: never, after so many periods, with the first, and by their number. */
const allCoupons = {
  TENTH: { percentOff: 10, periods: Number.POSITIVE_INFINITY },
  HALF: { percentOff: 50, periods: 3 },
  OFF: { amountOff: 300, periods: 2 },
  ONCE: { percentOff: 20, periods: 1, most: 2 },
} satisfies Record<string, Coupon>
export type CouponCode = keyof typeof allCoupons
export const coupons: Record<CouponCode, Coupon> = allCoupons
export const couponCodes = Object.keys(coupons).filter(isCoupon)

export function isCoupon(code: string): code is CouponCode {
  return code in coupons
}
export const planOf = (priceId: PriceId): string => priceId.slice(0, priceId.indexOf('-'))

const intervals: Record<number, string> = { 1: 'month', 3: 'quarter', 12: 'year' }

/** Plans, what is used beyond them, and coupons; credits have a scenario of their own. */
export const yearCatalogue: PublishedCatalogue = published()

function published(): PublishedCatalogue {
  const plan = (id: string, rank: number) => ({
    id,
    name: id,
    rank,
    public: true,
    ...(id === 'lite' && { trialDays }),
    prices: priceIds
      .filter((priceId) => planOf(priceId) === id)
      .map((priceId) => {
        const { amount, months } = prices[priceId]
        return { id: priceId, amount, currency, interval: intervals[months] }
      }),
    entitlements: { export: true, call: { limit: includedCalls, overage: { unitAmount: callMinor } } },
  })
  const free = {
    ...plan('free', 0),
    prices: [{ id: 'free-month', amount: 0, currency, interval: 'month' }],
    entitlements: {},
  }
  const parsed = parseCatalogue({
    name: 'simulated subscriptions',
    currency,
    features: {
      export: { kind: 'flag', name: 'Export' },
      call: { kind: 'metered', name: 'Calls', unit: 'call', window: 'month' },
    },
    plans: [free, plan('lite', 1), plan('pro', 2)],
    coupons: couponCodes.map((code) => {
      const { periods, most, ...off } = coupons[code]
      const duration = periods === 1 ? 'once' : Number.isFinite(periods) ? { periods } : 'forever'
      return { code, ...off, duration, ...(most !== undefined && { maxRedemptions: most }) }
    }),
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
  return { version: 1, publishedAt: 0, catalogue: parsed.catalogue, successors: {} }
}
