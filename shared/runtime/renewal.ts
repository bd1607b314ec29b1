import { chargeRule, isMandate } from '#domain/moneyCharge'
import type { Payment } from '#domain/payment'
import { type RenewalMethod, renewalMethod } from '#domain/paymentMethod'
import { followCharge, planAdvance, planChargeLooked, planChargeUnasked, planRenewalFailed } from '#domain/renewalPaid'
import { isLive } from '#domain/subscription'
import { type DueAction, debitAfter, isChargeDue, isFollowDue, whatIsDue } from '#domain/subscriptionDue'
import { planEnd } from '#domain/subscriptionEnd'
import { isRenewedWith, planRenewWith } from '#domain/subscriptionMethod'
import { planReminder } from '#domain/subscriptionSchedule'
import { type BoughtSubscription, isBought, statusAt } from '#domain/subscriptionState'
import { type SubscriptionPlan, type SubscriptionScene, unchanged } from '#domain/subscriptionWrite'
import { Problem } from '#errors/problem'
import { GatewayError } from '#gateways/gatewayError'
import { findSubscription } from '#table/subscriptions'
import { chargePayment, hear, lookUpCharge } from './chargePayment.ts'
import { payerOf } from './checkout.ts'
import type { Deps } from './deps.ts'
import { endGrantedPlan } from './endGrantedPlan.ts'
import { workFinalOverage } from './finalOverage.ts'
import { historyIds } from './historyId.ts'
import type { SettlementCall } from './paymentCommit.ts'
import { termsOfPlan } from './planTerms.ts'
import { requestRefund, sendRefund } from './refund.ts'
import { expirePayment, releaseHolds } from './releaseHolds.ts'
import { countRenewals, type RenewalCounts } from './renewalCount.ts'
import { startRenewal } from './renewalStart.ts'
import { methodToCharge, type StoredMethod } from './savedMethod.ts'
import { loadPayment, settlePayment } from './settlePayment.ts'
import { type LoadedScene, loadScene, stepSubscription } from './subscription.ts'
import { isForGood, unlessAsked } from './unaskedPayment.ts'

/** What one look at a subscription came to, beside what was paid: that is counted where it is settled. */
export type RenewalReport = Pick<RenewalCounts, 'failed' | 'skipped'>

/** Far more than a subscription can have due at once: periods paid ahead, a charge, a reminder, an end. */
const mostActions = 24

/**
 * Does what a subscription waits for, one thing after the other, each decided on its state at that moment: late, twice or
 * beside itself it comes to the same. A provider that does not answer leaves the charge under way, to be followed up.
 */
export async function workSubscription(
  deps: Deps,
  at: { accountId: string; subscriptionId: string },
  call: SettlementCall,
): Promise<RenewalReport> {
  const report: RenewalReport = { failed: 0, skipped: 0 }
  for (let count = 0; count < mostActions; count++) {
    const seen = await loadScene(deps, at.accountId, at.subscriptionId)
    if (!seen) {
      await endGiven(deps, at)
      return report
    }
    const [action] = whatIsDue(seen.scene.subscription, deps.clock.now())
    if (!action || !(await act(deps, at, { action, seen }, call, report))) return report
  }
  return report
}

/** One that staff gave is charged nothing: it ends. */
async function endGiven(deps: Deps, { accountId, subscriptionId }: At): Promise<void> {
  const given = await findSubscription(deps.table, accountId, subscriptionId)
  if (given && !isBought(given)) await endGrantedPlan(deps, accountId, given)
}

type At = { accountId: string; subscriptionId: string }

/** False: there is nothing more to do now, also where something is due still. */
async function act(
  deps: Deps,
  at: At,
  { action, seen }: { action: DueAction; seen: LoadedScene },
  call: SettlementCall,
  report: RenewalReport,
): Promise<boolean> {
  const step = (plan: Parameters<typeof stepSubscription>[3]) =>
    stepSubscription(deps, at.accountId, call, plan, { subscriptionId: at.subscriptionId })
  switch (action.kind) {
    case 'end': {
      const { writes } = await step(({ scene }, now) => planEnd(scene, historyIds(deps), now))
      return writes.length > 0
    }
    case 'advance': {
      const terms = action.plan && (await termsOfPlan(deps, action.plan))
      return (await step(({ scene }, now) => planAdvance(scene, terms, now))).writes.length > 0
    }
    case 'remind': {
      const hasMethod = (await methodToCharge(deps, at.accountId, seen.scene.subscription)) !== undefined
      const { endsAt } = action
      return (await step(({ scene }, now) => planReminder(scene, { endsAt, hasMethod }, now))).writes.length > 0
    }
    case 'follow':
      return follow(deps, at, action.paymentId, call, report)
    case 'charge':
      return charge(deps, at, seen, call, report)
    case 'overage':
      return workFinalOverage(deps, at, call)
  }
}

