import { planMethodGone, planRenewWith } from '#domain/subscriptionMethod'
import type { SubscriptionPlan } from '#domain/subscriptionWrite'
import type { PaymentMethod } from '#table/methods'
import type { Write } from '#table/port'
import type { Call } from '#table/wallets'
import type { Deps } from './deps.ts'
import { callOf } from './guarded.ts'
import { historyIds } from './historyId.ts'
import type { Input } from './run.ts'
import { type SettlementCall, tableWrites } from './settlePayment.ts'
import { type LoadedScene, loadScene } from './subscription.ts'

interface Asked {
  accountId: string
  call: SettlementCall | Call
}

const methodOf = ({ id, provider }: Pick<PaymentMethod, 'id' | 'provider'>) => ({
  id,
  mandate: provider === 'razorpay',
})

/** For the transaction that makes a method the default: a live subscription renews with it. None where it does already. */
export const renewWithWrites = (deps: Deps, input: Input, method: PaymentMethod): Promise<Write[]> =>
  writesOf(deps, { accountId: input.accountId, call: callOf(input) }, ({ scene }, now) =>
    planRenewWith(scene, methodOf(method), now),
  )

/** For the transaction that forgets a method, whoever asks for it: `heir` is the default that is left. */
export const methodGoneWrites = (
  deps: Deps,
  at: Asked,
  id: string,
  heir: PaymentMethod | undefined,
): Promise<Write[]> =>
  writesOf(deps, at, ({ scene }, now) =>
    planMethodGone(scene, { id, heir: heir && methodOf(heir) }, historyIds(deps), now),
  )

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
