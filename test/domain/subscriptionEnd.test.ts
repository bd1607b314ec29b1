import { describe, expect, it } from 'vitest'
import { planChargeStarted } from '#domain/renewalPaid'
import { planGrant } from '#domain/subscription'
import { subscriptionDetail } from '#domain/subscriptionDetail'
import { chargedFrom, mandateLeadMs, nextDueAt } from '#domain/subscriptionDue'
import { planAutoRenew, planCancel, planEnd, planReactivate } from '#domain/subscriptionEnd'
import { planGround, planRefundOf } from '#domain/subscriptionRefund'
import { planReplaced } from '#domain/subscriptionReplaced'
import { planExtend, planReminder, planSchedule, planUnschedule } from '#domain/subscriptionSchedule'
import { type BoughtSubscription, graceMs, groundOf, presentPeriod, statusAt } from '#domain/subscriptionState'
import { planTrialStart, type TrialInput } from '#domain/subscriptionTrial'
import type { SubscriptionPlan, SubscriptionScene } from '#domain/subscriptionWrite'
import { noTax } from '#domain/tax'
import { dayMs } from '#domain/zone'
import {
  applied,
  at,
  codeOf,
  free,
  growth,
  ids,
  lifetime,
  paymentFor,
  planOrder,
  sceneOf,
  start,
  termsOf,
} from './subscriptionSupport.ts'

const end = at('2025-07-01T00:00:00Z')
const starter = termsOf()
const now = start + dayMs
const kept = { terms: starter, method: { id: 'pmt_0', mandate: false } }
const rows = ({ writes }: SubscriptionPlan) => writes.map(({ row }) => row)
const after = (scene: SubscriptionScene, plan: SubscriptionPlan) => applied(scene, plan.writes)
const canceled = (scene: SubscriptionScene, when: 'now' | 'period_end', instant = now) =>
  after(scene, planCancel(scene, { when, reason: 'Too dear' }, ids, instant))
const included = ({ wallet }: SubscriptionScene) =>
  wallet.grants.reduce((sum, { remaining, source }) => sum + (source === 'included' ? remaining : 0), 0)

describe('cancelling', () => {
  it('now ends access at once, and keeps what is paid for taking it up again', () => {
    const scene = sceneOf()
    const plan = planCancel(scene, { when: 'now', reason: 'Too dear' }, ids, now)
    expect(rows(plan)).toEqual(['subscription', 'account', 'wallet', 'priceCount', 'history', 'notice'])
    expect(plan.subscription).toMatchObject({
      status: 'canceled',
      endedAt: now,
      canceledAt: now,
      cancelReason: 'Too dear',
      periodEnd: end,
    })
    expect(plan.account).toMatchObject({ plan: { planId: 'free' }, period: { until: now } })
    expect(plan.account.accessEnd).toBeUndefined()
  })

  it('at period end keeps access to that instant, without grace', () => {
    const { subscription, account } = canceled(sceneOf(), 'period_end')
    expect(subscription).toMatchObject({ status: 'active', autoRenew: false, canceledAt: now })
    expect(account.accessEnd).toBe(end)
  })

  it.each(['now', 'period_end'] as const)('%s twice changes nothing', (when) => {
    expect(planCancel(canceled(sceneOf(), when), { when }, ids, now + 1).writes).toEqual([])
  })

  it.each<[string, Partial<BoughtSubscription>, 'now' | 'period_end', number]>([
    ['one that is expired', {}, 'now', end + graceMs],
    ['one that is expired, at its end', {}, 'period_end', end + graceMs],
    ['one without an end, at its end', { periodEnd: null }, 'period_end', now],
  ])('%s is a conflict', (_, over, when, instant) => {
    expect(codeOf(() => planCancel(sceneOf({ over }), { when }, ids, instant))).toBe('conflict')
  })

  it('an overdue one at its end keeps grace, without retries', () => {
    const scene = canceled(sceneOf(), 'period_end', end + dayMs)
    expect(scene.subscription.status).toBe('past_due')
    expect(scene.account.accessEnd).toBe(end + graceMs)
    expect(nextDueAt(scene.subscription)).toBe(end + graceMs)
  })

  it('drops a change that waits', () => {
    const scene = sceneOf({
      over: { scheduledChange: { planId: 'p', priceId: 'q', catalogueVersion: 1, interval: 'month', at: now } },
    })
    expect(canceled(scene, 'period_end').subscription.scheduledChange).toBeUndefined()
  })
})