/** Starts the charge of the next period: its payment is written before any provider hears of it. */
async function charge(
  deps: Deps,
  at: At,
  seen: LoadedScene,
  call: SettlementCall,
  report: RenewalReport,
): Promise<boolean> {
  const { account, subscription } = seen.scene
  if (account.suspended) {
    report.skipped += 1
    return false
  }
  const method = await methodToCharge(deps, at.accountId, subscription)
  if (!method || !chargeRule(method.provider, subscription.currency)) {
    return failed(
      deps,
      at,
      { paymentId: null, reason: 'There is no payment method that could be charged.' },
      call,
      report,
    )
  }
  // When it is charged, and whether again, follow from its method: it is the one that is charged, before anything begins.
  const chosen = renewalMethod(method)
  if (!isRenewedWith(subscription, chosen)) return renewWith(deps, at, chosen, call)
  const payment = await startRenewal(deps, at, { seen, method }, call)
  if (!payment) return false
  if (payment.settled) {
    await countRenewals(deps, { renewed: 1 })
    return true
  }
  return charged(deps, at, { payment, method, scene: seen.scene, isRepeated: false }, call, report)
}

const renewWith = async (deps: Deps, at: At, method: RenewalMethod, call: SettlementCall): Promise<boolean> =>
  (await stepSubscription(deps, at.accountId, call, ({ scene }, now) => planRenewWith(scene, method, now), at)).writes
    .length > 0

interface Charging {
  payment: Payment
  method: StoredMethod
  /** As it was seen before: who pays, and when the period ends. */
  scene: Pick<SubscriptionScene, 'account' | 'subscription'>
  isRepeated: boolean
}

/** Asks the provider and takes its answer up. One that does not answer is asked again when the charge is followed up. */
async function charged(
  deps: Deps,
  at: At,
  { payment, method, scene, isRepeated }: Charging,
  call: SettlementCall,
  report: RenewalReport,
): Promise<boolean> {
  const { account, subscription } = scene
  const notice = isMandate(method.provider) && { notice: { debitAfter: debitAfter(subscription, deps.clock.now()) } }
  try {
    const after = await chargePayment(deps, payment, method, payerOf(account), call, { isRepeated, ...notice })
    return await takeUp(deps, at, after, call, report, false)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    unanswered(deps, error, payment.id, report)
    return false
  }
}

/** Where staff must act, they are told: no customer's card has failed, and yet nothing renews. */
function unanswered(deps: Deps, { provider, kind }: GatewayError, paymentId: string, report: RenewalReport): void {
  deps.log.warn('renewal not charged yet', { provider, kind, paymentId })
  if (kind === 'misconfigured') deps.metric('RenewalFailed', 1, {})
  report.skipped += 1
}

/** What became of a charge under way. */
async function follow(
  deps: Deps,
  at: At,
  paymentId: string,
  call: SettlementCall,
  report: RenewalReport,
): Promise<boolean> {
  const address = { accountId: at.accountId, paymentId }
  try {
    // The settlement takes the charge off the subscription where it is lawful.
    const seen = await settlePayment(deps, address, call)
    // Without an order of the provider's the charge itself is looked for: its answer and its event may both be lost.
    if (seen.providerOrderId === undefined) await lookUpCharge(deps, seen, call)
    // Its subscription alone looks after it: the reconciler does not know of it.
    await expirePayment(deps, address, call)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    if (isForGood(error) && (await unlessAsked(deps, address, error, call)) === 'over')
      return takeUp(deps, at, await loadPayment(deps, address), call, report, true)
    unanswered(deps, error, paymentId, report)
    const step = (plan: (scene: SubscriptionScene, now: number) => SubscriptionPlan) =>
      stepSubscription(deps, at.accountId, call, ({ scene }, now) => plan(scene, now), at)
    const { subscription } = await step(planChargeUnasked)
    // What is over does not wait for a provider that cannot be asked.
    const isOver = isLive(subscription) && !statusAt(subscription, deps.clock.now()).access
    return isOver && (await step((scene, now) => planEnd(scene, historyIds(deps), now))).writes.length > 0
  }
  return takeUp(deps, at, await loadPayment(deps, address), call, report, true)
}

