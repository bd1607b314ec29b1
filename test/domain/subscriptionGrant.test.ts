import { describe, expect, it } from 'vitest'
import { planGrant } from '#domain/subscription'
import { subscriptionDetail } from '#domain/subscriptionDetail'
import { planReactivate } from '#domain/subscriptionEnd'
import { planReplaced } from '#domain/subscriptionReplaced'
import { planExtend } from '#domain/subscriptionSchedule'
import { graceMs } from '#domain/subscriptionState'
import { noTax } from '#domain/tax'
import { dayMs } from '#domain/zone'
import { after, at, codeOf, growth, ids, kept, sceneOf, start, termsOf } from './subscriptionSupport.ts'

const end = at('2025-07-01T00:00:00Z')
const starter = termsOf()
const now = start + dayMs

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