describe('the end', () => {
  it.each<[string, SubscriptionScene, number, string, string]>([
    ['of one that was asked to end', canceled(sceneOf(), 'period_end'), end, 'canceled', 'cancel'],
    ['of one that never had a method', sceneOf({ autoRenew: false }), end, 'expired', 'expire'],
    ['of grace', sceneOf(), end + graceMs, 'expired', 'expire'],
  ])('%s', (_, scene, due, status, kind) => {
    expect(planEnd(scene, ids, due - 1).writes).toEqual([])
    const plan = planEnd(scene, ids, due)
    expect(rows(plan)).toEqual(['subscription', 'account', 'wallet', 'priceCount', 'history', 'notice'])
    expect(plan.subscription).toMatchObject({ status, endedAt: due })
    expect(plan.account.plan?.planId).toBe('free')
    expect(plan.writes.find(({ row }) => row === 'history')).toMatchObject({
      next: { kind, previousPlanId: 'starter' },
    })
    const over = after(scene, plan)
    expect(planEnd(over, ids, due + 1).writes).toEqual([])
    // Three days, or three months late: dated when it happened.
    for (const late of [3 * dayMs, 90 * dayMs]) {
      const then = planEnd(scene, ids, due + late)
      expect(then.subscription).toMatchObject({ status, endedAt: due })
      expect(then.account.period).toEqual(plan.account.period)
    }
  })

  it('of one that the account has left touches only itself', () => {
    const scene = sceneOf({ autoRenew: false })
    const elsewhere = { ...scene, account: { ...scene.account, subscriptionId: 'sub_2' } }
    expect(rows(planEnd(elsewhere, ids, end))).toEqual(['subscription', 'priceCount', 'history', 'notice'])
  })
})

describe('taking up again', () => {
  it('takes the flag off', () => {
    const scene = canceled(sceneOf(), 'period_end')
    const plan = planReactivate(scene, kept, ids, now)
    expect(plan.subscription).toMatchObject({ status: 'active', autoRenew: true })
    expect([plan.subscription.canceledAt, plan.account.accessEnd]).toEqual([undefined, end + graceMs])
    expect(planReactivate(after(scene, plan), kept, ids, now).writes).toEqual([])
  })

  it('without a method does not renew, and is not asked to end either', () => {
    const plan = planReactivate(canceled(sceneOf(), 'period_end'), { terms: starter, method: undefined }, ids, now)
    expect(subscriptionDetail(plan.subscription, {}, now)).toMatchObject({ autoRenew: false, cancelAtPeriodEnd: false })
  })

  it('renews with what would be charged, and at that method’s time', () => {
    const mandate = { id: 'pmt_9', mandate: true }
    const again = { terms: starter, method: mandate }
    const asked = canceled(sceneOf(), 'period_end')
    for (const { subscription } of [
      planReactivate(asked, again, ids, now),
      planReactivate(canceled(sceneOf(), 'now'), again, ids, now),
      planAutoRenew(sceneOf({ autoRenew: false }), true, again, ids, now),
    ]) {
      expect(subscription).toMatchObject({ autoRenew: true, method: mandate })
      expect(chargedFrom(subscription)).toBe(end - mandateLeadMs)
    }
  })

  it('gives a cancelled plan back, with what was left of its credits and no more', () => {
    const scene = sceneOf()
    const back = canceled(scene, 'now')
    const plan = planReactivate(back, kept, ids, now + dayMs)
    expect(rows(plan)).toEqual(['subscription', 'account', 'wallet', 'priceCount', 'history', 'notice'])
    const again = after(back, plan)
    expect(again.subscription).toMatchObject({ status: 'active', periodStart: start, periodEnd: end })
    expect(again.subscription.endedAt).toBeUndefined()
    expect(again.account).toMatchObject({
      plan: { planId: 'starter' },
      subscriptionId: 'sub_1',
      period: { start, end },
    })
    expect(included(again)).toBe(included(scene))
  })

  it.each<[string, Partial<BoughtSubscription>, number, string | undefined]>([
    ['to the last millisecond of what is paid', {}, end - 1, undefined],
    ['not once that is over', {}, end, 'conflict'],
    ['to the last millisecond of 30 days', { periodEnd: end + 99 * dayMs }, now + 30 * dayMs - 1, undefined],
    ['not after 30 days', { periodEnd: end + 99 * dayMs }, now + 30 * dayMs, 'conflict'],
    ['not when it was refunded', { refunded: true }, now, 'conflict'],
    ['not a trial', { trial: true }, now, 'conflict'],
    ['a trial that was paid ahead', { trial: true, ahead: [{ paymentId: 'p', paidMinor: 1 }] }, end, undefined],
    ['without an end within 30 days', { periodEnd: null }, now + dayMs, undefined],
  ])('%s', (_, over, instant, code) => {
    const scene = canceled(sceneOf(), 'now')
    const changed = { ...scene, subscription: { ...scene.subscription, ...over } }
    expect(codeOf(() => planReactivate(changed, kept, ids, instant))).toBe(code)
  })

  it('is a conflict beside another live subscription, and once it expired', () => {
    const scene = canceled(sceneOf(), 'now')
    const live = { ...scene, account: { ...scene.account, subscriptionId: 'sub_2' } }
    expect(codeOf(() => planReactivate(live, kept, ids, now))).toBe('conflict')
    expect(codeOf(() => planReactivate(sceneOf(), kept, ids, end + graceMs))).toBe('conflict')
  })
})

