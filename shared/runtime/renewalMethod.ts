import { type RenewalMethod, renewalMethod } from '#domain/paymentMethod'
import { planMethodGone, planRenewWith } from '#domain/subscriptionMethod'
import type { BoughtSubscription } from '#domain/subscriptionState'
import type { SubscriptionPlan } from '#domain/subscriptionWrite'
import type { PaymentMethod } from '#table/methods'
import type { Write } from '#table/port'
import type { Call } from '#table/wallets'
import type { Deps } from './deps.ts'
import { type SettlementCall, tableWrites } from './paymentCommit.ts'
import { methodToCharge } from './savedMethod.ts'
import { type LoadedScene, loadScene } from './subscription.ts'

interface Asked {
  accountId: string
  call: SettlementCall | Call
}

/** What it would renew with: taken for what it is, it says when the subscription is charged. Undefined: there is nothing. */
export async function loadRenewalMethod(
  deps: Pick<Deps, 'table'>,
  accountId: string,
  subscription: Pick<BoughtSubscription, 'method'>,
): Promise<RenewalMethod | undefined> {
  const method = await methodToCharge(deps, accountId, subscription)
  return method && renewalMethod(method)
}

/** For the transaction that makes a method the default: a live subscription renews with it. None where it does already. */
export const renewWithWrites = (deps: Deps, at: Asked, method: PaymentMethod): Promise<Write[]> =>
  writesOf(deps, at, ({ scene }, now) => planRenewWith(scene, renewalMethod(method), now))

/** For the transaction that forgets a method, whoever asks for it: `heir` is the default that is left. */
export const methodGoneWrites = (
  deps: Deps,
  at: Asked,
  id: string,
  heir: PaymentMethod | undefined,
): Promise<Write[]> =>
  writesOf(deps, at, ({ scene }, now) => planMethodGone(scene, { id, heir: heir && renewalMethod(heir) }, now))

async function writesOf(
  deps: Deps,
  { accountId, call }: Asked,
  plan: (loaded: LoadedScene, now: number) => SubscriptionPlan,
): Promise<Write[]> {
  const loaded = await loadScene(deps, accountId)
  if (!loaded) return []
  const { writes } = plan(loaded, deps.clock.now())
  return tableWrites(deps, writes, call, loaded.stored.createdAt).flatMap((row) => row.writes)
}
