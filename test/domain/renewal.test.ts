import { describe, expect, it } from 'vitest'
import { assertOrder } from '#domain/order'
import type { Payment } from '#domain/payment'
import { planChange } from '#domain/planChange'
import { planManualRenewal, renewalName, renewalOrder } from '#domain/renewal'
import { planAdvance, renewalPaid } from '#domain/renewalPaid'
import { whatIsDue } from '#domain/subscriptionDue'
import { subscriptionEffect } from '#domain/subscriptionEffect'
import { planCancel } from '#domain/subscriptionEnd'
import { planSchedule } from '#domain/subscriptionSchedule'
import { graceMs, paidUntil } from '#domain/subscriptionState'
import type { SubscriptionScene } from '#domain/subscriptionWrite'
import { noTax } from '#domain/tax'
import type { PlanTerms } from '#domain/terms'
import { dayMs, hourMs } from '#domain/zone'
import { rowsOf as rows } from './paymentSupport.ts'
import { iso, orderOf, renewalOf, renewed, writesOf } from './renewalSupport.ts'
import { applied, at, growth, ids, rule, sceneOf, start, termsOf, yearly } from './subscriptionSupport.ts'

const starter = termsOf()
const end = at('2025-07-01T00:00:00Z')

describe('the order of a renewal', () => {
  const scene = sceneOf()
  const overage = [
    { feature: 'email', windowId: 'w1', quantity: 1201, amountMinor: 1201, name: 'E-mails' },
    { feature: 'sms', windowId: 'w1', quantity: 0, amountMinor: 0, name: 'Messages' },
  ]

  it('has the plan with its coupon, overage and what was carried without one, tax on the sum', () => {
    const subscription = {
      ...scene.subscription,
      coupon: { code: 'TEN', percentOff: 10, periodsLeft: 2 },
      carried: [{ kind: 'proration' as const, id: 'carry:1', description: 'Carried', amountMinor: 7 }],
    }
    const tax = { name: 'GST', rate: '18', inclusive: false }
    const { order } = orderOf({ ...scene, subscription }, starter, { overage, tax })
    assertOrder(order)
    expect(order.lines.map(({ kind, netMinor }) => [kind, netMinor])).toEqual([
      ['plan', 9000],
      ['overage', 1201],
      ['proration', 7],
    ])
    expect(order).toMatchObject({ taxMinor: 1837, dueMinor: 12_045 })
    expect(order.lines.map(({ id }) => id)).toContain('overage:email:w1')
  })

  it('takes account credit, and renews free of charge where it covers all', () => {
    expect(orderOf(scene, starter, { creditMinor: 4000 }).order.dueMinor).toBe(6000)
    expect(orderOf(scene, starter, { creditMinor: 10_000 }).order.dueMinor).toBe(0)
  })

  it('carries a total below the smallest charge', () => {
    const subscription = { ...scene.subscription, coupon: { code: 'C', percentOff: 99, periodsLeft: 2 } }
    const { order, carried } = orderOf({ ...scene, subscription }, termsOf({ amount: 5000 }))
    expect([order.dueMinor, order.totalMinor, carried?.amountMinor]).toEqual([0, 0, 50])
  })

  it('is overage alone after the last period, and nothing where there is none', () => {
    const context = { subscription: scene.subscription, terms: null, overage, tax: noTax, creditMinor: 0, rule }
    expect(renewalOrder(context, start)?.order.dueMinor).toBe(1201)
    expect(renewalOrder({ ...context, overage: [] }, start)).toBeUndefined()
  })

  it('has one name for a period, and another for each try after a decline', () => {
    expect([renewalName('sub_1', 3), renewalName('sub_1', 3, 1)]).toEqual(['renew:sub_1:3', 'renew:sub_1:3:1'])
  })
})

