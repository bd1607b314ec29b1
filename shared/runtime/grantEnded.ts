import type { Account } from '#domain/account'
import { withPlan } from '#domain/accountWallet'
import { type GrantEnded, planGrantCancel, type Subscription } from '#domain/subscription'
import type { PlanTerms } from '#domain/terms'
import type { HttpOperation } from '#operations/definition'
import { findAccount, putAccountWrite } from '#table/accounts'
import { putHistoryWrite } from '#table/history'
import type { Write } from '#table/port'
import { countPriceWrite, putSubscriptionWrite } from '#table/subscriptions'
import type { Call, StoredWallet } from '#table/wallets'
import { fallbackTerms } from './account.ts'
import { loadStoredWallet, walletWrites } from './accountChange.ts'
import { commitAnswer } from './answers.ts'
import { auditOf } from './audit.ts'
import { contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { callOf } from './guarded.ts'
import { freshHistoryId } from './historyId.ts'
import type { Input } from './run.ts'
import { onSettledWallet } from './settled.ts'
import { presentSubscription } from './subscription.ts'
import { subscriptionViewOf } from './subscriptionView.ts'

interface Seen {
  account: Account
  subscription: Subscription
  stored: StoredWallet
  fallback: PlanTerms | null
  call: Call
}

/** The transaction that ends a granted plan: subscription, count, and where the account is on it account, wallet and history. */
export function grantEndedWrites(
  deps: Pick<Deps, 'ids'>,
  { account, subscription: seen, stored, fallback, call }: Seen,
  plan: GrantEnded,
  now: number,
): Write[] {
  const ended = [putSubscriptionWrite(account.id, plan.subscription, seen, now), countPriceWrite(seen.priceId, -1, now)]
  if (!plan.account) return ended
  return [
    ...ended,
    putAccountWrite(plan.account, account),
    ...walletWrites(account.id, withPlan(stored.wallet, plan.account, fallback, false, now), stored, call, now),
    ...historyWrites(deps, account, plan.subscription, fallback, now),
  ]
}

function historyWrites(
  deps: Pick<Deps, 'ids'>,
  { id: accountId, plan }: Account,
  { planId, priceId, status, endedAt = 0 }: Subscription,
  fallback: PlanTerms | null,
  now: number,
): Write[] {
  const currency = (fallback ?? plan)?.currency
  if (currency === undefined) return []
  const paid = { amountMinor: 0, currency, paymentId: null, providerPaymentId: null }
  const entry = {
    id: freshHistoryId(deps, now),
    planId: fallback?.planId ?? planId,
    previousPlanId: planId,
    priceId,
    kind: status === 'canceled' ? ('cancel' as const) : ('expire' as const),
    startedAt: endedAt,
    endedAt: null,
    ...paid,
  }
  return [putHistoryWrite(accountId, entry, now)]
}

/** Staff take a granted plan back, at once. Undefined: the account is on none, and what it has bought is cancelled otherwise. */
export async function takeGrantBack(operation: HttpOperation, input: Input, deps: Deps, reason: string | undefined) {
  const { accountId } = input
  const attempt = async () => {
    const account = await findAccount(deps.table, accountId, { consistent: true })
    const subscription = account && (await presentSubscription(deps, account))
    if (!account || !subscription?.complimentary) return undefined
    const [fallback, now] = [await fallbackTerms(deps), deps.clock.now()]
    const plan = planGrantCancel(account, subscription, fallback, now)
    // It was taken back before: the same answer.
    if (!plan) return subscription.status === 'canceled' ? subscriptionViewOf(deps, account, subscription) : undefined
    const stored = await loadStoredWallet(deps, accountId)
    const audit = auditOf(input, deps, {
      action: operation.id,
      entity: 'subscription',
      entityId: subscription.id,
      ...(reason !== undefined && { reason }),
      before: { planId: subscription.planId, status: subscription.status },
      after: { status: plan.subscription.status },
    })
    const writes = grantEndedWrites(deps, { account, subscription, stored, fallback, call: callOf(input) }, plan, now)
    const view = await subscriptionViewOf(deps, plan.account ?? account, plan.subscription)
    return commitAnswer(operation, input, deps, [...writes, audit], view)
  }
  return contend(deps, () => onSettledWallet(deps, accountId, attempt))
}
