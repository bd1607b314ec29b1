import type { Account } from '#domain/account'
import { fallbackTermsOf, featuresOff } from '#domain/catalogueTerms'
import { liveTerms } from '#domain/entitlement'
import type { Subscription } from '#domain/subscription'
import { subscriptionDetail } from '#domain/subscriptionDetail'
import type { Term } from '#domain/terms'
import { loadAccount } from './account.ts'
import type { Deps } from './deps.ts'
import type { Input } from './run.ts'
import { presentSubscription } from './subscription.ts'

/** What an account's own subscription reads as at this instant, with what the plan gives that holds now. */
export async function subscriptionViewOf(deps: Deps, account: Account, subscription: Subscription | undefined) {
  const now = deps.clock.now()
  const published = await deps.catalogue()
  const terms = liveTerms(account, now, fallbackTermsOf(published))
  const gives = terms?.features ?? featuresOff(published.catalogue)
  const features = Object.fromEntries(Object.entries(gives).map(([id, term]) => [id, given(term)]))
  const activePlanId = terms?.planId ?? null
  if (!subscription) return { ...none, planId: activePlanId, activePlanId, features }
  return { ...subscriptionDetail(subscription, features, now), activePlanId }
}

/** The subscription of the call's account, as it is shown. */
export async function loadSubscriptionView(
  deps: Deps,
  input: Pick<Input, 'accountId' | 'identity'>,
  options?: { consistent?: boolean },
) {
  const account = await loadAccount(input, deps, options)
  return subscriptionViewOf(deps, account, await presentSubscription(deps, account))
}

/** What a plan gives of a feature: on or off, a measure, or the name of a level or choice (null: none). */
function given(term: Term) {
  switch (term.kind) {
    case 'flag':
      return term.on
    case 'metered':
      return { limit: term.limit, window: term.window }
    case 'gauge':
      return { limit: term.limit }
    case 'level':
      return term.level
    case 'choice':
      return term.value
  }
}

/** There never was a subscription: the fallback plan holds, of itself. */
const none = {
  id: null,
  priceId: null,
  status: null,
  complimentary: false,
  currentPeriodStart: null,
  currentPeriodEnd: null,
  paidUntil: null,
  daysRemaining: null,
  cancelAtPeriodEnd: false,
  autoRenew: false,
  scheduledChange: null,
  canceledAt: null,
  cancelReason: null,
  trial: false,
  pausedAt: null,
  paymentMethodId: null,
  managedBy: null,
  createdAt: null,
  endedAt: null,
}
