import { Problem } from '#errors/problem'
import type { FeatureKind, GaugeTerm, Limit, MeteredTerm, PlanTerms, Term, UpgradeOffer } from './terms.ts'
import { type Period, type Window, type WindowContext, windowAt, type ZoneSpan } from './time.ts'
import { type Standing, standingOf, type UsageContext } from './usage.ts'
import { hasRoom, isOff } from './usageLimit.ts'

/** The account as decisions see it: a snapshot, so that `check` reads one item and no catalogue. */
export interface AccountState {
  /** The plan that was bought or granted; null: none, the fallback plan holds. */
  plan: PlanTerms | null
  /** From this instant the plan no longer counts, grace included. Absent: it does not end by itself. */
  accessEnd?: number
  /** Granted by staff: never billed. */
  complimentary?: boolean
  suspended: boolean
  zones: ZoneSpan[]
  period?: Period
  preferences: { overage: boolean }
}

/** A feature of an account at an instant: what has to be known before its counter can be read. */
export interface Entitlement {
  feature: string
  /** Null: no plan holds. */
  terms: PlanTerms | null
  /** Absent: the plan does not know the feature, so it is off. */
  term?: Term
  /** The counter's window; null for kinds that do not count. */
  window: Window | null
}

export interface CheckRequest {
  feature: string
  /** Whole number ≥ 1. */
  quantity: number
  /** The level or choice asked for. */
  value?: string
  /** Credits; replaces `creditCost × quantity`. */
  cost?: number
  /** Take what was checked: the answer then shows the figures after. */
  consume?: boolean
}

export interface CheckInput {
  request: CheckRequest
  entitlement: Entitlement
  /** The catalogue's kind, for a feature that the terms do not name. */
  kind: FeatureKind
  /** The window's count, or the gauge's value; 0 when there is none. */
  used: number
  credits: { balance: number; available: number }
  /** The account's overage preference. */
  overage: boolean
  /** The best offer among plans that allow this very request (`upgradeFor` over the catalogue); absent: offer nothing. */
  upgradeFor?: (allows: (terms: PlanTerms) => boolean) => UpgradeOffer | undefined
}

export type CheckReason =
  | 'subscription_inactive'
  | 'feature_not_in_plan'
  | 'usage_limit_reached'
  | 'insufficient_credits'

/** The answer of `POST /check`, as the wire has it. */
export interface CheckAnswer {
  allowed: boolean
  feature: string
  kind: FeatureKind
  planId: string | null
  limit: Limit | null
  used: number | null
  remaining: number | null
  resetsAt: string | null
  credits: { cost: number; balance: number }
  /** What the plan gives of a level or choice. */
  value?: string | null
  /** `rate_limited`: the caller asked to count against the plan's request rate. */
  reason?: CheckReason | 'rate_limited'
  /** Seconds, with `rate_limited`. */
  retryAfter?: number
  upgrade?: UpgradeOffer
  /** Of what was taken. */
  usageId?: string
}

export interface CheckDecision {
  answer: CheckAnswer
  /** What to take in one transaction; null: nothing, because it was refused or not asked for. */
  take: { quantity: number; cost: number; window: Window | null } | null
}

/** What the account may use of one feature, for `GET /entitlements`. */
export interface EntitlementView {
  feature: string
  kind: FeatureKind
  planId: string | null
  enabled: boolean
  limit: Limit | null
  used: number | null
  remaining: number | null
  window: Window['kind'] | null
  resetsAt: string | null
  value: string | null
  /** Credits a unit. */
  creditCost: number | null
  overage: { unitAmount: string; maxAmount: number | null } | null
}

/** Throws `account_suspended`: nothing is decided for a suspended account. */
export function assertNotSuspended({ suspended }: Pick<AccountState, 'suspended'>): void {
  if (suspended) throw new Problem('account_suspended', 'The account is suspended.')
}

/** True while the bought or granted plan counts: up to its access end, exclusive, whether or not any job has run. */
export const isPlanLive = ({ plan, accessEnd }: Pick<AccountState, 'plan' | 'accessEnd'>, now: number): boolean =>
  plan !== null && (accessEnd === undefined || now < accessEnd)

/** The terms that hold at an instant: the plan's while it counts, then the fallback plan's; null: every feature is off. */
export const liveTerms = (account: AccountState, now: number, fallback: PlanTerms | null): PlanTerms | null =>
  isPlanLive(account, now) ? account.plan : fallback

/** Zones and period for `windowAt`. The period counts while the plan does, so that an ended plan has calendar months. */
export function windowContext({ zones, period, accessEnd }: AccountState): WindowContext {
  if (!period) return { zones }
  return { zones, period: { ...period, ...(accessEnd !== undefined && { until: accessEnd }) } }
}

/** What counting usage under these terms needs. */
export const usageContext = (account: AccountState, terms: PlanTerms): UsageContext => ({
  ...windowContext(account),
  planId: terms.planId,
  currency: terms.currency,
  overage: account.preferences.overage,
})

/** The term of a feature. Own members only: a feature called `constructor` is not one. */
export const termOf = (terms: PlanTerms, feature: string): Term | undefined =>
  Object.hasOwn(terms.features, feature) ? terms.features[feature] : undefined

/**
 * A feature under the terms that hold `now`, with the window that holds `at` (a back-dated instant; default `now`):
 * a late event counts in its own window, under today's terms.
 */
export function entitlementAt(
  account: AccountState,
  feature: string,
  now: number,
  fallback: PlanTerms | null,
  at = now,
): Entitlement {
  const terms = liveTerms(account, now, fallback)
  const term = terms ? termOf(terms, feature) : undefined
  const window = term?.kind === 'metered' ? windowAt(term.window, at, windowContext(account)) : null
  return { feature, terms, ...(term && { term }), window }
}

