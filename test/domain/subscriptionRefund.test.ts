import { describe, expect, it } from 'vitest'
import { planReactivate } from '#domain/subscriptionEnd'
import { planGround, planRefundOf } from '#domain/subscriptionRefund'
import { statusAt } from '#domain/subscriptionState'
import { dayMs } from '#domain/zone'
import {
  after,
  at,
  canceled,
  codeOf,
  ids,
  included,
  kept,
  paymentFor,
  planOrder,
  rows,
  sceneOf,
  start,
  termsOf,
} from './subscriptionSupport.ts'

const end = at('2025-07-01T00:00:00Z')
const starter = termsOf()
const now = start + dayMs

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
