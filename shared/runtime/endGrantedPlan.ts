import { withPlan } from '#domain/accountWallet'
import { planGrantEnd, type Subscription } from '#domain/subscription'
import { findAccount, putAccountWrite } from '#table/accounts'
import { type AuditEntry, auditWrite } from '#table/audit'
import { commit } from '#table/commit'
import type { Item } from '#table/port'
import { countPriceWrite, findSubscription, putSubscriptionWrite, readSubscription } from '#table/subscriptions'
import { fallbackTerms } from './account.ts'
import { loadStoredWallet, walletWrites } from './accountChange.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { onSettledWallet } from './settled.ts'

/** Tidies after a granted plan whose time is over. Access ended at the instant by itself; this may come late, twice or never. */
export async function endGrantedPlan(deps: Deps, accountId: string, found: Item): Promise<void> {
  const { id } = readSubscription(found)
  const fallback = await fallbackTerms(deps)
  const attempt = async () => {
    const [subscription, account] = await Promise.all([
      findSubscription(deps.table, accountId, id),
      findAccount(deps.table, accountId, { consistent: true }),
    ])
    if (!subscription || !account) throw new Error('a subscription without its account')
    const now = deps.clock.now()
    const plan = planGrantEnd(account, subscription, fallback, now)
    if (!plan) return undefined
    const stored = await loadStoredWallet(deps, accountId)
    const call = { hash: '', requestId: `end ${id}`, actor: 'clock' }
    const outcome = await commit(deps.table, [
      putSubscriptionWrite(accountId, plan.subscription, subscription, now),
      countPriceWrite(subscription.priceId, -1, now),
      ...(plan.account
        ? [
            putAccountWrite(plan.account, account),
            ...walletWrites(accountId, withPlan(stored.wallet, plan.account, fallback, false, now), stored, call, now),
          ]
        : []),
      auditWrite(
        endedPlan(accountId, subscription, plan.subscription),
        { now, real: deps.clock.real() },
        deps.ids.random(),
      ),
    ])
    return outcome.committed ? undefined : again
  }
  await contend(deps, () => onSettledWallet(deps, accountId, attempt))
}

const endedPlan = (accountId: string, before: Subscription, after: Subscription): AuditEntry => ({
  action: 'endGrantedPlan',
  entity: 'account',
  entityId: accountId,
  actor: { id: 'clock', role: 'system' },
  requestId: before.id,
  before: { planId: before.planId, status: before.status },
  after: { status: after.status },
})
