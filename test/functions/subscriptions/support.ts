import { run as cancelRun } from '#functions/subscriptions/cancelSubscription'
import { run as changeRun } from '#functions/subscriptions/changeSubscription'
import { run as unscheduleRun } from '#functions/subscriptions/deleteScheduledChange'
import { run as extendRun } from '#functions/subscriptions/extendSubscription'
import { run as getRun } from '#functions/subscriptions/getSubscription'
import { run as importRun } from '#functions/subscriptions/importSubscription'
import { run as historyRun } from '#functions/subscriptions/listSubscriptionHistory'
import { run as listRun } from '#functions/subscriptions/listSubscriptions'
import { run as previewRun } from '#functions/subscriptions/previewChange'
import { run as reactivateRun } from '#functions/subscriptions/reactivateSubscription'
import { run as renewRun } from '#functions/subscriptions/renewSubscription'
import { run as trialRun } from '#functions/subscriptions/startTrial'
import { run as updateRun } from '#functions/subscriptions/updateSubscription'
import type { HttpOperation } from '#operations/definition'
import * as operations from '#operations/subscriptions'
import type { Run } from '#runtime/run'
import { buyingOf } from '#test/support/buying'
import { callsOf } from '#test/support/calls'
import { catalogueFrom, catalogueJson } from '#test/support/catalogues'
import { type Answer, type Invocation, invoke, type TestDeps, testDeps } from '#test/support/deps'
import { withFakes } from '#test/support/payments'

/** Every operation of the area by its own name. */
export function subscribingOf(deps: TestDeps) {
  const on =
    <Operation extends HttpOperation>(of: Operation, run: Run<Operation>) =>
    (account: string, body?: unknown, call: Invocation = {}): Promise<Answer<Operation>> =>
      invoke(of, run, deps, { account, ...(body !== undefined && { body }), ...call })
  return {
    get: on(operations.getSubscription, getRun),
    history: on(operations.listSubscriptionHistory, historyRun),
    preview: on(operations.previewChange, previewRun),
    change: on(operations.changeSubscription, changeRun),
    cancel: on(operations.cancelSubscription, cancelRun),
    reactivate: on(operations.reactivateSubscription, reactivateRun),
    update: on(operations.updateSubscription, updateRun),
    unschedule: on(operations.deleteScheduledChange, unscheduleRun),
    renew: on(operations.renewSubscription, renewRun),
    trial: on(operations.startTrial, trialRun),
    extend: on(operations.extendSubscription, extendRun),
    list: on(operations.listSubscriptions, listRun),
    bringOver: on(operations.importSubscription, importRun),
  }
}

/**
 * Reference product D as it is, or paid through Stripe, which keeps cards: with a trial of Pro and coupons beside it.
 * 14,900 a month for Pro, 24,900 for Premium, 149,000 and 249,000 a year.
 */
export function productD(provider: 'razorpay' | 'stripe') {
  const json = catalogueJson('resume-ats')
  if (typeof json !== 'object' || json === null || !('plans' in json) || !Array.isArray(json.plans))
    throw new Error('no plans')
  const plans = json.plans.map((plan: { id: string }) => (plan.id === 'pro' ? { ...plan, trialDays: 14 } : plan))
  const coupons = [
    { code: 'HALF', percentOff: 50, duration: { periods: 3 } },
    { code: 'TWICE', percentOff: 10, duration: 'once', maxRedemptions: 2 },
    { code: 'ONCE', percentOff: 10, duration: 'once', maxRedemptions: 2 },
    { code: 'GIFT', percentOff: 100, duration: 'once' },
    { code: 'STUDENTS', percentOff: 10, duration: 'once', plans: ['student'] },
  ]
  return catalogueFrom({ ...json, provider, plans, coupons })
}

/** A shop of reference product D on 1 June 2026, with its providers. */
export async function shopD(provider: 'razorpay' | 'stripe' = 'stripe') {
  const deps = await testDeps({ catalogue: productD(provider), now: '2026-06-01T00:00:00.000Z' })
  const bench = await withFakes(deps)
  const buying = buyingOf(deps, bench)
  const calls = subscribingOf(deps)
  return {
    deps,
    bench,
    ...calls,
    buying,
    all: callsOf(deps),
    /** A customer on a plan that was bought now. */
    subscriber: async (account: string, priceId = 'pro-month') => {
      await buying.buy(account, { priceId })
      return account
    },
    /** Pays what a change or a renewal asks for, and has it verified. */
    settle: async (
      account: string,
      payment: { id: string; provider: string | null; providerOrderId: string | null } | null,
    ) => {
      if (payment?.provider !== provider || payment.providerOrderId === null) throw new Error('there is nothing to pay')
      const returned = buying.pay(provider, payment.providerOrderId)
      return (await buying.verify(account, { paymentId: payment.id, ...returned })).body
    },
    stop: async () => {
      await bench.stop()
      await deps.stop()
    },
  }
}