/** `isFollowed`: the provider was asked what became of it, well after it was asked for. */
async function takeUp(
  deps: Deps,
  at: At,
  payment: Payment,
  call: SettlementCall,
  report: RenewalReport,
  isFollowed: boolean,
): Promise<boolean> {
  const seen = await loadScene(deps, at.accountId, at.subscriptionId)
  if (!seen) return false
  const { retryHours } = await deps.settings()
  const ids = { ...historyIds(deps), retryHours }
  const verdict = followCharge(seen.scene, payment, ids, deps.clock.now())
  const { subscription } = seen.scene
  if (verdict.kind === 'unknown') {
    if (!isFollowed) return false
    // Whoever asked by hand was told that it is not known what came of it, and asks again if they want to.
    if (subscription.pendingCharge?.byHand) return neverCharged(deps, at, payment, 'The charge was not made.', call)
    return verdict.isWanted
      ? askAgain(deps, at, { payment, scene: seen.scene }, call, report)
      : neverCharged(deps, at, payment, 'There was nothing to renew any more when it could be charged.', call)
  }
  const taken = (scene: SubscriptionScene, now: number) => {
    const plan = followCharge(scene, payment, ids, now)
    return plan.kind === 'unknown' ? unchanged(scene) : plan.plan
  }
  // Before the step: the next attempt is priced after it, and may need what this one held.
  if (verdict.kind === 'failed' || verdict.kind === 'unmade')
    await releaseHolds(deps, { accountId: at.accountId, paymentId: payment.id }, call)
  // First: once the charge is off the subscription, nothing leads here again.
  if (verdict.refund) await giveBack(deps, payment, call)
  // The settlement has mostly done all of it.
  if (verdict.plan.writes.length > 0) {
    const { writes } = await stepSubscription(deps, at.accountId, call, ({ scene }, now) => taken(scene, now), at)
    if (verdict.kind === 'failed' && writes.length > 0) countFailed(report, subscription)
  }
  // One that the provider works on is looked at again later.
  return verdict.kind !== 'processing'
}

/** Nobody heard of it: under the same payment, which the provider was asked about first. */
async function askAgain(
  deps: Deps,
  at: At,
  { payment, scene }: Pick<Charging, 'payment' | 'scene'>,
  call: SettlementCall,
  report: RenewalReport,
): Promise<boolean> {
  // Of two that found it due one asks: the other reads the instant that this step has moved.
  const taken = await stepSubscription(
    deps,
    at.accountId,
    call,
    ({ scene: present }, now) =>
      isFollowDue(present.subscription, payment.id, now) ? planChargeLooked(present, now) : unchanged(present),
    at,
  )
  // Nothing is charged while the account is suspended: the charge is looked for again, and made or given up later.
  if (taken.writes.length === 0 || taken.account.suspended) return false
  const method = await methodToCharge(deps, at.accountId, scene.subscription)
  if (!method || method.provider !== payment.provider) {
    return neverCharged(deps, at, payment, 'The payment method is gone.', call, report)
  }
  return charged(deps, at, { payment, method, scene, isRepeated: true }, call, report)
}

/** The provider was asked about it before, by the method that the payment remembers, and knows of no charge. */
async function neverCharged(
  deps: Deps,
  at: At,
  { id: paymentId }: Payment,
  reason: string,
  call: SettlementCall,
  report?: RenewalReport,
): Promise<boolean> {
  const address = { accountId: at.accountId, paymentId }
  await hear(deps, address, { kind: 'failed', at: deps.clock.now(), reason }, call)
  await releaseHolds(deps, address, call)
  return failed(deps, at, { paymentId, reason }, call, report)
}

async function failed(
  deps: Deps,
  at: At,
  failure: { paymentId: string | null; reason: string },
  call: SettlementCall,
  report?: RenewalReport,
): Promise<boolean> {
  const ids = historyIds(deps)
  const { retryHours } = await deps.settings()
  const plan = await stepSubscription(
    deps,
    at.accountId,
    call,
    // Without a payment there is no guard: what another worker has paid meanwhile has not failed.
    ({ scene }, now) =>
      failure.paymentId === null && !isChargeDue(scene.subscription, now)
        ? unchanged(scene)
        : planRenewalFailed(scene, { ...failure, retryHours }, ids, now),
    at,
  )
  if (report && plan.writes.length > 0) report.failed += 1
  return plan.writes.length > 0
}

/** What was asked for by hand, or was to go back, is no renewal that failed. */
function countFailed(report: RenewalReport, { pendingCharge }: BoughtSubscription): void {
  if (!pendingCharge?.byHand && !pendingCharge?.refund) report.failed += 1
}

/** The subscription was cancelled or changed while the provider worked on it: its money goes back, once. */
async function giveBack(deps: Deps, payment: Payment, call: SettlementCall): Promise<void> {
  const requested = await requestRefund(deps, {
    paymentId: payment.id,
    accountId: payment.accountId,
    request: { reason: 'The subscription was cancelled or changed before it renewed.', plan: 'keep' },
    key: { class: 'i', text: `overtaken renewal ${payment.id}`, given: false },
    call: { hash: '', ...call },
    beside: () => [],
  }).catch((error: unknown) => {
    // It went back otherwise: there is nothing left of it to refund.
    if (error instanceof Problem && error.code === 'conflict') return undefined
    throw error
  })
  if (requested && !requested.repeated) await sendRefund(deps, requested.refund, call)
}
