import type { CataloguePlan, CataloguePrice, PublishedCatalogue } from './catalogue.ts'
import { byRank, termsAt } from './catalogueTerms.ts'
import type { PlanTerms, UpgradeOffer } from './terms.ts'

/**
 * The lowest-ranked public plan above the current one whose terms `wants` accepts, at the price that an account on
 * `current` would pay. `current: null` is an account without a plan: every public plan is above it.
 * A paying account is never offered another currency: its own is fixed by the first payment.
 */
export function upgradeFor(
  published: PublishedCatalogue,
  current: PlanTerms | null,
  wants: (terms: PlanTerms) => boolean,
): UpgradeOffer | undefined {
  for (const plan of byRank(published.catalogue.plans)) {
    if (!plan.public || (current && plan.rank <= current.rank)) continue
    const price = priceFor(plan, current, published.catalogue.currency)
    if (!price || !wants(termsAt(published, { plan, price }))) continue
    return { planId: plan.id, priceId: price.id, name: plan.name, amount: price.amount, currency: price.currency }
  }
  return undefined
}

/** Same currency and interval, else same currency; another currency only for whoever has not paid. */
function priceFor(plan: CataloguePlan, current: PlanTerms | null, currency: string): CataloguePrice | undefined {
  const own = plan.prices.filter((price) => price.currency === (current?.currency ?? currency))
  const paying = current !== null && current.amount > 0
  return own.find(({ interval }) => interval === current?.interval) ?? own[0] ?? (paying ? undefined : plan.prices[0])
}