describe('renewing by itself, on and off', () => {
  it('off is cancelling at the end, on takes it back', () => {
    const scene = sceneOf()
    const off = after(scene, planAutoRenew(scene, false, kept, ids, now))
    expect(off.subscription).toEqual({ ...canceled(scene, 'period_end').subscription, cancelReason: undefined })
    const on = planAutoRenew(off, true, kept, ids, now)
    expect(on.subscription).toMatchObject({ autoRenew: true })
    expect(on.subscription.canceledAt).toBeUndefined()
    expect(planAutoRenew(scene, true, kept, ids, now).writes).toEqual([])
  })

  it('on needs a method, and an end', () => {
    const none = { terms: starter, method: undefined }
    expect(codeOf(() => planAutoRenew(sceneOf({ autoRenew: false }), true, none, ids, now))).toBe('conflict')
    expect(codeOf(() => planAutoRenew(sceneOf({ terms: lifetime }), true, kept, ids, now))).toBe('conflict')
    expect(codeOf(() => planAutoRenew(sceneOf(), true, kept, ids, end + graceMs))).toBe('conflict')
  })
})

describe('a change that waits', () => {
  const plan = (scene: SubscriptionScene) => ({
    kind: 'scheduled' as const,
    which: 'downgrade' as const,
    ground: groundOf(scene.subscription),
    effectiveAt: end,
    daysRemaining: 29,
  })

  it('is stored, shown, and dropped; each twice changes nothing', () => {
    const scene = sceneOf({ terms: growth })
    const stored = after(scene, planSchedule(scene, plan(scene), starter, now))
    expect(subscriptionDetail(stored.subscription, {}, now).scheduledChange).toEqual({
      planId: 'starter',
      priceId: 'starter-month',
      effectiveAt: '2025-07-01T00:00:00.000Z',
    })
    expect(planSchedule(stored, plan(scene), starter, now).writes).toEqual([])
    const dropped = after(stored, planUnschedule(stored, now))
    expect(dropped.subscription.scheduledChange).toBeUndefined()
    expect(planUnschedule(dropped, now).writes).toEqual([])
  })

  it.each<[string, { priceId: string; periodIndex: number }, boolean]>([
    ['of the plan that it is on again is kept', { priceId: growth.priceId, periodIndex: 1 }, false],
    ['of the change goes back', { priceId: starter.priceId, periodIndex: 1 }, true],
    ['of a period that is paid by now goes back', { priceId: growth.priceId, periodIndex: 0 }, true],
  ])('dropped, a charge under way %s', (_what, renews, refund) => {
    const begun = sceneOf({ terms: growth })
    const scene = applied(begun, planChargeStarted(begun, { paymentId: 'fpay_r', renews }, now).writes)
    const stored = after(scene, planSchedule(scene, plan(scene), starter, now + 1))
    expect(stored.subscription.pendingCharge).toMatchObject({ refund: true })
    expect(planUnschedule(stored, now + 2).subscription.pendingCharge).toMatchObject({ refund })
  })

  it('that a cancellation dropped is not what a charge under way pays, when it is taken up again', () => {
    const begun = sceneOf({ terms: growth })
    const stored = after(begun, planSchedule(begun, plan(begun), starter, now))
    const renews = { priceId: starter.priceId, periodIndex: 1 }
    const charged = applied(stored, planChargeStarted(stored, { paymentId: 'fpay_r', renews }, now + 1).writes)
    const back = planReactivate(canceled(charged, 'period_end', now + 2), kept, ids, now + 3)
    expect(back.subscription).toMatchObject({ autoRenew: true, pendingCharge: { refund: true } })
  })

  it('is for the end of the period that has begun, also where no job has written that', () => {
    const scene = sceneOf({ terms: growth })
    const paid = { ...scene, subscription: { ...scene.subscription, ahead: [{ paymentId: 'p', paidMinor: 30_000 }] } }
    expect(codeOf(() => planSchedule(paid, plan(paid), starter, end))).toBe('conflict')
    const begun = { ...paid, subscription: presentPeriod(paid.subscription, end) }
    expect(planSchedule(paid, plan(begun), starter, end).subscription.scheduledChange).toMatchObject({
      planId: 'starter',
    })
  })

  it('is a conflict when it was planned on another state, overdue, or over', () => {
    const scene = sceneOf({ terms: growth })
    const moved = { ...scene, subscription: { ...scene.subscription, paidMinor: 1 } }
    const ending = canceled(scene, 'period_end')
    expect(codeOf(() => planSchedule(ending, plan(ending), starter, now))).toBe('conflict')
    expect(codeOf(() => planSchedule(moved, plan(scene), starter, now))).toBe('conflict')
    expect(codeOf(() => planSchedule(scene, plan(scene), starter, end))).toBe('conflict')
    expect(codeOf(() => planUnschedule(scene, end + graceMs))).toBe('conflict')
  })
})

