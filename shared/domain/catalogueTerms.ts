import type {
  Catalogue,
  CatalogueFeature,
  CataloguePlan,
  CataloguePrice,
  Entitlement,
  PublishedCatalogue,
} from './catalogue.ts'
import { secondsOf } from './catalogueRate.ts'
import type { Allowance, MeteredTerm, PlanTerms, Term } from './terms.ts'

/** A notice goes out at four fifths of a limit, unless the catalogue says otherwise. */
const defaultWarnAt = 0.8
/** Of a metered feature whose window only entitlements name, on a plan that does not name the feature: nothing is counted there. */
const windowWhenOff = 'month'

export interface PricedPlan {
  plan: CataloguePlan
  price: CataloguePrice
}

/** A price and its plan; price ids are unique across plans. */
export function findPrice(catalogue: Catalogue, priceId: string): PricedPlan | undefined {
  for (const plan of catalogue.plans) {
    const price = plan.prices.find((candidate) => candidate.id === priceId)
    if (price) return { plan, price }
  }
  return undefined
}

/** Plans by rank; of one rank in the order of the file. */
export const byRank = (plans: readonly CataloguePlan[]): CataloguePlan[] =>
  [...plans].sort((one, other) => one.rank - other.rank)

/** What an account without a live subscription is on: the lowest-ranked plan with a price of 0. Without one, every feature is off. */
export function fallbackPlan(catalogue: Catalogue): PricedPlan | undefined {
  for (const plan of byRank(catalogue.plans)) {
    const price = plan.prices.find(({ amount }) => amount === 0)
    if (price) return { plan, price }
  }
  return undefined
}

/**
 * The terms under which an account holds a plan at a price, resolved: overrides of the plan over what the feature says,
 * every feature present, those that the plan does not name off.
 * @throws RangeError when this version has no such plan or no such price on it.
 */
export function termsOf(published: PublishedCatalogue, planId: string, priceId: string): PlanTerms {
  const found = findPrice(published.catalogue, priceId)
  if (!found || found.plan.id !== planId) {
    throw new RangeError(`version ${published.version} of the catalogue has no price ${priceId} on a plan ${planId}`)
  }
  return termsAt(published, found)
}

/** The terms of the fallback plan; null where the catalogue has none. */
export function fallbackTermsOf(published: PublishedCatalogue): PlanTerms | null {
  const plan = fallbackPlan(published.catalogue)
  return plan ? termsAt(published, plan) : null
}

export function termsAt({ catalogue, version }: PublishedCatalogue, { plan, price }: PricedPlan): PlanTerms {
  const allowance = allowanceOf(plan)
  return {
    planId: plan.id,
    priceId: price.id,
    catalogueVersion: version,
    name: plan.name,
    rank: plan.rank,
    amount: price.amount,
    currency: price.currency,
    interval: price.interval,
    features: featuresOf(catalogue, plan),
    ...(allowance && { allowance }),
    ...(plan.rateLimit && { rateLimit: { requests: plan.rateLimit.requests, seconds: secondsOf(plan.rateLimit.per) } }),
  }
}

/** Every feature, off: what an account has without a plan. */
export const featuresOff = (catalogue: Catalogue): Record<string, Term> =>
  Object.fromEntries(Object.entries(catalogue.features).map(([id, feature]) => [id, termOf(feature, undefined)]))

/** Every feature of the catalogue as a plan gives it. */
export const featuresOf = (catalogue: Catalogue, plan: CataloguePlan): Record<string, Term> =>
  Object.fromEntries(
    Object.entries(catalogue.features).map(([id, feature]) => [id, termOf(feature, plan.entitlements[id])]),
  )

/** An entitlement of another kind than its feature does not pass the checks of the catalogue; here it reads as off. */
function termOf(feature: CatalogueFeature, entitlement: Entitlement | undefined): Term {
  switch (feature.kind) {
    case 'flag':
      return { kind: 'flag', on: entitlement === true }
    case 'level':
      return { kind: 'level', level: nameOf(entitlement), levels: feature.levels }
    case 'choice':
      return { kind: 'choice', value: nameOf(entitlement) }
    case 'gauge':
      return { kind: 'gauge', limit: typeof entitlement === 'object' ? entitlement.limit : 0 }
    case 'metered':
      return meteredTerm(feature, typeof entitlement === 'object' ? entitlement : { limit: 0 })
  }
}

type Metered = Extract<CatalogueFeature, { kind: 'metered' }>
type Measure = Extract<Entitlement, { limit: unknown }>

function meteredTerm(feature: Metered, { limit, overage, ...own }: Measure): MeteredTerm {
  const creditCost = own.creditCost ?? feature.creditCost ?? 0
  return {
    kind: 'metered',
    limit,
    window: own.window ?? feature.window ?? windowWhenOff,
    ...(creditCost > 0 && { creditCost }),
    ...(overage && { overage: { ...overage, unitAmount: String(overage.unitAmount) } }),
    warnAt: own.warnAt ?? feature.warnAt ?? defaultWarnAt,
  }
}

const nameOf = (entitlement: Entitlement | undefined): string | null =>
  typeof entitlement === 'string' ? entitlement : null

/** None when a plan includes no credits. */
function allowanceOf({ credits }: CataloguePlan): Allowance | undefined {
  if (!credits || credits.included === 0) return undefined
  return { included: credits.included, window: credits.window, rollover: rolloverOf(credits.rollover) }
}
const rolloverOf = (rollover: NonNullable<CataloguePlan['credits']>['rollover']): number | 'all' => {
  if (typeof rollover === 'object') return rollover.max
  return rollover === 'all' ? 'all' : 0
}
