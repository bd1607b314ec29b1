import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertOrder } from '#domain/order'
import type { Payment } from '#domain/payment'
import { afterFact } from '#domain/paymentFact'
import type { PaymentWrite } from '#domain/paymentWrite'
import { planChange } from '#domain/planChange'
import { changePaid, changeSubject } from '#domain/planChangePaid'
import { planManualRenewal, type RenewalContext, renewalName, renewalOrder, renewalSubject } from '#domain/renewal'
import {
  followCharge,
  planAdvance,
  planChargeHeard,
  planChargeProcessing,
  planChargeStarted,
  planRenewalFailed,
  renewalPaid,
} from '#domain/renewalPaid'
import type { OtherEffect } from '#domain/settlementEffect'
import { isLive } from '#domain/subscription'
import { debitAfter, nextDueAt, whatIsDue } from '#domain/subscriptionDue'
import { subscriptionEffect } from '#domain/subscriptionEffect'
import { planCancel, planEnd } from '#domain/subscriptionEnd'
import { planExtend, planSchedule } from '#domain/subscriptionSchedule'
import { type BoughtSubscription, graceMs, paidUntil, statusAt } from '#domain/subscriptionState'
import type { SubscriptionScene } from '#domain/subscriptionWrite'
import { noTax } from '#domain/tax'
import type { Interval, PlanTerms } from '#domain/terms'
import { dayMs, hourMs } from '#domain/zone'
import {
  applied,
  at,
  growth,
  ids,
  lifetime,
  paymentFor,
  rule,
  sceneOf,
  start,
  termsOf,
  yearly,
} from './subscriptionSupport.ts'

const starter = termsOf()
const end = at('2025-07-01T00:00:00Z')
const orderOf = (scene: SubscriptionScene, terms: PlanTerms, over: Partial<RenewalContext> = {}) => {
  const input = { subscription: scene.subscription, terms, overage: [], tax: noTax, creditMinor: 0, rule, ...over }
  const priced = renewalOrder(input, start)
  if (!priced) throw new Error('nothing to ask for')
  return priced
}
const renewalOf = (scene: SubscriptionScene, terms: PlanTerms, over: Partial<Payment> = {}): Payment => {
  const { order, carried } = orderOf(scene, terms)
  const subject = renewalSubject(scene.subscription, carried)
  return paymentFor('renewal', order, subject, {
    id: `fpay_${scene.subscription.periodIndex}_${order.dueMinor}`,
    ...over,
  })
}
const writesOf = (effect: OtherEffect): PaymentWrite[] => {
  if (effect.kind !== 'lawful') throw new Error(effect.reason)
  return effect.writes
}
const renewed = (scene: SubscriptionScene, now: number, terms = starter): SubscriptionScene =>
  applied(scene, writesOf(renewalPaid(scene, renewalOf(scene, terms), terms, ids, now)))
const rows = (writes: readonly PaymentWrite[]) => writes.map(({ row }) => row)
const iso = (instant: number | null | undefined) =>
  typeof instant === 'number' ? new Date(instant).toISOString() : instant

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

const anchors: [string, string, Interval, string[]][] = [
  [
    '2025-01-31T10:00:00Z',
    'UTC',
    'month',
    ['2025-02-28T10:00:00.000Z', '2025-03-31T10:00:00.000Z', '2025-04-30T10:00:00.000Z'],
  ],
  ['2025-01-30T10:00:00Z', 'UTC', 'month', ['2025-02-28T10:00:00.000Z', '2025-03-30T10:00:00.000Z']],
  [
    '2024-02-29T00:00:00Z',
    'UTC',
    'year',
    ['2025-02-28T00:00:00.000Z', '2026-02-28T00:00:00.000Z', '2027-02-28T00:00:00.000Z', '2028-02-29T00:00:00.000Z'],
  ],
  ['2024-11-30T00:00:00Z', 'UTC', 'quarter', ['2025-02-28T00:00:00.000Z', '2025-05-30T00:00:00.000Z']],
  ['2025-01-30T20:00:00Z', 'Asia/Kolkata', 'month', ['2025-02-27T20:00:00.000Z', '2025-03-30T20:00:00.000Z']],
  ['2025-02-09T07:30:00Z', 'America/New_York', 'month', ['2025-03-09T07:30:00.000Z', '2025-04-09T06:30:00.000Z']],
  ['2025-10-02T05:30:00Z', 'America/New_York', 'month', ['2025-11-02T05:30:00.000Z', '2025-12-02T06:30:00.000Z']],
  ['2025-09-05T00:00:00Z', 'Australia/Lord_Howe', 'month', ['2025-10-04T23:30:00.000Z', '2025-11-04T23:30:00.000Z']],
  ['2011-11-30T22:00:00Z', 'Pacific/Apia', 'month', ['2011-12-30T22:00:00.000Z', '2012-01-29T22:00:00.000Z']],
]

