import * as z from 'zod/mini'
import { rateSpans } from './catalogueRate.ts'
import { parseDuration } from './duration.ts'
import { isCurrency, parseDecimal } from './money.ts'
import { paymentProviders } from './moneyCharge.ts'
import { intervals, windowKinds } from './terms.ts'

/**
 * The catalogue: features, plans with prices, products, discounts and coupons, as data. Nothing in the code knows any of
 * them by name. Everything is bounded here; what one part says about another is checked in `catalogueChecks.ts`.
 */

/** No `#`, the separator of table keys; no `constructor`: ids name members of plain objects. */
const usableId = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/
const isUsableId = (value: string): boolean => usableId.test(value) && !Object.hasOwn(Object.prototype, value)

/** Minor units: enough for any price, and a thousand of them still add up exactly. */
const largestAmount = 1_000_000_000_000
/** Credits, units and requests share the bound of the credit rules. */
const largestCount = 1_000_000_000_000

const text = (maximum: number) =>
  z.string().check(
    z.minLength(1),
    z.maxLength(maximum),
    z.refine((value) => value.isWellFormed() && !/\p{Cc}/u.test(value), 'must be text without control characters'),
  )
const name = text(80)
const id = z
  .string()
  .check(
    z.refine(
      isUsableId,
      'must be 1–64 of A–Z a–z 0–9 _ -, start with a letter or digit, and not be a name that every object has',
    ),
  )
const currency = z.string().check(z.refine(isCurrency, 'must be an ISO 4217 currency code'))
const amount = z.int().check(z.minimum(0), z.maximum(largestAmount))
const positiveAmount = z.int().check(z.minimum(1), z.maximum(largestAmount))
const percent = z.int().check(z.minimum(1), z.maximum(100))
const count = z.int().check(z.minimum(0), z.maximum(largestCount))
const positiveCount = z.int().check(z.minimum(1), z.maximum(largestCount))
const limit = z.union(
  [count, z.literal('unlimited')],
  'must be a whole number from 0 to 1,000,000,000,000 or "unlimited"',
)
const list = <S extends z.ZodMiniType>(entry: S, maximum: number, minimum = 0) =>
  z.array(entry).check(z.minLength(minimum), z.maxLength(maximum))
const record = <S extends z.ZodMiniType>(value: S, maximum: number) =>
  z
    .record(id, value)
    .check(z.refine((members) => Object.keys(members).length <= maximum, `must have at most ${maximum} members`))

/** What a feature says here, a plan's entitlement may override. */
const metering = {
  window: z.exactOptional(z.enum(windowKinds)),
  /** Share of the limit at which a notice is sent. */
  warnAt: z.exactOptional(z.number().check(z.gt(0), z.maximum(1))),
  /** Credits per unit; 0 in an entitlement: none on this plan. */
  creditCost: z.exactOptional(z.int().check(z.minimum(0), z.maximum(1_000_000))),
}
const described = { name, description: z.exactOptional(text(300)) }
const unit = text(40)
const featureSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('flag'), ...described }),
  z.strictObject({ kind: z.literal('metered'), ...described, unit, ...metering }),
  z.strictObject({ kind: z.literal('level'), ...described, levels: list(id, 16, 1) }),
  z.strictObject({ kind: z.literal('choice'), ...described, values: list(id, 16, 1) }),
  z.strictObject({ kind: z.literal('gauge'), ...described, unit }),
])

const decimalText = z
  .string()
  .check(
    z.refine(
      (value) => parseDecimal(value) !== undefined,
      'must be a decimal such as "0.5", at most 9 digits after the point',
    ),
  )
/** Minor units of the plan's currency per unit; what is finer than a whole number is written as a string, so no float holds it. */
const overageSchema = z.strictObject({
  unitAmount: z.union(
    [amount, decimalText],
    'must be a whole number of minor units, or a decimal string such as "0.5"',
  ),
  maxAmount: z.exactOptional(positiveAmount),
})
const entitlementSchema = z.union(
  [z.boolean(), id, z.strictObject({ limit, ...metering, overage: z.exactOptional(overageSchema) })],
  'must be true or false (flag), a name (level, choice) or {"limit": …} (metered, gauge)',
)

