import type { Account } from '#domain/account'
import { overageFailed, overageOutcome, overageStarted, overageWaitMs, planOverage } from '#domain/finalOverage'
import { chargeRule } from '#domain/moneyCharge'
import type { Payment } from '#domain/payment'
import { followMs } from '#domain/subscriptionDue'
import type { FinalOverage } from '#domain/subscriptionState'
import type { PlanTerms } from '#domain/terms'
import { GatewayError } from '#gateways/gatewayError'
import { findPayment } from '#table/payments'
import { chargePayment, lookUpCharge } from './chargePayment.ts'
import { payerOf } from './checkout.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { nextOverageAt, owedOverage } from './overage.ts'
import type { SettlementCall } from './paymentCommit.ts'
import { termsOfPlan } from './planTerms.ts'
import { startFinalOverage } from './renewalStart.ts'
import { methodToCharge, type StoredMethod } from './savedMethod.ts'
import { onSettledWallet } from './settled.ts'
import { settlePayment } from './settlePayment.ts'
import { type LoadedScene, loadScene, stepSubscription } from './subscription.ts'
import { isForGood, unlessAsked } from './unaskedPayment.ts'

interface At {
  accountId: string
  subscriptionId: string
}

/**
 * One look at what a subscription that is over may still owe: use beyond its plan, and what was carried. It stays due until
 * a payment has settled all of it, or nothing is owed; windows that are still open are waited for. False: another worker
 * was there first, or there is nobody.
 */
export async function workFinalOverage(deps: Deps, at: At, call: SettlementCall): Promise<boolean> {
  const loaded = await loadScene(deps, at.accountId, at.subscriptionId)
  const seen = loaded?.scene.subscription.finalOverage
  const now = deps.clock.now()
  if (!loaded || !seen || seen.at === null || seen.at > now) return false
  const { account } = loaded.scene
  const isHeld = isHeldBack(account)
  // What the provider took on is heard of a suspended account, too.
  if (seen.paymentId !== undefined) return follow(deps, at, { ...seen, paymentId: seen.paymentId }, isHeld, call)
  // What a renewal's charge has on its order is owed again where that comes too late: it is waited for.
  const isWaiting = isHeld || loaded.scene.subscription.pendingCharge !== undefined
  return isWaiting ? move(deps, at, seen, { ...seen, at: now + overageWaitMs }, call) : start(deps, at, seen, call)
}

const retriesOf = async ({ settings }: Pick<Deps, 'settings'>): Promise<number> => (await settings()).retryHours.length

/** Nothing is charged: its suspension is lifted, or it is gone. */
const isHeldBack = ({ suspended, erasingAt }: Account): boolean => suspended || erasingAt !== undefined

/** Writes the next look, unless another worker has. */
async function move(
  deps: Deps,
  at: At,
  seen: FinalOverage,
  next: FinalOverage | undefined,
  call: SettlementCall,
): Promise<boolean> {
  const plan = await stepSubscription(
    deps,
    at.accountId,
    call,
    ({ scene }, now) => planOverage(scene, seen, next, now),
    { subscriptionId: at.subscriptionId },
  )
  return plan.writes.length > 0
}

type Started =
  | { kind: 'begun'; payment: Payment; method: StoredMethod }
  | { kind: 'uncharged' | 'nothing' | 'too_little'; nextWindowAt: number | undefined }

async function start(deps: Deps, at: At, seen: FinalOverage, call: SettlementCall): Promise<boolean> {
  const started = await contend(deps, () => onSettledWallet(deps, at.accountId, () => attempt(deps, at, seen, call)))
  if (!started) return false
  if (started.kind === 'begun') {
    // Account credit paid it: there may be more.
    if (started.payment.settled) return true
    return charge(deps, at, started.payment, started.method, call, false)
  }
  const { nextWindowAt } = started
  const now = deps.clock.now()
  if (started.kind === 'uncharged')
    return move(deps, at, seen, overageFailed(seen, nextWindowAt, now, await retriesOf(deps)), call)
  if (nextWindowAt !== undefined) return move(deps, at, seen, { ...seen, at: nextWindowAt }, call)
  return move(deps, at, seen, started.kind === 'nothing' ? undefined : { ...seen, at: null }, call)
}

