import type { Account } from '#domain/account'
import { planReplaced, type ReplacedPlan } from '#domain/subscriptionReplaced'
import type { BoughtSubscription } from '#domain/subscriptionState'
import { taxRuleFor } from '#domain/tax'
import type { PlanTerms } from '#domain/terms'
import type { Wallet } from '#domain/walletState'
import { readAccountCredit } from '#table/accountCredit'
import { accountCreditKey, profileKey } from '#table/keys'
import { readProfile } from '#table/profiles'
import { billingCountryOf } from './billingProfile.ts'
import type { Deps } from './deps.ts'

/** What becomes of the bought subscription that a given plan takes the place of, priced as a change of plan is. @throws Problem `conflict` */
export async function replacedBy(
  deps: Pick<Deps, 'table' | 'settings'>,
  scene: { account: Account; wallet: Wallet; subscription: BoughtSubscription; fallback: PlanTerms | null },
  asked: boolean,
  now: number,
): Promise<ReplacedPlan> {
  const { account, subscription } = scene
  const keys = [profileKey(account.id), accountCreditKey(account.id, subscription.currency)]
  const [settings, [profile, money]] = await Promise.all([
    deps.settings(),
    deps.table.batchGet(keys, { consistent: true }),
  ])
  const country = billingCountryOf(profile && readProfile(profile), account)
  const input = { asked, tax: taxRuleFor(settings.tax, country), credit: money && readAccountCredit(money) }
  return planReplaced(scene, input, now)
}
