/**
 * The terms of a plan as an account holds them: a snapshot taken when the plan was bought, changed or granted, so that
 * `check` reads no catalogue and nobody's terms move under them. Made by `termsOf` (`catalogue.ts`), read everywhere.
 */
export const windowKinds = ['minute', 'hour', 'day', 'month', 'period', 'lifetime'] as const
export type WindowKind = (typeof windowKinds)[number]

/** Whole number ≥ 0, or no limit. */
export type Limit = number | 'unlimited'

/** Price of use beyond the limit: minor units of the plan's currency per unit, as a decimal string ("0.5"). */
export interface Overage {
  unitAmount: string
  /** Minor units a window; beyond it calls are refused as without overage. */
  maxAmount?: number
}

export interface MeteredTerm {
  kind: 'metered'
  limit: Limit
  window: WindowKind
  /** Credits per unit; absent: it costs none. */
  creditCost?: number
  overage?: Overage
  /** Share of the limit at which a notice is sent, e.g. 0.8. */
  warnAt: number
}
export interface FlagTerm {
  kind: 'flag'
  on: boolean
}
/** `level: null`: off. `levels` is the whole order, lowest first. */
export interface LevelTerm {
  kind: 'level'
  level: string | null
  levels: string[]
}
export interface ChoiceTerm {
  kind: 'choice'
  value: string | null
}
/** Set, not counted (seats, storage). */
export interface GaugeTerm {
  kind: 'gauge'
  limit: Limit
}
export type Term = MeteredTerm | FlagTerm | LevelTerm | ChoiceTerm | GaugeTerm
export type FeatureKind = Term['kind']

/** Credits that a plan includes: `rollover` is the most that is carried into the next window (0: none, 'all': everything). */
export interface Allowance {
  included: number
  window: 'day' | 'month' | 'period' | 'lifetime'
  rollover: number | 'all'
}

export const intervals = ['month', 'quarter', 'year', 'one-time', 'lifetime'] as const
export type Interval = (typeof intervals)[number]

export interface PlanTerms {
  planId: string
  priceId: string
  catalogueVersion: number
  name: string
  rank: number
  /** Minor units. */
  amount: number
  currency: string
  interval: Interval
  /** Every feature of the catalogue version, also those that are off. */
  features: Record<string, Term>
  allowance?: Allowance
  /** Requests in a span of seconds. */
  rateLimit?: { requests: number; seconds: number }
}

/** What a refusal offers when a better plan would lift it. */
export interface UpgradeOffer {
  planId: string
  priceId: string
  name: string
  amount: number
  currency: string
}
