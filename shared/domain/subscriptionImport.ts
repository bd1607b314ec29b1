import { Problem } from '#errors/problem'
import type { Account } from './account.ts'
import { assertNotErasing } from './erasure.ts'
import type { PaymentProvider } from './moneyCharge.ts'
import { monthsIn } from './period.ts'
import { hasLiveSubscription } from './settlementPlan.ts'
import { type BoughtSubscription, statusAt } from './subscriptionState.ts'
import { assertTransition } from './subscriptionTransition.ts'
import { historyWrite, type SubscriptionPlan, written } from './subscriptionWrite.ts'
import type { PlanTerms } from './terms.ts'
import { zoneAt } from './time.ts'
import type { Wallet } from './walletState.ts'

export interface ImportInput {
  account: Account
  wallet: Wallet
  fallback: PlanTerms | null
  terms: PlanTerms
  /** As the provider has it; times are epoch milliseconds. */
  imported: {
    provider: PaymentProvider
    providerSubscriptionId: string
    periodStart: number
    periodEnd: number
    status: 'active' | 'past_due'
    gatewayCustomerId?: string
  }
  ids: { subscription: string; history: string }
}

/**
 * Brings a subscription over that a provider renews. What was paid for it before is the provider's business; the present
 * period's allowance is given whole.
 * @throws Problem `validation_failed`, or `conflict` with a live subscription or another currency. @throws MoreIsDue when the
 * wallet has to be settled first.
 */
export function planImport(input: ImportInput, now: number): SubscriptionPlan {
  const { account, wallet, fallback, terms, ids } = input
  assertNotErasing(account)
  const next = imported(input, now)
  assertPeriod(next, now)
  if (hasLiveSubscription(account, now)) throw new Problem('conflict', 'The account has a live subscription.')
  if (account.currency !== undefined && account.currency !== terms.currency)
    throw new Problem('conflict', `The account pays in ${account.currency}.`)
  assertTransition('imported', 'none', next.status)
  // What is not stored yet has version 0 and no life.
  const subscription = { ...next, status: 'expired' as const, ver: 0 }
  const previousPlanId = account.plan?.planId ?? null
  return written(
    { account: { ...account, currency: terms.currency }, wallet, fallback, subscription },
    {
      next,
      terms,
      replace: true,
      beside: [historyWrite(account.id, next, { id: ids.history, kind: 'import', previousPlanId, startedAt: now })],
    },
    now,
  )
}

function assertPeriod(subscription: BoughtSubscription, now: number): void {
  const { interval, periodStart, periodEnd } = subscription
  if (monthsIn(interval) === null) throw invalid('priceId', 'has no end: a provider has nothing to renew')
  if (periodStart > now) throw invalid('currentPeriodStart', 'lies in the future')
  if (periodEnd === null || periodEnd <= periodStart) throw invalid('currentPeriodEnd', 'is not after the start')
  if (!statusAt(subscription, now).access) throw invalid('currentPeriodEnd', 'is over, and so is its grace')
}

const invalid = (path: string, message: string): Problem =>
  new Problem('validation_failed', `${path}: ${message}`, { errors: [{ path, message }] })

function imported({ account, terms, imported: at, ids }: ImportInput, now: number): BoughtSubscription {
  const { status, periodStart, ...named } = at
  return {
    id: ids.subscription,
    planId: terms.planId,
    priceId: terms.priceId,
    catalogueVersion: terms.catalogueVersion,
    status,
    complimentary: false,
    periodStart,
    reason: 'Import',
    ver: 0,
    createdAt: now,
    interval: terms.interval,
    currency: terms.currency,
    anchor: periodStart,
    zone: zoneAt(account.zones, now),
    // The provider counts its periods; none is charged, so none is named here.
    periodIndex: 0,
    paidMinor: 0,
    paymentId: ids.subscription,
    autoRenew: true,
    managedBy: 'provider',
    ...named,
  }
}