describe('a trial', () => {
  const { account, wallet } = sceneOf({ autoRenew: false })
  const { subscriptionId: _id, accessEnd: _end, period: _period, ...fresh } = account
  const input = (over: Partial<TrialInput> = {}): TrialInput => ({
    account: { ...fresh, plan: free },
    wallet,
    fallback: free,
    terms: growth,
    trialDays: 14,
    history: [],
    ids: { subscription: 'sub_t', history: 'his_t' },
    method: { id: 'pmt_1', mandate: false },
    ...over,
  })

  it('starts without money, ends where the first period begins', () => {
    const plan = planTrialStart(input(), start)
    expect(rows(plan)).toEqual(['subscription', 'account', 'wallet', 'priceCount', 'history', 'notice'])
    expect(plan.subscription).toMatchObject({
      status: 'trialing',
      ver: 1,
      paidMinor: 0,
      periodEnd: start + 14 * dayMs,
      autoRenew: true,
    })
    expect(plan.account).toMatchObject({ plan: { planId: 'growth' }, accessEnd: start + 14 * dayMs + graceMs })
  })

  it('without a method is over at its end', () => {
    const { method: _none, ...without } = input()
    const plan = planTrialStart(without, start)
    expect(plan.account.accessEnd).toBe(start + 14 * dayMs)
    const trialing = { wallet, fallback: free, account: plan.account, subscription: plan.subscription }
    expect(planEnd(trialing, ids, start + 14 * dayMs).subscription).toMatchObject({ status: 'expired' })
  })

  const tried = {
    ...ids,
    id: 'h',
    planId: 'growth',
    previousPlanId: null,
    priceId: 'p',
    kind: 'new' as const,
    startedAt: 0,
    endedAt: null,
    amountMinor: 0,
    currency: 'INR',
    paymentId: null,
  }
  it.each<[string, Partial<TrialInput>, string | undefined]>([
    ['of a plan that has none', { trialDays: undefined }, 'conflict'],
    ['of a plan that was tried', { history: [tried] }, 'conflict'],
    ['of a plan that was bought before', { history: [{ ...tried, paymentId: 'fpay_1' }] }, undefined],
    ['of another plan than the one tried', { history: [{ ...tried, planId: 'other' }] }, undefined],
    ['beside a live subscription', { account }, 'conflict'],
    ['of a plan without an end', { terms: lifetime }, 'conflict'],
    ['in another currency', { account: { ...fresh, plan: free, currency: 'USD' } }, 'conflict'],
  ])('%s', (_, over, code) => {
    expect(codeOf(() => planTrialStart(input(over), start))).toBe(code)
  })
})

