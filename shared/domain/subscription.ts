import type { Account } from './account.ts'
import type { PlanTerms } from './terms.ts'
import { planPeriod } from './time.ts'

/** What is bought and not paid is an order, not a subscription: a payment that is pending. */
export const subscriptionStatuses = ['trialing', 'active', 'past_due', 'canceled', 'expired'] as const
export type SubscriptionStatus = (typeof subscriptionStatuses)[number]

/** One subscription of an account, live or past. Times are epoch milliseconds; `periodEnd` null: it has no end. */
export interface Subscription {
  id: string
  planId: string
  priceId: string
  catalogueVersion: number
  status: SubscriptionStatus
  /** Given by staff: never billed, ends at `periodEnd`. */
  complimentary: boolean
  periodStart: number
  periodEnd: number | null
  reason: string
  /** Raised by every write; a write requires the version it saw. */
  ver: number
  createdAt: number
  /** When it stopped being live. */
  endedAt?: number
}

/** The states in which a subscription gives access; `expired` and `canceled` never come back from a job alone. */
export const isLive = ({ status }: Pick<Subscription, 'status'>): boolean =>
  status === 'active' || status === 'trialing' || status === 'past_due'

export interface PlanGrant {
  account: Account
  granted: Subscription
  /** The live subscription that the grant replaces. */
  replaced?: Subscription
  /** The new allowance replaces what is left of the old one's: a higher-ranked plan. */
  isUpgrade: boolean
}

/**
 * Gives an account a plan free of charge, until an instant or for good. It takes the place of whatever is live: an
 * account has at most one live subscription.
 */
export function planGrant(
  account: Account,
  current: Subscription | undefined,
  grant: { id: string; terms: PlanTerms; until: number | null; reason: string },
  /** The terms that hold now: the account's own, or the fallback's once its plan is over. */
  live: PlanTerms | null,
  now: number,
): PlanGrant {
  const { terms, until } = grant
  const over = current && planGrantEnd(account, current, null, now)?.subscription
  const { accessEnd: _ended, ...rest } = account
  const replaced =
    over ??
    (current && isLive(current)
      ? { ...current, status: 'canceled' as const, endedAt: now, ver: current.ver + 1 }
      : undefined)
  return {
    account: {
      ...rest,
      plan: terms,
      subscriptionId: grant.id,
      complimentary: true,
      ...(until !== null && { accessEnd: until }),
      // A granted plan has no billing period: `period` windows then count by calendar month, up to the grant's end.
      period: planPeriod(account.period, { start: now, end: null }, now),
      ver: account.ver + 1,
      updatedAt: now,
    },
    granted: {
      id: grant.id,
      planId: terms.planId,
      priceId: terms.priceId,
      catalogueVersion: terms.catalogueVersion,
      status: 'active',
      complimentary: true,
      periodStart: now,
      periodEnd: until,
      reason: grant.reason,
      ver: 1,
      createdAt: now,
    },
    ...(replaced && { replaced }),
    isUpgrade: live === null || terms.rank > live.rank,
  }
}

/**
 * Ends a granted plan whose time is over: the account falls back. Access ended at the very instant already, as every
 * reader compares the time; this only tidies. Undefined when there is nothing to end (yet, or any more).
 */
export function planGrantEnd(
  account: Account,
  subscription: Subscription,
  fallback: PlanTerms | null,
  now: number,
): GrantEnded | undefined {
  const { periodEnd } = subscription
  if (!isLive(subscription) || !subscription.complimentary || periodEnd === null || now < periodEnd) return undefined
  return endedGrant(account, subscription, fallback, { status: 'expired', endedAt: periodEnd }, now)
}

/** Takes a granted plan back before its time: the account falls back at once. Undefined when it is over already. */
export function planGrantCancel(
  account: Account,
  subscription: Subscription,
  fallback: PlanTerms | null,
  now: number,
): GrantEnded | undefined {
  const { periodEnd, complimentary } = subscription
  if (!isLive(subscription) || !complimentary || (periodEnd !== null && now >= periodEnd)) return undefined
  const ended = endedGrant(account, subscription, fallback, { status: 'canceled', endedAt: now }, now)
  const { period, ...rest } = ended.account ?? account
  // The period ends with the plan; late events still fall into it.
  return ended.account && period ? { ...ended, account: { ...rest, period: { ...period, until: now } } } : ended
}

export interface GrantEnded {
  /** Absent: the account is on another subscription. */
  account?: Account
  subscription: Subscription
}

function endedGrant(
  account: Account,
  subscription: Subscription,
  fallback: PlanTerms | null,
  end: { status: 'expired' | 'canceled'; endedAt: number },
  now: number,
): GrantEnded {
  const ended = { ...subscription, ...end, ver: subscription.ver + 1 }
  if (account.subscriptionId !== subscription.id) return { subscription: ended }
  const { accessEnd: _access, subscriptionId: _subscription, complimentary: _free, ...rest } = account
  return { subscription: ended, account: { ...rest, plan: fallback, ver: account.ver + 1, updatedAt: now } }
}

/** A subscription as answers show it. */
export const subscriptionView = ({
  id,
  planId,
  priceId,
  status,
  complimentary,
  periodStart,
  periodEnd,
  createdAt,
}: Subscription) => ({
  id,
  planId,
  priceId,
  status,
  complimentary,
  currentPeriodStart: new Date(periodStart).toISOString(),
  currentPeriodEnd: periodEnd === null ? null : new Date(periodEnd).toISOString(),
  createdAt: new Date(createdAt).toISOString(),
})
