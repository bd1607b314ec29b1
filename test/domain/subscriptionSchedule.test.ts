import { describe, expect, it } from 'vitest'
import { planChargeStarted } from '#domain/renewalPaid'
import { subscriptionDetail } from '#domain/subscriptionDetail'
import { planReactivate } from '#domain/subscriptionEnd'
import { planReminder, planSchedule, planUnschedule } from '#domain/subscriptionSchedule'
import { graceMs, groundOf, presentPeriod } from '#domain/subscriptionState'
import type { SubscriptionScene } from '#domain/subscriptionWrite'
import { dayMs } from '#domain/zone'
import {
  after,
  applied,
  at,
  canceled,
  codeOf,
  growth,
  ids,
  kept,
  rows,
  sceneOf,
  start,
  termsOf,
} from './subscriptionSupport.ts'

const end = at('2025-07-01T00:00:00Z')
const starter = termsOf()
const now = start + dayMs

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

describe('a reminder', () => {
  const due = { endsAt: end, hasMethod: true }
  it('goes out once, and not after the end that it speaks of', () => {
    const scene = sceneOf()
    const plan = planReminder(scene, due, end - dayMs)
    expect(rows(plan)).toEqual(['subscription', 'notice'])
    expect(planReminder(after(scene, plan), due, end - dayMs).writes).toEqual([])
    expect(rows(planReminder(scene, due, end))).toEqual(['subscription'])
    expect(planReminder(scene, { ...due, endsAt: end + 1 }, end - dayMs).writes).toEqual([])
  })

  it.each([
    ['renews', {}, 'yes'],
    ['is tried again', { retry: { failed: 1, nextAt: end } }, 'yes'],
    ['was refused, and is not tried again', { retry: { failed: 1, nextAt: null } }, 'no'],
    ['ends', { autoRenew: false }, 'no'],
    ['has nothing to be charged', {}, 'no', false],
  ])('says of one that %s', (_, over, renews, hasMethod = true) => {
    const { writes } = planReminder(sceneOf({ over }), { endsAt: end, hasMethod }, end - dayMs)
    expect(writes.find(({ row }) => row === 'notice')).toMatchObject({ data: { renews } })
  })
})
