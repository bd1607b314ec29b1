import type { Catalogue, CataloguePlan, CataloguePrice, PublishedCatalogue } from './catalogue.ts'
import { type RateSpan, secondsOf } from './catalogueRate.ts'
import { byRank, featuresOf } from './catalogueTerms.ts'
import { unitAmountText } from './money.ts'
import type { Limit, Term, WindowKind } from './terms.ts'

/** What a customer sees of the catalogue: public plans by rank, their features in the order of the file. */

export interface PriceView {
  id: string
  amount: number
  currency: string
  interval: CataloguePrice['interval']
  compareAt: number | null
  /** Of a year's price: per cent less than twelve months cost, rounded down; null where there is nothing to save. */
  savingPercent: number | null
}
/** One feature on one plan; `value` is what the plan gives, `text` says it in words. */
export interface CellView {
  included: boolean
  value: Limit | string | boolean | null
  text: string
}
export interface FeatureView extends CellView {
  id: string
  name: string
  kind: Term['kind']
  unit: string | null
  window: WindowKind | null
  creditCost: number | null
  overage: { unitAmount: string; maxAmount: number | null } | null
}
export interface CreditsView {
  included: number
  window: 'day' | 'month' | 'period' | 'lifetime'
  rollover: number | 'none' | 'all'
}
export interface PlanView {
  id: string
  name: string
  description: string | null
  rank: number
  trialDays: number | null
  prices: PriceView[]
  features: FeatureView[]
  credits: CreditsView | null
  rateLimit: { requests: number; per: RateSpan; seconds: number } | null
}
export interface PlansView {
  catalogueVersion: number
  name: string
  currency: string
  data: PlanView[]
  /** Plans are few: they are always one page. */
  nextCursor: null
}
export interface ComparisonView {
  catalogueVersion: number
  name: string
  currency: string
  columns: { planId: string; name: string; prices: PriceView[] }[]
  /** A cell for each column, in the columns' order. */
  rows: {
    feature: string
    name: string
    kind: Term['kind']
    unit: string | null
    cells: (CellView & { planId: string })[]
  }[]
}

/** The plans that anyone may buy, with prices and features. */
export const plansView = ({ version, catalogue }: PublishedCatalogue): PlansView => ({
  catalogueVersion: version,
  name: catalogue.name,
  currency: catalogue.currency,
  data: publicPlans(catalogue).map((plan) => planView(catalogue, plan)),
  nextCursor: null,
})

/** The feature matrix: a row for each feature, a column for each public plan. */
export function comparePlans({ version, catalogue }: PublishedCatalogue): ComparisonView {
  const plans = publicPlans(catalogue)
  const features = plans.map((plan) => ({ planId: plan.id, features: featureViews(catalogue, plan) }))
  return {
    catalogueVersion: version,
    name: catalogue.name,
    currency: catalogue.currency,
    columns: plans.map((plan) => ({ planId: plan.id, name: plan.name, prices: priceViews(plan) })),
    rows: Object.entries(catalogue.features).map(([id, feature], index) => ({
      feature: id,
      name: feature.name,
      kind: feature.kind,
      unit: 'unit' in feature ? feature.unit : null,
      cells: features.flatMap(({ planId, features: of }) => {
        const cell = of[index]
        return cell ? [{ planId, included: cell.included, value: cell.value, text: cell.text }] : []
      }),
    })),
  }
}

/** Whole per cent that a year's price saves against twelve months, rounded down: 149,000 against 12 × 14,900 is 16. */
export function yearlySavingPercent(monthAmount: number, yearAmount: number): number {
  const twelveMonths = 12n * BigInt(monthAmount)
  const saved = twelveMonths - BigInt(yearAmount)
  return saved > 0n ? Number((saved * 100n) / twelveMonths) : 0
}

const publicPlans = (catalogue: Catalogue): CataloguePlan[] => byRank(catalogue.plans).filter((plan) => plan.public)

function planView(catalogue: Catalogue, plan: CataloguePlan): PlanView {
  const { credits, rateLimit } = plan
  return {
    id: plan.id,
    name: plan.name,
    description: plan.description ?? null,
    rank: plan.rank,
    trialDays: plan.trialDays ?? null,
    prices: priceViews(plan),
    features: featureViews(catalogue, plan),
    credits: credits
      ? {
          included: credits.included,
          window: credits.window,
          rollover: typeof credits.rollover === 'object' ? credits.rollover.max : credits.rollover,
        }
      : null,
    rateLimit: rateLimit ? { ...rateLimit, seconds: secondsOf(rateLimit.per) } : null,
  }
}

const priceViews = ({ prices }: CataloguePlan): PriceView[] =>
  prices.map(({ id, amount, currency, interval, compareAt }) => {
    const month = prices.find((other) => other.interval === 'month' && other.currency === currency)
    const saving = interval === 'year' && month ? yearlySavingPercent(month.amount, amount) : 0
    return { id, amount, currency, interval, compareAt: compareAt ?? null, savingPercent: saving > 0 ? saving : null }
  })

function featureViews(catalogue: Catalogue, plan: CataloguePlan): FeatureView[] {
  const terms = featuresOf(catalogue, plan)
  // Overage is only on plans whose prices have one currency, so any price names it.
  const currency = plan.prices[0]?.currency ?? catalogue.currency
  return Object.entries(catalogue.features).flatMap(([id, feature]) => {
    const term = terms[id]
    if (!term) return []
    const metered = term.kind === 'metered' ? term : undefined
    return [
      {
        id,
        name: feature.name,
        kind: term.kind,
        ...cellOf(term, currency),
        unit: 'unit' in feature ? feature.unit : null,
        window: metered?.window ?? null,
        creditCost: metered?.creditCost ?? null,
        overage: metered?.overage
          ? { unitAmount: metered.overage.unitAmount, maxAmount: metered.overage.maxAmount ?? null }
          : null,
      },
    ]
  })
}

const off = 'Not included'
const spans: Record<WindowKind, string> = {
  minute: 'a minute',
  hour: 'an hour',
  day: 'a day',
  month: 'a month',
  period: 'a billing period',
  lifetime: 'in total',
}

/** "100 a month, then USD 0.005 each", "Unlimited, 5 credits each", "all", "Not included". */
function cellOf(term: Term, currency: string): CellView {
  switch (term.kind) {
    case 'flag':
      return { included: term.on, value: term.on, text: term.on ? 'Included' : off }
    case 'level':
      return named(term.level)
    case 'choice':
      return named(term.value)
    case 'gauge':
      return { included: term.limit !== 0, value: term.limit, text: limitText(term.limit) }
    case 'metered': {
      const { limit, window, overage, creditCost } = term
      // With overage a limit of 0 is not the end: every unit is paid for.
      if (limit === 0 && !overage) return { included: false, value: 0, text: off }
      const each = overage && `${unitAmountText(overage.unitAmount, currency)} each`
      const parts =
        limit === 0 ? [] : [limit === 'unlimited' ? limitText(limit) : `${limitText(limit)} ${spans[window]}`]
      if (each) parts.push(limit === 0 ? each : `then ${each}`)
      if (creditCost) parts.push(`${creditCost} ${creditCost === 1 ? 'credit' : 'credits'} each`)
      return { included: true, value: limit, text: parts.join(', ') }
    }
  }
}

const named = (value: string | null): CellView => ({ included: value !== null, value, text: value ?? off })
const limitText = (limit: Limit): string => {
  if (limit === 'unlimited') return 'Unlimited'
  return limit === 0 ? off : String(limit).replace(/\B(?=(\d{3})+$)/g, ',')
}