/** Credits that a request costs: its own `cost`, else the feature's price for the quantity. */
export function costOf(term: Term | undefined, { quantity, cost }: Pick<CheckRequest, 'quantity' | 'cost'>): number {
  if (cost !== undefined) return cost
  return term?.kind === 'metered' ? (term.creditCost ?? 0) * quantity : 0
}

/**
 * May the account do this? Reasons in this order: no plan holds, the plan has not got it, the limit, the credits. A
 * refusal takes nothing and, where a better plan would lift it, carries the offer.
 */
export function planCheck(input: CheckInput): CheckDecision {
  const { request, entitlement, used, credits } = input
  const { terms, term, window } = entitlement
  const cost = costOf(term, request)
  const reason = refusalOf(input)
  const take = request.consume && !reason ? { quantity: request.quantity, cost, window } : null
  const upgrade = reason && input.upgradeFor?.((other) => wouldAllow(other, input))
  return {
    answer: {
      allowed: !reason,
      feature: request.feature,
      kind: term?.kind ?? input.kind,
      planId: terms?.planId ?? null,
      ...figures(term, input.kind, take ? used + takenFrom(term, take.quantity) : used, window),
      credits: { cost, balance: credits.balance - (take?.cost ?? 0) },
      ...valueOf(term, input.kind),
      ...(reason && { reason }),
      ...(upgrade && { upgrade }),
    },
    take,
  }
}

/** What the account may use of a feature, without asking for anything. `kind` as in `CheckInput`. */
export function entitlementView(entitlement: Entitlement, kind: FeatureKind, used: number): EntitlementView {
  const { feature, terms, term, window } = entitlement
  const metered = term?.kind === 'metered' ? term : undefined
  return {
    feature,
    kind: term?.kind ?? kind,
    planId: terms?.planId ?? null,
    enabled: term !== undefined && isOn(term),
    ...figures(term, kind, used, window),
    window: window?.kind ?? null,
    value: valueOf(term, kind).value ?? null,
    creditCost: metered?.creditCost ?? null,
    overage: metered?.overage ? { maxAmount: null, ...metered.overage } : null,
  }
}

/** True where the plan gives anything of a feature at all. */
export function isOn(term: Term): boolean {
  switch (term.kind) {
    case 'metered':
      return !isOff(term)
    case 'gauge':
      return term.limit !== 0
    case 'flag':
      return term.on
    case 'level':
      return term.level !== null
    case 'choice':
      return term.value !== null
  }
}

function refusalOf({ request, entitlement, used, credits, overage }: CheckInput): CheckReason | undefined {
  const { terms, term } = entitlement
  if (!terms) return 'subscription_inactive'
  if (!term || !isOn(term) || !gives(term, request.value)) return 'feature_not_in_plan'
  if (!fits(term, used + request.quantity, overage)) return 'usage_limit_reached'
  if (costOf(term, request) > credits.available) return 'insufficient_credits'
  return undefined
}

/** A level at or above the one asked for, the very choice; without a value, being on is enough. */
function gives(term: Term, value: string | undefined): boolean {
  if (value === undefined) return true
  if (term.kind === 'choice') return term.value === value
  if (term.kind !== 'level') return true
  const asked = term.levels.indexOf(value)
  return asked >= 0 && term.level !== null && term.levels.indexOf(term.level) >= asked
}

function fits(term: Term, total: number, overage: boolean): boolean {
  if (term.kind === 'metered') return hasRoom(term, total, overage)
  return term.kind !== 'gauge' || hasRoom({ limit: term.limit }, total, false)
}

/**
 * Would another plan allow this request? Its window of another kind starts a counter of its own; its included credits
 * replace what is left of the present ones, which is at most what those were: so never an offer that then refuses.
 */
function wouldAllow(terms: PlanTerms, input: CheckInput): boolean {
  const term = termOf(terms, input.request.feature)
  const present = input.entitlement.term
  const sameCounter = term?.kind !== 'metered' || (present?.kind === 'metered' && present.window === term.window)
  const gained = (terms.allowance?.included ?? 0) - (input.entitlement.terms?.allowance?.included ?? 0)
  const available = input.credits.available + gained
  return !refusalOf({
    ...input,
    entitlement: { ...input.entitlement, terms, ...(term ? { term } : { term: noTerm }) },
    used: sameCounter ? input.used : 0,
    credits: { ...input.credits, available },
  })
}

const noTerm: Term = { kind: 'flag', on: false }

/** A gauge is set, never taken from; only a count grows by being consumed. */
const takenFrom = (term: Term | undefined, quantity: number): number => (term?.kind === 'metered' ? quantity : 0)

/** The counting members; null for kinds that do not count, limit 0 for a counting feature that is not in the plan. */
function figures(
  term: Term | undefined,
  kind: FeatureKind,
  used: number,
  window: Window | null,
): { [member in keyof Standing]: Standing[member] | null } {
  const shown = term?.kind ?? kind
  if (shown !== 'metered' && shown !== 'gauge') return { limit: null, used: null, remaining: null, resetsAt: null }
  const limit = isCounting(term) ? term.limit : 0
  return standingOf(limit, used, window ?? { end: null })
}

const isCounting = (term: Term | undefined): term is MeteredTerm | GaugeTerm =>
  term?.kind === 'metered' || term?.kind === 'gauge'

function valueOf(term: Term | undefined, kind: FeatureKind): { value?: string | null } {
  if (term?.kind === 'level') return { value: term.level }
  if (term?.kind === 'choice') return { value: term.value }
  return !term && (kind === 'level' || kind === 'choice') ? { value: null } : {}
}
