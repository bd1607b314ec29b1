import type { PublishedCatalogue } from '#domain/catalogue'
import { parseCatalogue } from '#domain/catalogueParse'

export const currency = 'USD'
export const couponCode = 'FEW'
/** So few that the customers of a run fight over them. */
export const couponCap = 2
export const packCredits = 40
/** Of refunds that staff ask for; those made at the provider have another. */
export const staffReason = 'simulated'

/** A plan, a pack and an item, with a coupon that few may have: one price, so that every difference is the provider's. */
export const paymentCatalogue: PublishedCatalogue = publishedCatalogue()

function publishedCatalogue(): PublishedCatalogue {
  const plan = (id: string, rank: number, amount: number) => ({
    id,
    name: id,
    rank,
    public: true,
    prices: [{ id: `${id}-once`, amount, currency, interval: 'lifetime' }],
    entitlements: { report: { limit: 5 } },
  })
  const parsed = parseCatalogue({
    name: 'simulated shop',
    currency,
    features: { report: { kind: 'metered', name: 'Reports', unit: 'report', window: 'month' } },
    plans: [plan('free', 0, 0), plan('pro', 1, 4_900)],
    products: [
      { id: 'pack', kind: 'credit-pack', name: 'Credits', credits: packCredits, price: { amount: 1_500, currency } },
      { id: 'item', kind: 'item', name: 'A template', group: 'templates', price: { amount: 900, currency } },
    ],
    coupons: [{ code: couponCode, percentOff: 20, maxRedemptions: couponCap }],
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
  return { version: 1, publishedAt: 0, catalogue: parsed.catalogue, successors: {} }
}
