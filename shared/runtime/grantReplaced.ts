import type { Account } from '#domain/account'
import { planReplaced, type ReplacedPlan } from '#domain/subscriptionReplaced'
import type { BoughtSubscription } from '#domain/subscriptionState'
import type { PlanTerms } from '#domain/terms'
import type { Wallet } from '#domain/walletState'
import { findAccountCredit } from '#table/accountCredit'
import type { Deps } from './deps.ts'

/** What becomes of the bought subscription that a given plan takes the place of, credited as by a change of plan. @throws Problem `conflict` */
export async function replacedBy(
  deps: Pick<Deps, 'table'>,
  scene: { account: Account; wallet: Wallet; subscription: BoughtSubscription; fallback: PlanTerms | null },
  asked: boolean,
  now: number,
): Promise<ReplacedPlan> {
  const { account, subscription } = scene
  const credit = await findAccountCredit(deps.table, account.id, subscription.currency)
  return planReplaced(scene, { asked, credit }, now)
}
