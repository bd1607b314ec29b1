import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertOrder } from '#domain/order'
import type { Payment } from '#domain/payment'
import { planChange } from '#domain/planChange'
import { changePaid, changeSubject } from '#domain/planChangePaid'
import { creditLeft } from '#domain/proration'
import { planGround, planRefundOf } from '#domain/subscriptionRefund'
import { planReplaced } from '#domain/subscriptionReplaced'
import { periodAfter } from '#domain/subscriptionState'
import type { SubscriptionScene } from '#domain/subscriptionWrite'
import { isTaxed, noTax, type TaxRule, taxOn } from '#domain/tax'
import type { PlanTerms } from '#domain/terms'
import { writesOf } from './renewalSupport.ts'
import {
  after,
  applied,
  at,
  growth,
  ids,
  paymentFor,
  planOrder,
  rule,
  sceneOf,
  start,
  termsOf,
} from './subscriptionSupport.ts'

const starter = termsOf()
const half = at('2025-06-16T00:00:00Z')
const vat: TaxRule = { name: 'VAT', rate: '19', inclusive: false }
const gst: TaxRule = { name: 'GST', rate: '18', inclusive: true }
const plansUp = [
  starter,
  growth,
  termsOf({ priceId: 'scale-month', amount: 70_000 }),
  termsOf({ priceId: 'max-month', amount: 95_001 }),
]

/** What was bought, and the payments that paid it, the first one first. */
interface Bought {
  scene: SubscriptionScene
  payments: Payment[]
}

const bought = (over: Parameters<typeof sceneOf>[0] = {}): Bought => {
  const scene = sceneOf(over)
  const { planId, priceId, name, interval } = starter
  const first = paymentFor('plan_purchase', planOrder(starter), { kind: 'plan', planId, priceId, name, interval })
  return { scene, payments: [{ ...first, id: scene.subscription.paymentId }] }
}

function changed({ scene, payments }: Bought, from: PlanTerms, to: PlanTerms, now: number, tax = noTax): Bought {
  const plan = planChange({ subscription: scene.subscription, from, to, tax, creditMinor: 0, rule }, now)
  if (plan.kind !== 'now') throw new Error(`not now: ${plan.kind}`)
  assertOrder(plan.order)
  const payment = paymentFor('plan_change', plan.order, changeSubject(scene.subscription, to, plan), {
    id: `fpay_change_${payments.length}`,
  })
  const effect = changePaid({ ...scene, credit: undefined }, payment, to, ids, now)
  return { scene: applied(scene, writesOf(effect)), payments: [...payments, payment] }
}

/** So much of one of the payments goes back, and the plan stays. */
function refunded({ scene, payments }: Bought, index: number, amountMinor: number): Bought {
  const payment = payments[index]
  if (!payment) throw new Error('no such payment')
  const plan = planRefundOf(scene, payment, { amountMinor, plan: 'keep', historyId: 'his_r' }, start)
  const next = { ...payment, reversedMinor: payment.reversedMinor + amountMinor }
  return { scene: after(scene, plan), payments: payments.map((one, at) => (at === index ? next : one)) }
}

/** All that went back of it is here again. */
function returned({ scene, payments }: Bought, index: number): Bought {
  const next = payments.map((one, at) => (at === index ? { ...one, reversedMinor: 0 } : one))
  const payment = next[index]
  if (!payment) throw new Error('no such payment')
  return { scene: after(scene, planGround(scene, payment, start)), payments: next }
}

const left = ({ scene }: Bought, now: number): number => creditLeft(scene.subscription, now)