async function attempt(
  deps: Deps,
  at: At,
  seen: FinalOverage,
  call: SettlementCall,
): Promise<Started | typeof again | undefined> {
  const loaded = await loadScene(deps, at.accountId, at.subscriptionId)
  const { finalOverage } = loaded?.scene.subscription ?? {}
  if (!loaded || finalOverage?.at !== seen.at || finalOverage.paymentId !== undefined) return undefined
  const { account, subscription } = loaded.scene
  // Suspended, or its erasure begun, since it was looked at: the next look moves it.
  if (isHeldBack(account)) return undefined
  const terms = await termsOfPlan(deps, subscription)
  // The plan that was over counts, not the one that the account fell back to.
  const owed = await owedOverage(deps, { ...account, plan: terms }, subscription.currency)
  const nextWindowAt = await nextWindow(deps, loaded, terms)
  if (owed.items.length === 0 && !subscription.carried?.length) return { kind: 'nothing', nextWindowAt }
  const method = await methodToCharge(deps, at.accountId, subscription)
  if (!method || !chargeRule(method.provider, subscription.currency)) return { kind: 'uncharged', nextWindowAt }
  const payment = await startFinalOverage(deps, loaded, owed, method, call)
  if (payment === again) return again
  return payment ? { kind: 'begun', payment, method } : { kind: 'too_little', nextWindowAt }
}

const nextWindow = (deps: Deps, { scene }: LoadedScene, plan: PlanTerms): Promise<number | undefined> =>
  nextOverageAt(deps, { ...scene.account, plan }, scene.subscription.endedAt ?? deps.clock.now())

/** Asks the provider and takes its answer up. One that does not answer is asked again at the next look. */
async function charge(
  deps: Deps,
  at: At,
  payment: Payment,
  method: StoredMethod,
  call: SettlementCall,
  isRepeated: boolean,
): Promise<boolean> {
  const loaded = await loadScene(deps, at.accountId, at.subscriptionId)
  // Its erasure may have begun beside the payment: then the next look only asks what the provider knows.
  if (!loaded || isHeldBack(loaded.scene.account)) return false
  try {
    const after = await chargePayment(deps, payment, method, payerOf(loaded.scene.account), call, { isRepeated })
    return await takeUp(deps, at, after, call)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    deps.log.warn('overage not charged yet', { provider: error.provider, kind: error.kind, paymentId: payment.id })
    return false
  }
}

/** What became of the charge under way. Nobody heard of it: under the same payment, which the provider is asked about first. */
async function follow(
  deps: Deps,
  at: At,
  seen: FinalOverage & { paymentId: string },
  isWaiting: boolean,
  call: SettlementCall,
): Promise<boolean> {
  // The turn is taken before the provider is asked: one worker charges.
  const { paymentId } = seen
  if (!(await move(deps, at, seen, overageStarted(seen, paymentId, deps.clock.now()), call))) return false
  const address = { accountId: at.accountId, paymentId }
  try {
    const seen = await settlePayment(deps, address, call)
    // Nothing is charged here: its answer and its event may both be lost, and it is only looked for.
    if (isWaiting) await lookUpCharge(deps, seen, call)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    const what = isForGood(error) ? await unlessAsked(deps, address, error, call) : 'waits'
    if (what === 'waits') return false
  }
  const payment = await findPayment(deps.table, at.accountId, paymentId, { consistent: true })
  if (!payment) throw new Error('a charge under way is gone')
  if (isWaiting || overageOutcome(payment) !== 'unheard') return takeUp(deps, at, payment, call)
  const loaded = await loadScene(deps, at.accountId, at.subscriptionId)
  const method = loaded && (await methodToCharge(deps, at.accountId, loaded.scene.subscription))
  // Another provider knows nothing of it: it expires unpaid, and is owed again.
  if (!method || method.provider !== payment.provider) return false
  return charge(deps, at, payment, method, call, true)
}

async function takeUp(deps: Deps, at: At, payment: Payment, call: SettlementCall): Promise<boolean> {
  const loaded = await loadScene(deps, at.accountId, at.subscriptionId)
  const seen = loaded?.scene.subscription.finalOverage
  if (!loaded || !seen || seen.paymentId !== payment.id) return false
  const now = deps.clock.now()
  switch (overageOutcome(payment)) {
    // An order bounds what it bills, and windows may be open still.
    case 'settled':
      return move(deps, at, seen, { at: now }, call)
    case 'failed': {
      const nextWindowAt = await nextWindow(deps, loaded, await termsOfPlan(deps, loaded.scene.subscription))
      return move(deps, at, seen, overageFailed(seen, nextWindowAt, now, await retriesOf(deps)), call)
    }
    case 'processing':
    case 'unheard':
      await move(deps, at, seen, { ...seen, at: now + followMs }, call)
      return false
  }
}
