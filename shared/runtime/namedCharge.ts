import type { BegunFor } from '#domain/planChangeCheckout'
import { renewedBy } from '#domain/renewal'
import { followCharge, planChargeStarted } from '#domain/renewalPaid'
import type { BoughtSubscription } from '#domain/subscriptionState'
import { unchanged } from '#domain/subscriptionWrite'
import { Problem } from '#errors/problem'
import type { CheckoutKey } from '#table/checkoutKeys'
import { type Asked, askFor } from './buy.ts'
import type { Begun } from './checkout.ts'
import type { Deps } from './deps.ts'
import { callOf } from './guarded.ts'
import { historyIds } from './historyId.ts'
import { releaseHolds } from './releaseHolds.ts'
import type { Input } from './run.ts'
import type { StoredMethod } from './savedMethod.ts'
import { loadPayment } from './settlePayment.ts'
import { loadScene, stepSubscription } from './subscription.ts'

/**
 * The payment of a charge that a customer asks for, with the subscription that names it from then on, on the version that
 * was seen: of two that ask at once one begins, and whoever comes second is told so before a provider hears of it.
 * @throws Problem `conflict` while another charge is under way.
 */
export async function namedBy(
  deps: Deps,
  { id, ver }: BoughtSubscription,
  { accountId }: Pick<Input, 'accountId'>,
  begun: BegunFor,
  now: number,
): Promise<BegunFor> {
  if (begun.kind === 'free') return begun
  const loaded = await loadScene(deps, accountId, id)
  if (loaded?.scene.subscription.ver !== ver) throw new Problem('conflict', 'The subscription has changed meanwhile.')
  const named = planChargeStarted(
    loaded.scene,
    { paymentId: begun.payment.id, byHand: true, ...renewedBy(begun.payment) },
    now,
  )
  if (named.writes.length === 0) throw new Problem('conflict', 'A charge is under way.')
  return { ...begun, writes: [...begun.writes, ...named.writes] }
}

/** Charges the saved method for it. One that failed is off the subscription by the time its caller is told. */
export async function chargeNamed(
  deps: Deps,
  input: Input,
  begun: Begun,
  key: Pick<CheckoutKey, 'guard'>,
  method: StoredMethod,
): Promise<Asked> {
  const asked = await askFor(deps, input, begun, key, { method })
  const { id: paymentId, status } = asked.payment
  if (status !== 'failed') return asked
  const { accountId } = input
  // Before the step: whoever asks again is priced after it, and may need what this one held.
  await releaseHolds(deps, { accountId, paymentId }, callOf(input))
  await stepSubscription(deps, accountId, callOf(input), ({ scene }, now) => {
    const verdict = followCharge(scene, asked.payment, historyIds(deps), now)
    return verdict.kind === 'failed' ? verdict.plan : unchanged(scene)
  })
  return { ...asked, payment: await loadPayment(deps, { accountId, paymentId }) }
}
