import { describe, expect, it } from 'vitest'
import { planChange } from '#domain/planChange'
import { changePaid, changeSubject } from '#domain/planChangePaid'
import { nextDueAt } from '#domain/subscriptionDue'
import { planCancel } from '#domain/subscriptionEnd'
import type { SubscriptionScene } from '#domain/subscriptionWrite'
import { noTax } from '#domain/tax'
import type { PlanTerms } from '#domain/terms'
import { hourMs } from '#domain/zone'
import { rowsOf as rows } from './paymentSupport.ts'
import { iso, renewed, writesOf } from './renewalSupport.ts'
import {
  applied,
  at,
  growth,
  ids,
  lifetime,
  paymentFor,
  rule,
  sceneOf,
  termsOf,
  yearly,
} from './subscriptionSupport.ts'

const starter = termsOf()
const end = at('2025-07-01T00:00:00Z')

describe('a change that is paid', () => {
  const half = at('2025-06-16T00:00:00Z')
  const changed = (scene: SubscriptionScene, to: PlanTerms, now: number, pricedAt = half) => {
    const input = { subscription: scene.subscription, from: starter, to, tax: noTax, creditMinor: 0, rule }
    const plan = planChange(input, pricedAt)
    if (plan.kind !== 'now') throw new Error(plan.kind)
    const payment = paymentFor('plan_change', plan.order, changeSubject(scene.subscription, to, plan))
    return { payment, effect: changePaid({ ...scene, credit: undefined }, payment, to, ids, now) }
  }

  it('switches at once, keeps the period, replaces the allowance', () => {
    const scene = sceneOf()
    const { effect } = changed(scene, growth, half + hourMs)
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
    expect(after.subscription).toMatchObject({
      planId: 'growth',
      periodEnd: end,
      paidMinor: 15_000,
      paidFrom: half,
      periodIndex: 0,
    })
    expect(after.account.plan?.planId).toBe('growth')
    expect(after.wallet.grants.filter(({ remaining }) => remaining > 0).map(({ remaining }) => remaining)).toEqual([
      500,
    ])
  })

  it('to another interval begins a period with an index that was never used', () => {
    const scene = sceneOf()
    const after = applied(scene, writesOf(changed(scene, yearly, half).effect))
    expect(after.subscription).toMatchObject({ periodIndex: 1, periodStart: half, paidMinor: 100_000, anchor: half })
    expect(iso(after.subscription.periodEnd)).toBe('2026-06-16T00:00:00.000Z')
    expect(renewed(after, after.subscription.periodEnd ?? 0, yearly).subscription).toMatchObject({
      periodIndex: 2,
      periodEnd: at('2027-06-16T00:00:00Z'),
    })
  })

  it('to an endless plan has no end, and nothing is due any more', () => {
    const scene = sceneOf()
    const after = applied(scene, writesOf(changed(scene, lifetime, half).effect))
    expect([after.subscription.periodEnd, after.subscription.autoRenew, after.account.accessEnd]).toEqual([
      null,
      false,
      undefined,
    ])
    expect(nextDueAt(after.subscription)).toBeNull()
  })

  it('keeps a surplus as account credit, once', () => {
    const scene = sceneOf()
    const cheap = termsOf({ priceId: 'cheap-year', interval: 'year', amount: 1000 })
    const credit = writesOf(changed(scene, cheap, half).effect).find(({ row }) => row === 'credit')
    expect(credit).toMatchObject({
      change: { next: { balanceMinor: 4000 }, entry: { cause: 'surplus', amountMinor: 4000 } },
    })
  })

  it.each<[string, (scene: SubscriptionScene) => SubscriptionScene, number]>([
    [
      'when another change came first',
      (scene) => applied(scene, writesOf(changed(scene, termsOf({ priceId: 'x', amount: 20_000 }), half).effect)),
      half,
    ],
    ['when it was renewed meanwhile', (scene) => renewed(scene, half), half],
    ['when it is overdue by then', (scene) => scene, end],
    ['when it was cancelled', (scene) => applied(scene, planCancel(scene, { when: 'now' }, ids, half).writes), half],
  ])('%s is overtaken', (_, change, now) => {
    const scene = sceneOf()
    const { payment } = changed(scene, growth, half)
    const after = { ...change(scene), credit: undefined }
    expect(changePaid(after, payment, growth, ids, now)).toEqual({ kind: 'unlawful', reason: 'overtaken' })
  })
})