describe('a renewal that is paid', () => {
  it('on time begins the next period: subscription, account, wallet, history, notice', () => {
    const scene = sceneOf()
    const effect = renewalPaid(scene, renewalOf(scene, starter), starter, ids, end)
    expect(rows(writesOf(effect))).toEqual(['subscription', 'account', 'wallet', 'history', 'notice'])
    const after = applied(scene, writesOf(effect))
    expect(after.subscription).toMatchObject({ status: 'active', periodIndex: 1, periodStart: end, paidMinor: 10_000 })
    expect(after.account).toMatchObject({ accessEnd: at('2025-08-01T00:00:00Z') + graceMs, period: { start: end } })
    expect(after.wallet.grants.map(({ amount, source }) => [amount, source])).toContainEqual([100, 'included'])
  })

  it('before the end waits for it, and the end is later at once', () => {
    const after = renewed(sceneOf(), end - 10 * dayMs)
    expect(after.subscription).toMatchObject({ periodIndex: 0, ahead: [{ paidMinor: 10_000 }] })
    expect(iso(paidUntil(after.subscription))).toBe('2025-08-01T00:00:00.000Z')
    expect(after.account.accessEnd).toBe(at('2025-08-01T00:00:00Z') + graceMs)
    expect(planAdvance(after, undefined, end - 1).writes).toEqual([])
    const begun = applied(after, planAdvance(after, undefined, end).writes)
    expect(begun.subscription).toMatchObject({ periodIndex: 1, periodStart: end })
    expect(begun.subscription.ahead).toBeUndefined()
  })

  it('overdue is counted from the old end, and ends the retries', () => {
    const overdue = sceneOf({ over: { status: 'past_due', retry: { failed: 2, nextAt: end + 71 * hourMs } } })
    const after = renewed(overdue, end + 50 * hourMs)
    expect(after.subscription).toMatchObject({ status: 'active', periodStart: end })
    expect(after.subscription.retry).toBeUndefined()
  })

  it('late is the same as on time, but for versions', () => {
    const onTime = renewed(sceneOf(), end).subscription
    const late = renewed(sceneOf(), end + 72 * hourMs - 1).subscription
    expect(late).toEqual({ ...onTime, ...(late.remindedUntil !== undefined && { remindedUntil: late.remindedUntil }) })
  })

  it('pays what was carried, once; what came meanwhile waits for the next order', () => {
    const carried = { kind: 'proration' as const, id: 'carry:1', description: 'Carried', amountMinor: 7 }
    const scene = sceneOf({ over: { carried: [carried] } })
    const payment = renewalOf(scene, starter)
    expect(payment.amountMinor).toBe(10_007)
    const meanwhile = {
      ...scene,
      subscription: { ...scene.subscription, carried: [carried, { ...carried, id: 'carry:2' }] },
    }
    const paidFor = (from: SubscriptionScene) =>
      applied(from, writesOf(renewalPaid(from, payment, starter, ids, end))).subscription
    expect(paidFor(scene)).toMatchObject({ paidMinor: 10_000 })
    expect(paidFor(scene).carried).toBeUndefined()
    expect(paidFor(meanwhile).carried?.map(({ id }) => id)).toEqual(['carry:2'])
    const input = { scene, credit: undefined, terms: undefined, by: ids }
    const overage = subscriptionEffect(input, { ...payment, type: 'overage' }, end)
    expect(overage).toMatchObject({ kind: 'lawful', writes: [{ row: 'subscription' }] })
  })

  it('uses a period of the coupon that it carries', () => {
    const scene = sceneOf({ over: { coupon: { code: 'TEN', percentOff: 10, periodsLeft: 2 } } })
    const once = renewed(scene, end)
    expect(once.subscription).toMatchObject({ paidMinor: 9000, coupon: { periodsLeft: 1 } })
    expect(renewed(once, at('2025-08-01T00:00:00Z')).subscription.coupon).toBeUndefined()
  })

  it.each<[string, (scene: SubscriptionScene) => SubscriptionScene, Partial<Payment>, number]>([
    ['twice', (scene) => renewed(scene, end), {}, end],
    ['after the end of grace', (scene) => scene, {}, end + graceMs],
    [
      'when it was cancelled now',
      (scene) => applied(scene, planCancel(scene, { when: 'now' }, ids, end - 1).writes),
      {},
      end,
    ],
    [
      'for another price',
      (scene) => ({ ...scene, subscription: { ...scene.subscription, priceId: 'other' } }),
      {},
      end,
    ],
    [
      'for another subscription',
      (scene) => ({ ...scene, subscription: { ...scene.subscription, id: 'sub_2' } }),
      {},
      end,
    ],
  ])('%s has no effect: overtaken', (_, change, over, now) => {
    const scene = sceneOf()
    const payment = renewalOf(scene, starter, over)
    expect(renewalPaid(change(scene), payment, starter, ids, now)).toEqual({ kind: 'unlawful', reason: 'overtaken' })
  })

  it('reaches settlement by type: overage is owed whatever became of the plan', () => {
    const scene = sceneOf()
    const payment = renewalOf(scene, starter)
    const input = { scene, credit: undefined, terms: starter, by: ids }
    expect(subscriptionEffect(input, payment, end)?.kind).toBe('lawful')
    expect(subscriptionEffect({ ...input, scene: undefined }, payment, end)).toEqual({
      kind: 'unlawful',
      reason: 'overtaken',
    })
    expect(subscriptionEffect(input, { ...payment, type: 'overage' }, end + 1e11)).toEqual({
      kind: 'lawful',
      writes: [],
    })
  })
})