describe('what a refund takes', () => {
  const scene = sceneOf()
  const payment = {
    ...paymentFor('plan_purchase', planOrder(starter), {
      kind: 'plan',
      planId: 'starter',
      priceId: 'starter-month',
      name: 'Starter',
      interval: 'month',
    }),
    id: scene.subscription.paymentId,
  }

  it('now: the plan, what is free of its credits, and the way back', () => {
    const plan = planRefundOf(scene, payment, { amountMinor: 10_000, plan: 'now', historyId: 'his_1' }, now)
    expect(rows(plan)).toEqual(['subscription', 'account', 'wallet', 'priceCount', 'history', 'notice'])
    const over = after(scene, plan)
    expect(over.subscription).toMatchObject({ status: 'canceled', paidMinor: 0, refunded: true })
    // The free plan's, and nothing of the plan that was refunded.
    expect(included(over)).toBe(20)
    expect(codeOf(() => planReactivate(over, kept, ids, now))).toBe('conflict')
  })

  it('now, and the refund fails: its money is here again, and the way back with it', () => {
    const over = after(scene, planRefundOf(scene, payment, { amountMinor: 10_000, plan: 'now', historyId: 'h' }, now))
    const back = after(over, planGround(over, payment, now + dayMs))
    expect(back.subscription).toMatchObject({ status: 'canceled', paidMinor: 10_000 })
    expect(planReactivate(back, kept, ids, now + dayMs).subscription.status).toBe('active')
    const half = after(over, planGround(over, { ...payment, reversedMinor: 5000 }, now + dayMs))
    expect(codeOf(() => planReactivate(half, kept, ids, now + dayMs))).toBe('conflict')
  })

  it('period_end: its renewal and grace', () => {
    const plan = planRefundOf(scene, payment, { amountMinor: 10_000, plan: 'period_end', historyId: 'his_1' }, now)
    expect(plan.subscription).toMatchObject({ status: 'active', autoRenew: false, canceledAt: now, paidMinor: 0 })
    expect(plan.account.accessEnd).toBe(end)
  })

  it.each(['active', 'past_due'] as const)(
    'period_end, once that is over: no grace is left, written as %s',
    (status) => {
      const overdue = { ...scene, subscription: { ...scene.subscription, status } }
      const money = { amountMinor: 10_000, plan: 'period_end', historyId: 'his_1' } as const
      expect(planRefundOf(overdue, payment, money, end - 1).subscription.autoRenew).toBe(false)
      const over = after(overdue, planRefundOf(overdue, payment, money, end))
      expect(over.subscription).toMatchObject({ status: 'canceled', endedAt: end, refunded: true })
      expect(statusAt(over.subscription, end)).toEqual({ status: 'canceled', access: false })
      expect(over.account.subscriptionId).toBeUndefined()
    },
  )

  it('keep: the ground of a credit only, by its part; parts take the whole', () => {
    const once = after(
      scene,
      planRefundOf(scene, payment, { amountMinor: 3333, plan: 'keep', historyId: 'his_1' }, now),
    )
    expect(once.subscription).toMatchObject({ status: 'active', autoRenew: true, paidMinor: 6667 })
    const rest = planRefundOf(
      once,
      { ...payment, reversedMinor: 3333 },
      { amountMinor: 6667, plan: 'keep', historyId: 'his_1' },
      now,
    )
    expect(rest.subscription.paidMinor).toBe(0)
  })

  it('of a period ahead: that period', () => {
    const paid = {
      ...scene,
      subscription: { ...scene.subscription, ahead: [{ paymentId: 'fpay_2', paidMinor: 10_000 }] },
    }
    const plan = planRefundOf(
      paid,
      { ...payment, id: 'fpay_2' },
      { amountMinor: 10_000, plan: 'period_end', historyId: 'his_1' },
      now,
    )
    expect([plan.subscription.ahead, plan.subscription.autoRenew, plan.subscription.paidMinor]).toEqual([
      undefined,
      false,
      10_000,
    ])
  })

  it('of an older period, kept: nothing', () => {
    expect(
      planRefundOf(scene, { ...payment, id: 'fpay_old' }, { amountMinor: 1, plan: 'keep', historyId: 'his_1' }, now)
        .writes,
    ).toEqual([])
  })

  it('of what is over: the way back', () => {
    const over = canceled(scene, 'now')
    const plan = planRefundOf(over, payment, { amountMinor: 10_000, plan: 'keep', historyId: 'his_1' }, now)
    expect(plan.subscription).toMatchObject({ status: 'canceled', refunded: true })
    expect(rows(plan)).toEqual(['subscription'])
  })
})