describe('periods of a subscription', () => {
  it.each(anchors)('from %s in %s by %s', (anchor, zone, interval, ends) => {
    let scene = sceneOf({ at: at(anchor), zone, terms: termsOf({ interval }) })
    const found = [iso(scene.subscription.periodEnd)]
    while (found.length < ends.length) {
      scene = renewed(scene, scene.subscription.periodEnd ?? 0, termsOf({ interval }))
      found.push(iso(scene.subscription.periodEnd))
    }
    expect(found).toEqual(ends)
  })

  it.each(['UTC', 'Asia/Kolkata', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia'])(
    'five years in %s, paid up to a day late: no drift, no gap, no overlap',
    (zone) => {
      const early = at('2011-01-01T00:00:00Z')
      fc.assert(
        fc.property(
          fc.integer({ min: early, max: at('2025-01-01T00:00:00Z') }),
          fc.constantFrom<Interval>('month', 'quarter', 'year'),
          fc.integer({ min: 0, max: dayMs }),
          (anchor, interval, late) => {
            const terms = termsOf({ interval })
            let scene = sceneOf({ at: anchor, zone, terms })
            for (let k = 0; k < { month: 60, quarter: 20, year: 5, 'one-time': 0, lifetime: 0 }[interval]; k += 1) {
              const before = scene.subscription
              const due = before.periodEnd ?? 0
              scene = renewed(scene, due + late, terms)
              expect(scene.subscription.periodStart).toBe(due)
              expect(scene.subscription.periodIndex).toBe(k + 1)
            }
            const months = { month: 1, quarter: 3, year: 12, 'one-time': 0, lifetime: 0 }[interval]
            const other = sceneOf({ at: anchor, zone, terms: termsOf({ interval: 'year' }) }).subscription
            const year = other.periodEnd ?? 0
            const first = 12 / months - 1
            // The year's end is the end of its twelfth month.
            expect(
              paidUntil({
                ...sceneOf({ at: anchor, zone, terms }).subscription,
                ahead: Array.from({ length: first }, () => ({ paymentId: 'p', paidMinor: 1 })),
              }),
            ).toBe(year)
          },
        ),
        { numRuns: 6 },
      )
    },
    30_000,
  )
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

describe('a charge that fails', () => {
  const scene = sceneOf()
  const without = ({ pendingCharge: _over, ...rest }: BoughtSubscription) => rest
  const failed = (from: SubscriptionScene, now: number, reason = 'declined') => {
    const { method } = from.subscription
    const charged = applied(from, planChargeStarted(from, { paymentId: 'fpay_r' }, now).writes)
    const failure = { paymentId: 'fpay_r', reason, ...(method && { charged: method }) }
    return applied(charged, planRenewalFailed(charged, failure, ids, now).writes)
  }

  it('is overdue and tried at 24, 48 and 71 hours, then expired', () => {
    let state = scene
    const tries: number[] = []
    for (
      let due = nextDueAt({ ...state.subscription, remindedUntil: end });
      due !== null && isLive(state.subscription);
      due = nextDueAt(state.subscription)
    ) {
      expect(tries.length).toBeLessThan(5)
      const [action] = whatIsDue(state.subscription, due)
      if (action?.kind === 'charge') {
        tries.push((due - end) / hourMs)
        state = failed(state, due)
        expect(statusAt(state.subscription, due)).toEqual({ status: 'past_due', access: true })
      } else {
        expect(due).toBe(end + graceMs)
        state = applied(state, planEnd(state, ids, due).writes)
      }
    }
    expect(tries).toEqual([0, 24, 48, 71])
    expect(state.subscription).toMatchObject({ status: 'expired', endedAt: end + graceMs })
    expect(state.subscription.finalOverage).toEqual({ at: end + graceMs })
    expect(state.account.plan?.planId).toBe('free')
    expect(state.account.accessEnd).toBeUndefined()
  })

  it('told twice counts once', () => {
    const once = failed(scene, end)
    expect(planRenewalFailed(once, { paymentId: 'fpay_r', reason: 'declined' }, ids, end).writes).toEqual([])
    const missing = applied(scene, planRenewalFailed(scene, { paymentId: null, reason: 'no_method' }, ids, end).writes)
    expect(missing.subscription.retry).toEqual({ failed: 1, nextAt: end + 24 * hourMs })
    expect(planRenewalFailed(missing, { paymentId: null, reason: 'no_method' }, ids, end).writes).toEqual([])
  })

  it('late is tried at what is left of the schedule', () => {
    expect(failed(scene, end + 30 * hourMs).subscription.retry).toEqual({ failed: 1, nextAt: end + 48 * hourMs })
    expect(failed(scene, end + 71 * hourMs).subscription.retry).toEqual({ failed: 1, nextAt: null })
  })

  it.each([
    ['48 hours ahead at the period’s end', -48 * hourMs, 0],
    ['25 hours ahead still', -25 * hourMs, 0],
    ['later a day and an hour from then', -25 * hourMs + 1, 1],
    ['when it is overdue too', 10 * hourMs, 35 * hourMs],
  ])('a mandate is debited %s', (_, at, expected) => {
    expect(debitAfter(sceneOf().subscription, end + at) - end).toBe(expected)
  })

  it('of a mandate is not tried again by itself', () => {
    const mandate = sceneOf({ over: { method: { id: 'pmt_1', mandate: true } } })
    const state = failed(mandate, end - 10 * hourMs)
    expect(state.subscription).toMatchObject({
      status: 'active',
      retry: { failed: 1, nextAt: null, debited: ['pmt_1'] },
    })
    expect(statusAt(state.subscription, end)).toEqual({ status: 'past_due', access: true })
    expect(nextDueAt({ ...state.subscription, remindedUntil: end })).toBe(end + graceMs)
  })

  it('under way keeps access beyond grace; failed then, it is over at once', () => {
    const charged = applied(scene, planChargeStarted(scene, { paymentId: 'fpay_r' }, end).writes)
    const waiting = applied(charged, planChargeProcessing(charged, end).writes)
    const later = end + 5 * dayMs
    expect(waiting.account.accessEnd).toBe(end + 30 * dayMs)
    expect(planEnd(waiting, ids, later).writes).toEqual([])
    const over = applied(
      waiting,
      planRenewalFailed(waiting, { paymentId: 'fpay_r', reason: 'bank' }, ids, later).writes,
    )
    expect(over.subscription).toMatchObject({ status: 'expired', endedAt: end + graceMs })
  })

  it('after the end is over too, and nothing waits for it', () => {
    const charged = applied(scene, planChargeStarted(scene, { paymentId: 'fpay_r' }, end + 71 * hourMs).writes)
    const ended = applied(charged, planEnd(charged, ids, end + graceMs).writes)
    expect(ended.subscription).toMatchObject({ status: 'expired', pendingCharge: { paymentId: 'fpay_r' } })
    const failure = { paymentId: 'fpay_r', reason: 'declined' }
    const heard = applied(ended, planRenewalFailed(ended, failure, ids, end + 90 * hourMs).writes)
    expect(heard.subscription).toEqual({ ...without(ended.subscription), ver: ended.subscription.ver + 1 })
    expect(heard.account).toEqual(ended.account)
    expect(planRenewalFailed(heard, failure, ids, end + 91 * hourMs).writes).toEqual([])
    expect(planRenewalFailed(heard, { ...failure, paymentId: null }, ids, end + 91 * hourMs).writes).toEqual([])
  })

  it('of a plan that has no end any more is over, and not overdue', () => {
    const endless = sceneOf({ terms: lifetime, over: { pendingCharge: { paymentId: 'fpay_r', startedAt: start } } })
    const heard = planRenewalFailed(endless, { paymentId: 'fpay_r', reason: 'declined' }, ids, end)
    expect(applied(endless, heard.writes).subscription).toEqual({ ...without(endless.subscription), ver: 2 })
  })

  it('before its time, because staff gave time meanwhile, is no failure of the period', () => {
    const charged = applied(scene, planChargeStarted(scene, { paymentId: 'fpay_r' }, end).writes)
    const extended = applied(charged, planExtend(charged, end + 40 * dayMs, end + hourMs).writes)
    const failure = { paymentId: 'fpay_r', reason: 'declined' }
    const heard = applied(extended, planRenewalFailed(extended, failure, ids, end + 2 * hourMs).writes)
    expect(heard.subscription).toMatchObject({ status: 'active' })
    expect(heard.subscription.retry).toBeUndefined()
    expect(whatIsDue(heard.subscription, end + 40 * dayMs)).toMatchObject([{ kind: 'charge', at: end + 40 * dayMs }])
  })

  it('is followed by its payment: unknown, processing, failed, paid', () => {
    const payment = renewalOf(scene, starter, { id: 'fpay_r' })
    const charged = applied(scene, planChargeStarted(scene, { paymentId: 'fpay_r' }, end).writes)
    const kindOf = (seen: Payment) => followCharge(charged, seen, ids, end + hourMs).kind
    const processing = afterFact(payment, { kind: 'processing', at: end }, end)
    expect(kindOf(payment)).toBe('unknown')
    expect(kindOf(processing)).toBe('processing')
    expect(kindOf(afterFact(payment, { kind: 'failed', at: end }, end))).toBe('failed')
    expect(kindOf({ ...payment, settled: { at: end, as: 'granted', providerPaymentId: 'pay_1' } })).toBe('settled')
  })

  it('is followed at once when its provider says that it failed, and as before once it was looked at', () => {
    const charged = applied(scene, planChargeStarted(scene, { paymentId: 'fpay_r' }, end).writes)
    const looked = applied(charged, planChargeProcessing(charged, end + 8 * hourMs).writes)
    const now = end + 9 * hourMs
    expect(whatIsDue(looked.subscription, now)).toEqual([])
    expect(planChargeHeard(looked, 'fpay_other', now).writes).toEqual([])
    const told = applied(looked, planChargeHeard(looked, 'fpay_r', now).writes)
    expect(whatIsDue(told.subscription, now)).toMatchObject([{ kind: 'follow', paymentId: 'fpay_r' }])
    expect(planChargeHeard(told, 'fpay_r', now).writes).toEqual([])
    const again = applied(told, planChargeProcessing(told, now).writes)
    expect(whatIsDue(again.subscription, now)).toEqual([])
  })

  it('held for staff is paid: the period is not charged again by itself, and is over with its grace', () => {
    const payment = renewalOf(scene, starter, { id: 'fpay_r' })
    const charged = applied(scene, planChargeStarted(scene, { paymentId: 'fpay_r' }, end).writes)
    const held: Payment = { ...payment, settled: { at: end, as: 'held', providerPaymentId: 'pay_1' } }
    const follow = followCharge(charged, held, ids, end + hourMs)
    if (follow.kind !== 'failed') throw new Error(follow.kind)
    const { subscription } = applied(charged, follow.plan.writes)
    expect(subscription).toMatchObject({ status: 'past_due', retry: { nextAt: null } })
    expect(subscription.pendingCharge).toBeUndefined()
    expect(whatIsDue(subscription, end + graceMs)).toMatchObject([{ kind: 'end', at: end + graceMs }])
  })

  it('cancelled while it is under way: the money goes back when it is in', () => {
    const charged = applied(scene, planChargeStarted(scene, { paymentId: 'fpay_r' }, end - dayMs).writes)
    const asked = applied(charged, planCancel(charged, { when: 'period_end' }, ids, end - hourMs).writes)
    const payment = renewalOf(scene, starter, { id: 'fpay_r' })
    expect(renewalPaid(asked, payment, starter, ids, end - 1)).toEqual({ kind: 'unlawful', reason: 'overtaken' })
    const settled: Payment = { ...payment, settled: { at: end, as: 'account_credit', providerPaymentId: 'pay_1' } }
    const follow = followCharge(asked, settled, ids, end)
    expect(follow).toMatchObject({ kind: 'settled', refund: true })
    expect(asked.account.accessEnd).toBe(end)
  })
})

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
