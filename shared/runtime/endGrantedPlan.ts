import { planGrantEnd } from '#domain/subscription'
import { findAccount, putAccountWrite } from '#table/accounts'
import { commit } from '#table/commit'
import type { Item } from '#table/port'
import { countPriceWrite, findSubscription, putSubscriptionWrite, readSubscription } from '#table/subscriptions'
import { fallbackTerms } from './account.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'

/** Tidies after a granted plan whose time is over. Access ended at the instant by itself; this may come late, twice or never. */
export async function endGrantedPlan(deps: Deps, accountId: string, found: Item): Promise<void> {
  const { id } = readSubscription(found)
  const fallback = await fallbackTerms(deps)
  await contend(deps, async () => {
    const [subscription, account] = await Promise.all([
      findSubscription(deps.table, accountId, id),
      findAccount(deps.table, accountId, { consistent: true }),
    ])
    if (!subscription || !account) throw new Error('a subscription without its account')
    const now = deps.clock.now()
    const plan = planGrantEnd(account, subscription, fallback, now)
    if (!plan) return undefined
    const outcome = await commit(deps.table, [
      putSubscriptionWrite(accountId, plan.subscription, subscription, now),
      countPriceWrite(subscription.priceId, -1, now),
      ...(plan.account ? [putAccountWrite(plan.account, account)] : []),
    ])
    return outcome.committed ? undefined : again
  })
}