describe('what staff give', () => {
  it('more time moves the end, and later periods with it', () => {
    const scene = sceneOf()
    const until = end + 10 * dayMs
    const longer = after(scene, planExtend(scene, until, now))
    expect(longer.subscription).toMatchObject({ status: 'active', periodEnd: until, periodIndex: 0, paidMinor: 10_000 })
    expect(longer.account.accessEnd).toBe(until + graceMs)
    const ahead = { ...longer.subscription, ahead: [{ paymentId: 'p', paidMinor: 1 }] }
    expect(subscriptionDetail(ahead, {}, now)).toMatchObject({
      currentPeriodEnd: '2025-07-11T00:00:00.000Z',
      paidUntil: '2025-08-11T00:00:00.000Z',
    })
    // Its period has begun, whether or not a job has said so.
    expect(subscriptionDetail(ahead, {}, until)).toMatchObject({
      currentPeriodStart: '2025-07-11T00:00:00.000Z',
      currentPeriodEnd: '2025-08-11T00:00:00.000Z',
    })
    for (const instant of [end, end - 1]) expect(codeOf(() => planExtend(scene, instant, now))).toBe('conflict')
    expect(codeOf(() => planExtend(scene, end + 99 * dayMs, end + graceMs))).toBe('conflict')
  })

  it('more time for a period that was paid ahead and that no job has begun: that one, under its own plan', () => {
    const scene = sceneOf({ terms: growth })
    const { planId, priceId, catalogueVersion, interval } = starter
    const ahead = [{ paymentId: 'p', paidMinor: 9000, plan: { planId, priceId, catalogueVersion, interval } }]
    const paid = { ...scene, subscription: { ...scene.subscription, ahead } }
    const until = end + 60 * dayMs
    expect(codeOf(() => planExtend(paid, end + dayMs, end, starter))).toBe('conflict')
    const longer = after(paid, planExtend(paid, until, end, starter))
    expect(longer.subscription).toMatchObject({ planId, periodIndex: 1, periodStart: end, periodEnd: until })
    expect(longer.subscription).toMatchObject({ paidMinor: 9000, paymentId: 'p', firstIndex: 2 })
    expect(longer.subscription.ahead).toBeUndefined()
    expect(longer.account).toMatchObject({ plan: { planId }, accessEnd: until + graceMs })
  })

  it('a plan over a live one ends that, for good', () => {
    const { account, subscription } = sceneOf()
    const plan = planGrant(
      account,
      subscription,
      { id: 'sub_g', terms: growth, until: null, reason: 'Gift' },
      starter,
      now,
    )
    expect(plan.replaced).toMatchObject({ id: 'sub_1', status: 'canceled', endedAt: now })
    expect(plan.account).toMatchObject({ subscriptionId: 'sub_g', complimentary: true })
  })
})

