import { planGrantEnd, type Subscription } from '#domain/subscription'
import { findAccount } from '#table/accounts'
import { type AuditEntry, auditWrite } from '#table/audit'
import { commit } from '#table/commit'
import { findSubscription } from '#table/subscriptions'
import { fallbackTerms } from './account.ts'
import { loadStoredWallet } from './accountChange.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { grantEndedWrites } from './grantEnded.ts'
import { onSettledWallet } from './settled.ts'

/** Tidies after a granted plan whose time is over. Access ended at the instant by itself; this may come late, twice or never. */
export async function endGrantedPlan(deps: Deps, accountId: string, { id }: Pick<Subscription, 'id'>): Promise<void> {
  const fallback = await fallbackTerms(deps)
  const attempt = async () => {
    const [subscription, account] = await Promise.all([
      findSubscription(deps.table, accountId, id),
      findAccount(deps.table, accountId, { consistent: true }),
    ])
    if (!subscription) throw new Error('a subscription that is due is not there')
    // It was erased, which waits until no subscription is live: there is nothing left to end.
    if (!account) return undefined
    const now = deps.clock.now()
    const plan = planGrantEnd(account, subscription, fallback, now)
    if (!plan) return undefined
    const stored = await loadStoredWallet(deps, accountId)
    const call = { hash: '', requestId: `end ${id}`, actor: 'clock' }
    const outcome = await commit(deps.table, [
      ...grantEndedWrites(deps, { account, subscription, stored, fallback, call }, plan, now),
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
  accountId,
  actor: { id: 'clock', role: 'system' },
  requestId: before.id,
  before: { planId: before.planId, status: before.status },
  after: { status: after.status },
})
