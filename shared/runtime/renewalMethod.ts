import { planMethodGone, planRenewWith } from '#domain/subscriptionMethod'
import type { SubscriptionPlan } from '#domain/subscriptionWrite'
import type { PaymentMethod } from '#table/methods'
import type { Write } from '#table/port'
import type { Deps } from './deps.ts'
import { callOf } from './guarded.ts'
import type { Input } from './run.ts'
import { tableWrites } from './settlePayment.ts'
import { type LoadedScene, loadScene } from './subscription.ts'
import { historyIds } from './subscriptionStep.ts'

const methodOf = ({ id, provider }: Pick<PaymentMethod, 'id' | 'provider'>) => ({
  id,
  mandate: provider === 'razorpay',
})

/** For the transaction that makes a method the default: a live subscription renews with it. None where it does already. */
export const renewWithWrites = (deps: Deps, input: Input, method: PaymentMethod): Promise<Write[]> =>
  writesOf(deps, input, ({ scene }, now) => planRenewWith(scene, methodOf(method), now))

/** For the transaction that forgets a method: `heir` is the default that is left. */
export const methodGoneWrites = (
  deps: Deps,
  input: Input,
  id: string,
  heir: PaymentMethod | undefined,
): Promise<Write[]> =>
  writesOf(deps, input, ({ scene }, now) =>
    planMethodGone(scene, { id, heir: heir && methodOf(heir) }, historyIds(deps), now),
  )

async function writesOf(
  deps: Deps,
  input: Input,
  plan: (loaded: LoadedScene, now: number) => SubscriptionPlan,
): Promise<Write[]> {
  const loaded = await loadScene(deps, input.accountId)
  if (!loaded) return []
  const { writes } = plan(loaded, deps.clock.now())
  return tableWrites(deps, writes, callOf(input), loaded.stored.createdAt).flatMap((row) => row.writes)
}
