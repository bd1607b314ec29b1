import { describe, expect, it } from 'vitest'
import { subscriptionDetail } from '#domain/subscriptionDetail'
import { chargedFrom, mandateLeadMs, nextDueAt } from '#domain/subscriptionDue'
import { planAutoRenew, planCancel, planEnd, planReactivate } from '#domain/subscriptionEnd'
import { type BoughtSubscription, graceMs } from '#domain/subscriptionState'
import type { SubscriptionScene } from '#domain/subscriptionWrite'
import { dayMs } from '#domain/zone'
import {
  after,
  at,
  canceled,
  codeOf,
  ids,
  included,
  kept,
  lifetime,
  rows,
  sceneOf,
  start,
  termsOf,
} from './subscriptionSupport.ts'

const end = at('2025-07-01T00:00:00Z')
const starter = termsOf()
const now = start + dayMs

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
