import { Problem } from '#errors/problem'
import type { Account } from './account.ts'
import { addDuration } from './duration.ts'
import type { RenewalMethod } from './paymentMethod.ts'
import type { HistoryEntry } from './paymentWrite.ts'
import { monthsIn } from './period.ts'
import { hasLiveSubscription } from './settlementPlan.ts'
import type { BoughtSubscription } from './subscriptionState.ts'
import { historyWrite, noticeOf, type SubscriptionPlan, written } from './subscriptionWrite.ts'
import type { PlanTerms } from './terms.ts'
import { zoneAt } from './time.ts'
import type { Wallet } from './walletState.ts'

export interface TrialInput {
  account: Account
  wallet: Wallet
  fallback: PlanTerms | null
  terms: PlanTerms
  /** Of the plan; absent: it has none. */
  trialDays: number | undefined
  /** The account's whole plan history, read after the account: whoever starts one meanwhile changes the account. */
  history: readonly HistoryEntry[]
  ids: { subscription: string; history: string }
  /** What is charged when it ends; absent: it ends with the trial. */
  method?: RenewalMethod
}

/** A line of the history that says of a plan that it was tried: new, and nothing was paid. */
export const isTrialOf = ({ planId, kind, paymentId }: HistoryEntry, plan: string): boolean =>
  planId === plan && kind === 'new' && paymentId === null

/**
 * Starts a trial, once per account and plan: days on the account's calendar, at whose end the first period begins when
 * its price is paid.
 * @throws Problem `conflict`. @throws MoreIsDue when the wallet has to be settled first.
 */
export function planTrialStart(input: TrialInput, now: number): SubscriptionPlan {
  const { account, wallet, fallback, terms, ids } = input
  const fault = trialFault(input, now)
  if (fault !== undefined) throw new Problem('conflict', fault)
  const next = trial(input, now)
  // What is not stored yet has version 0 and no life.
  const scene = { account, wallet, fallback, subscription: { ...next, status: 'expired' as const, ver: 0 } }
  const currency = account.currency ?? terms.currency
  return written(
    { ...scene, account: { ...account, currency } },
    {
      next,
      terms,
      replace: true,
      beside: [
        historyWrite(account.id, next, { id: ids.history, kind: 'new', previousPlanId: account.plan?.planId ?? null }),
        noticeOf(account.id, 'subscription.trial_started', next, { endsAt: next.periodEnd }),
      ],
    },
    now,
  )
}

function trialFault({ account, terms, trialDays, history }: TrialInput, now: number): string | undefined {
  if (trialDays === undefined) return 'The plan has no trial.'
  if (monthsIn(terms.interval) === null) return 'A plan without an end has no trial.'
  if (hasLiveSubscription(account, now)) return 'The account has a live subscription.'
  if (account.currency !== undefined && account.currency !== terms.currency)
    return `The account pays in ${account.currency}.`
  return history.some((entry) => isTrialOf(entry, terms.planId)) ? 'The plan was tried before.' : undefined
}

/** The period before the first: it ends where that begins. */
function trial({ account, terms, trialDays = 0, ids, method }: TrialInput, now: number): BoughtSubscription {
  const zone = zoneAt(account.zones, now)
  const endsAt = addDuration(now, { months: 0, days: trialDays, exactMs: 0 }, zone)
  return {
    id: ids.subscription,
    planId: terms.planId,
    priceId: terms.priceId,
    catalogueVersion: terms.catalogueVersion,
    status: 'trialing',
    complimentary: false,
    periodStart: now,
    periodEnd: endsAt,
    reason: 'Trial',
    ver: 0,
    createdAt: now,
    interval: terms.interval,
    currency: terms.currency,
    anchor: endsAt,
    zone,
    periodIndex: 0,
    firstIndex: 1,
    paidMinor: 0,
    paymentId: ids.subscription,
    trial: true,
    autoRenew: method !== undefined,
    ...(method && { method }),
  }
}