describe('a scheduled change', () => {
  const onGrowth = sceneOf({ terms: growth })
  const scheduled = (to: PlanTerms, scene = onGrowth, from = growth) => {
    const input = { subscription: scene.subscription, from, to, tax: noTax, creditMinor: 0, rule }
    const plan = planChange(input, start + dayMs)
    if (plan.kind !== 'scheduled') throw new Error(plan.kind)
    return applied(scene, planSchedule(scene, plan, to, start + dayMs).writes)
  }

  it('is renewed at its own price, and holds from then on', () => {
    const scene = scheduled(starter)
    const payment = renewalOf(scene, starter)
    const effect = renewalPaid(scene, payment, starter, ids, end)
    expect(rows(writesOf(effect))).toEqual([
      'subscription',
      'account',
      'wallet',
      'priceCount',
      'priceCount',
      'history',
      'notice',
    ])
    const after = applied(scene, writesOf(effect))
    expect(after.subscription).toMatchObject({ planId: 'starter', priceId: 'starter-month', paidMinor: 10_000 })
    expect(after.subscription.scheduledChange).toBeUndefined()
    expect(after.account.plan?.planId).toBe('starter')
  })

  it('paid ahead still waits for the end', () => {
    const ahead = renewed(scheduled(starter), end - dayMs, starter)
    expect(ahead.account.plan?.planId).toBe('growth')
    expect(whatIsDue(ahead.subscription, end)).toMatchObject([{ kind: 'advance', plan: { priceId: 'starter-month' } }])
    expect(applied(ahead, planAdvance(ahead, starter, end).writes).account.plan?.planId).toBe('starter')
  })

  it('to a shorter interval goes on from the same anchor: 31 January a year ago is the 31st again', () => {
    const from = sceneOf({ terms: yearly, at: at('2024-01-31T00:00:00Z') })
    const monthly = termsOf({ priceId: 'm' })
    const input = { subscription: from.subscription, from: yearly, to: monthly, tax: noTax, creditMinor: 0, rule }
    const plan = planChange(input, at('2024-05-01T00:00:00Z'))
    if (plan.kind !== 'scheduled') throw new Error(plan.kind)
    let scene = applied(from, planSchedule(from, plan, monthly, at('2024-05-01T00:00:00Z')).writes)
    const ends: (string | null | undefined)[] = []
    for (let k = 0; k < 3; k += 1) {
      scene = renewed(scene, scene.subscription.periodEnd ?? 0, monthly)
      ends.push(iso(scene.subscription.periodEnd)?.slice(0, 10))
    }
    expect(ends).toEqual(['2025-02-28', '2025-03-31', '2025-04-30'])
    expect(scene.subscription.periodIndex).toBe(3)
  })
})

describe('a renewal by hand', () => {
  const { subscription } = sceneOf({ autoRenew: false })
  it.each<[string, Parameters<typeof planManualRenewal>[0], string | undefined, number, string]>([
    ['while it runs', subscription, undefined, start, 'renewal'],
    ['of its own price', subscription, 'starter-month', start, 'renewal'],
    ['when it is overdue', { ...subscription, autoRenew: true }, undefined, end, 'renewal'],
    ['when it is over: a purchase', subscription, undefined, end, 'purchase'],
    ['without any, of a price', undefined, 'starter-month', start, 'purchase'],
    ['without any and any price', undefined, undefined, start, 'refused'],
    ['of another price', subscription, 'growth-month', start, 'refused'],
    ['without an end', { ...subscription, periodEnd: null }, undefined, start, 'refused'],
    [
      'while a charge is under way',
      { ...subscription, pendingCharge: { paymentId: 'p', startedAt: start } },
      undefined,
      start,
      'refused',
    ],
    ['too often', { ...subscription, ahead: [{ paymentId: 'p', paidMinor: 1 }] }, undefined, start, 'refused'],
  ])('%s', (_, state, priceId, now, expected) => {
    const asked = { maxAhead: 1, ...(priceId !== undefined && { priceId }) }
    expect(planManualRenewal(state, asked, now).kind).toBe(expected)
  })
})