describe('a plan that was bought, when staff give another', () => {
  const half = at('2025-06-16T00:00:00Z')
  const input = { asked: true, tax: noTax, credit: undefined }

  it('is kept unless they say that it is to be replaced, and not once it is over', () => {
    for (const instant of [now, end, end + graceMs - 1])
      expect(codeOf(() => planReplaced(sceneOf(), { ...input, asked: false }, instant))).toBe('conflict')
    const over = planReplaced(sceneOf(), { ...input, asked: false }, end + graceMs)
    expect(over.subscription).toMatchObject({ status: 'expired', endedAt: end + graceMs, finalOverage: {} })
    expect(over.creditMinor).toBe(0)
  })

  it('is over for good: its rest is account credit, its overage still owed, its end told', () => {
    const scene = sceneOf({ over: { ahead: [{ paymentId: 'p', paidMinor: 9000 }] } })
    const { subscription, writes, creditMinor } = planReplaced(scene, input, half)
    expect(creditMinor).toBe(5000 + 9000)
    expect(writes.map(({ row }) => row)).toEqual(['subscription', 'notice', 'credit'])
    expect(subscription).toMatchObject({ status: 'canceled', endedAt: half, paidMinor: 0, finalOverage: { at: half } })
    expect(subscription.ahead).toBeUndefined()
    const fallen = { ...scene, subscription, account: { ...scene.account, subscriptionId: 'sub_g' } }
    expect(() => planReactivate(fallen, kept, ids, half + dayMs)).toThrow('Staff gave a plan in its place')
  })

  it('has the rest of a period that was paid ahead and that no job has begun', () => {
    const scene = sceneOf({ over: { ahead: [{ paymentId: 'p', paidMinor: 9300 }] } })
    expect(planReplaced(scene, input, end + dayMs).creditMinor).toBe(9000)
    expect(planReplaced(sceneOf(), input, end + dayMs).creditMinor).toBe(0)
  })
})

describe('a reminder', () => {
  it('goes out once, and not after the end that it speaks of', () => {
    const scene = sceneOf()
    const plan = planReminder(scene, end, end - dayMs)
    expect(rows(plan)).toEqual(['subscription', 'notice'])
    expect(planReminder(after(scene, plan), end, end - dayMs).writes).toEqual([])
    expect(rows(planReminder(scene, end, end))).toEqual(['subscription'])
    expect(planReminder(scene, end + 1, end - dayMs).writes).toEqual([])
  })

  it.each([
    ['renews', {}, 'yes'],
    ['is tried again', { retry: { failed: 1, nextAt: end } }, 'yes'],
    ['was refused, and is not tried again', { retry: { failed: 1, nextAt: null } }, 'no'],
    ['ends', { autoRenew: false }, 'no'],
  ])('says of one that %s', (_, over, renews) => {
    const { writes } = planReminder(sceneOf({ over }), end, end - dayMs)
    expect(writes.find(({ row }) => row === 'notice')).toMatchObject({ data: { renews } })
  })
})

describe('what is shown', () => {
  it('follows the instant, not the last job', () => {
    const { subscription } = sceneOf()
    const shown = (instant: number) => subscriptionDetail(subscription, { a: 1 }, instant)
    expect(shown(now)).toEqual({
      id: 'sub_1',
      planId: 'starter',
      priceId: 'starter-month',
      status: 'active',
      complimentary: false,
      currentPeriodStart: '2025-06-01T00:00:00.000Z',
      currentPeriodEnd: '2025-07-01T00:00:00.000Z',
      paidUntil: '2025-07-01T00:00:00.000Z',
      daysRemaining: 29,
      cancelAtPeriodEnd: false,
      autoRenew: true,
      scheduledChange: null,
      canceledAt: null,
      cancelReason: null,
      trial: false,
      pausedAt: null,
      managedBy: null,
      paymentMethodId: 'pmt_0',
      features: { a: 1 },
      createdAt: '2025-06-01T00:00:00.000Z',
      endedAt: null,
    })
    expect(shown(end)).toMatchObject({ status: 'past_due', daysRemaining: 0, autoRenew: true })
    expect(shown(end + graceMs)).toMatchObject({ status: 'expired', daysRemaining: 0, autoRenew: false })
  })
})