describe('what a period is paid with, after a change', () => {
  const atOnce = changed(bought(), starter, growth, start)
  const inTheMiddle = changed(bought(), starter, growth, half)

  // Payment 0 is of 10000, payment 1 of 20000 at once, of 10000 in the middle (credit 5000, charge 15000).
  it.each<[string, Bought, number, [number, number][], number]>([
    ['nothing back', atOnce, start, [], 30_000],
    ['the first, whole', atOnce, start, [[0, 10_000]], 20_000],
    ['the first, a part', atOnce, start, [[0, 4000]], 26_000],
    ['the change, whole', atOnce, start, [[1, 20_000]], 10_000],
    ['the change, half', atOnce, start, [[1, 10_000]], 20_000],
    [
      'both, whole',
      atOnce,
      start,
      [
        [0, 10_000],
        [1, 20_000],
      ],
      0,
    ],
    [
      'both, in parts',
      atOnce,
      start,
      [
        [1, 5000],
        [0, 5000],
        [1, 15_000],
      ],
      5000,
    ],
    ['in the middle: nothing', inTheMiddle, half, [], 15_000],
    ['in the middle: the first, whole', inTheMiddle, half, [[0, 10_000]], 10_000],
    ['in the middle: the first, half', inTheMiddle, half, [[0, 5000]], 12_500],
    ['in the middle: the change, half', inTheMiddle, half, [[1, 5000]], 10_000],
  ])('is what is here of each payment: %s', (_, from, now, refunds, expected) => {
    expect(
      left(
        refunds.reduce((so, [index, amount]) => refunded(so, index, amount), from),
        now,
      ),
    ).toBe(expected)
  })

  it('a lost dispute of the first payment is the same', () => {
    const { scene, payments } = atOnce
    const [first] = payments
    if (!first) throw new Error('no payment')
    const lost = planGround(scene, { ...first, reversedMinor: 10_000 }, start)
    expect(lost.subscription.paidMinor).toBe(20_000)
  })

  it('comes back when a refund fails, and never beyond what the change found', () => {
    expect(left(returned(refunded(atOnce, 0, 4000), 0), start)).toBe(30_000)
    expect(left(returned(refunded(atOnce, 1, 7000), 1), start)).toBe(30_000)
    const before = changed(refunded(bought(), 0, 4000), starter, growth, start)
    // Credit 6000, paid 24000: a refund that fails later was no money of this period.
    expect(left(before, start)).toBe(30_000)
    expect(left(refunded(before, 0, 3000), start)).toBe(27_000)
    expect(left(returned(before, 0), start)).toBe(30_000)
  })

  it('holds over several changes, and for what was paid ahead', () => {
    const [, , scale = starter] = plansUp
    const twice = changed(atOnce, growth, scale, start)
    expect(left(refunded(twice, 0, 10_000), start)).toBe(60_000)
    expect(left(refunded(twice, 1, 20_000), start)).toBe(50_000)
    expect(left(refunded(twice, 2, 40_000), start)).toBe(30_000)
    const ahead = bought({ over: { ahead: [{ paymentId: 'fpay_ahead', paidMinor: 10_000 }] } })
    const [first] = ahead.payments
    if (!first) throw new Error('no payment')
    const paid = changed({ ...ahead, payments: [first, { ...first, id: 'fpay_ahead' }] }, starter, growth, start)
    expect(left(refunded(paid, 1, 10_000), start)).toBe(20_000)
  })

  it('where the credit is more than the new price, only what of it went there counts', () => {
    const cheap = termsOf({ priceId: 'cheap-year', interval: 'year', amount: 4000 })
    const surplus = changed(bought(), starter, cheap, start)
    expect(left(surplus, start)).toBe(4000)
    expect(left(refunded(surplus, 0, 5000), start)).toBe(2000)
    expect(left(refunded(surplus, 0, 10_000), start)).toBe(0)
  })

  it('ends with the period: the next one is paid by its own payment', () => {
    const { subscription } = atOnce.scene
    const next = periodAfter({
      ...subscription,
      ahead: [{ paymentId: 'fpay_n', paidMinor: 30_000, hereMinor: 29_000 }],
    })
    expect(next).toMatchObject({ paidMinor: 30_000, paymentId: 'fpay_n', hereMinor: 29_000 })
    expect(next.earlier).toBeUndefined()
  })

  it('is all the money that is here, and never more, whatever goes back of which payment', () => {
    const refund = fc.tuple(fc.nat({ max: 3 }), fc.integer({ min: 0, max: 100 }))
    fc.assert(
      fc.property(fc.array(fc.oneof(refund, fc.constant('up' as const)), { maxLength: 12 }), (steps) => {
        let state = bought()
        let plan = 0
        for (const step of steps) {
          if (step === 'up') {
            const [from = starter, to] = plansUp.slice(plan)
            if (!to) continue
            state = changed(state, from, to, start)
            plan += 1
            continue
          }
          const [index, part] = step
          const payment = state.payments[index]
          const amount = payment ? Math.floor((payment.amountMinor - payment.reversedMinor) * (part / 100)) : 0
          if (amount > 0) state = refunded(state, index, amount)
        }
        const here = state.payments.reduce((sum, one) => sum + one.amountMinor - one.reversedMinor, 0)
        // A share is rounded down, one unit a payment at most.
        expect(left(state, start)).toBeLessThanOrEqual(here)
        expect(left(state, start)).toBeGreaterThan(here - state.payments.length - 1)
      }),
    )
  })
})