const priceSchema = z.strictObject({
  id,
  amount,
  currency,
  interval: z.enum(intervals),
  /** The amount shown struck through. */
  compareAt: z.exactOptional(positiveAmount),
})
const creditsSchema = z.strictObject({
  included: count,
  window: z.enum(['day', 'month', 'period', 'lifetime']),
  rollover: z._default(
    z.union([z.enum(['none', 'all']), z.strictObject({ max: count })], 'must be "none", "all" or {"max": …}'),
    'none',
  ),
})
const planSchema = z.strictObject({
  id,
  ...described,
  /** Orders lists and upgrade offers, nothing else. */
  rank: z.int().check(z.minimum(0), z.maximum(1_000_000)),
  public: z._default(z.boolean(), true),
  trialDays: z.exactOptional(z.int().check(z.minimum(1), z.maximum(730))),
  prices: list(priceSchema, 12, 1),
  entitlements: record(entitlementSchema, 64),
  credits: z.exactOptional(creditsSchema),
  rateLimit: z.exactOptional(
    z.strictObject({ requests: z.int().check(z.minimum(1), z.maximum(1_000_000)), per: z.enum(rateSpans) }),
  ),
})

const productPrice = z.strictObject({ amount: positiveAmount, currency })
const expiry = z.string().check(
  z.maxLength(40),
  z.refine((value) => isSpan(value), 'must be an ISO 8601 duration longer than nothing, such as "P1Y"'),
)
const productSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    id,
    kind: z.literal('credit-pack'),
    ...described,
    credits: positiveCount,
    expiresAfter: z.exactOptional(expiry),
    price: productPrice,
  }),
  z.strictObject({ id, kind: z.literal('item'), ...described, group: id, price: productPrice }),
])
const discountSchema = z.strictObject({
  planId: id,
  group: id,
  /** Items free in a billing period, before anything else, of those priced at most `maxValue`. */
  freePerPeriod: z.exactOptional(positiveCount),
  maxValue: z.exactOptional(positiveAmount),
  percentOff: z.exactOptional(percent),
  /** Items in a billing period that `percentOff` applies to; absent: all. */
  upTo: z.exactOptional(positiveCount),
})
const couponSchema = z.strictObject({
  code: z
    .string()
    .check(
      z.regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/, 'must be 1–40 of A–Z a–z 0–9 _ -, starting with a letter or digit'),
    ),
  percentOff: z.exactOptional(percent),
  amountOff: z.exactOptional(positiveAmount),
  /** Of `amountOff`; default the catalogue's. */
  currency: z.exactOptional(currency),
  maxRedemptions: z.exactOptional(positiveCount),
  expiresAt: z.exactOptional(
    z.iso.datetime({ offset: true, error: 'must be an instant such as 2027-01-01T00:00:00Z' }),
  ),
  plans: z.exactOptional(list(id, 32, 1)),
  duration: z._default(
    z.union(
      [z.enum(['once', 'forever']), z.strictObject({ periods: z.int().check(z.minimum(1), z.maximum(120)) })],
      'must be "once", "forever" or {"periods": …}',
    ),
    'once',
  ),
})
const aiSchema = z.strictObject({
  /** The choice feature whose value names the model. */
  modelFeature: z.exactOptional(id),
  /** Tried in this order. */
  providers: list(z.enum(['gemini', 'openai']), 2, 1),
  /** What a task takes a unit of. */
  tasks: record(z.strictObject({ feature: id }), 32),
})

export const catalogueSchema = z.strictObject({
  name: text(80),
  currency,
  /** Who charges the prices; absent: any provider that takes the currency may. */
  provider: z.exactOptional(z.enum(paymentProviders)),
  features: record(featureSchema, 64),
  plans: list(planSchema, 32, 1),
  products: z._default(list(productSchema, 500), []),
  discounts: z._default(list(discountSchema, 200), []),
  coupons: z._default(list(couponSchema, 500), []),
  ai: z.exactOptional(aiSchema),
})

export type Catalogue = z.output<typeof catalogueSchema>
export type CatalogueFeature = z.output<typeof featureSchema>
export type CataloguePlan = z.output<typeof planSchema>
export type CataloguePrice = z.output<typeof priceSchema>
export type CatalogueProduct = z.output<typeof productSchema>
export type Entitlement = z.output<typeof entitlementSchema>

/** An immutable version, as functions hold it. */
export interface PublishedCatalogue {
  /** 1, 2, 3 … */
  version: number
  /** Epoch milliseconds. */
  publishedAt: number
  catalogue: Catalogue
  /** Prices of earlier versions that are gone, to the price that a subscriber moves to. */
  successors: Record<string, string>
}

const isSpan = (value: string): boolean => {
  const duration = parseDuration(value)
  return duration !== undefined && duration.months + duration.days + duration.exactMs > 0
}