describe('the tax of a credit', () => {
  const price = termsOf({ priceId: 'quarter', interval: 'quarter', amount: 9000 })
  const totals = (paidWith: TaxRule | undefined, tax: TaxRule) => {
    const { subscription } = sceneOf({ over: paidWith ? { tax: paidWith } : {} })
    const plan = planChange({ subscription, from: starter, to: price, tax, creditMinor: 0, rule }, start)
    if (plan.kind !== 'now') throw new Error(plan.kind)
    assertOrder(plan.order)
    const { lines, taxes, totalMinor } = plan.order
    return [...lines.map((line) => line.totalMinor), totalMinor, taxes.map(({ rate, taxMinor }) => [rate, taxMinor])]
  }

  it.each<[string, TaxRule | undefined, TaxRule, ReturnType<typeof totals>]>([
    ['none, now 19 % on top', undefined, vat, [-10_000, 10_710, 710, [['19', 1710]]]],
    ['19 % on top, now none', vat, noTax, [-11_900, 9000, -2900, [['19', -1900]]]],
    [
      '18 % within, now 19 % on top',
      gst,
      vat,
      [
        -10_000,
        10_710,
        710,
        [
          ['18', -1525],
          ['19', 1710],
        ],
      ],
    ],
    ['the same', vat, vat, [-11_900, 10_710, -1190, [['19', -190]]]],
  ])('is the one that was paid: %s', (_, paidWith, tax, expected) => {
    expect(totals(paidWith, tax)).toEqual(expected)
  })

  it('follows the money: of the change, of the next period, of a plan that staff replace', () => {
    const { scene } = changed(bought(), starter, growth, start, vat)
    expect(scene.subscription.tax).toEqual(vat)
    const ahead = [{ paymentId: 'fpay_n', paidMinor: 30_000 }]
    expect(periodAfter({ ...scene.subscription, ahead }).tax).toBeUndefined()
    const given = { asked: true, credit: undefined }
    expect(planReplaced(scene, given, start).creditMinor).toBe(35_700)
    expect(planReplaced(sceneOf(), given, start).creditMinor).toBe(10_000)
  })

  // Bought untaxed or taxed, changed under another tax: what is left is worth what is here of both payments, tax included.
  it.each<[string, TaxRule, TaxRule, number, number, number]>([
    ['none, then 19 % on top: the change back', noTax, vat, 1, 25_700, 10_000],
    ['none, then 19 % on top: half of the change back', noTax, vat, 1, 12_850, 22_850],
    ['none, then 19 % on top: the first back', noTax, vat, 0, 10_000, 25_700],
    ['19 % on top, then none: the change back', vat, noTax, 1, 18_100, 11_900],
    ['19 % on top, then none: the first back', vat, noTax, 0, 11_900, 18_100],
    ['18 % within, then 19 % on top: the change back', gst, vat, 1, 25_700, 10_000],
    ['19 % on top, twice: the change back', vat, vat, 1, 23_800, 11_900],
  ])('is worth what is here of each payment: %s', (_, before, tax, index, amountMinor, expected) => {
    const first = bought({ over: isTaxed(before) ? { tax: before } : {} })
    const [payment] = first.payments
    if (!payment) throw new Error('no payment')
    const paid = before.inclusive ? 10_000 : 10_000 + (taxOn([10_000], before)[0] ?? 0)
    const state = changed({ ...first, payments: [{ ...payment, amountMinor: paid }] }, starter, growth, start, tax)
    const left = refunded(state, index, amountMinor).scene
    expect(planReplaced(left, { asked: true, credit: undefined }, start).creditMinor).toBeGreaterThanOrEqual(
      expected - 1,
    )
    expect(planReplaced(left, { asked: true, credit: undefined }, start).creditMinor).toBeLessThanOrEqual(expected)
  })

  it('of a rest that is too small to charge is stated on the order, and not again on the next', () => {
    const late = at('2025-06-30T23:50:00Z')
    const { subscription } = sceneOf()
    const context = { subscription, from: starter, to: growth, tax: vat, creditMinor: 0, rule }
    const plan = planChange(context, late)
    if (plan.kind !== 'now' || !plan.carried) throw new Error('nothing is carried')
    assertOrder(plan.order)
    // Credit 2 without tax, 7 and 1 of tax on it.
    expect([plan.order.totalMinor, plan.order.taxMinor, plan.carried.amountMinor]).toEqual([0, 1, 6])
    const next = planChange({ ...context, subscription: { ...subscription, carried: [plan.carried] } }, start)
    if (next.kind !== 'now') throw new Error(next.kind)
    expect(next.order.lines.find(({ id }) => id === plan.carried?.id)).toMatchObject({ taxMinor: 0, totalMinor: 6 })
  })
})
