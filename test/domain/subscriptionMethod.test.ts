import { describe, expect, it } from 'vitest'
import type { Payment } from '#domain/payment'
import type { RenewalMethod } from '#domain/paymentMethod'
import { planRenewalFailed, renewalPaid } from '#domain/renewalPaid'
import { whatIsDue } from '#domain/subscriptionDue'
import { boughtWith, planMethodGone, planRenewWith } from '#domain/subscriptionMethod'
import { graceMs, statusAt } from '#domain/subscriptionState'
import type { SubscriptionScene } from '#domain/subscriptionWrite'
import { hourMs } from '#domain/zone'
import { renewalOf, writesOf } from './renewalSupport.ts'
import { applied, at, sceneOf, start, termsOf } from './subscriptionSupport.ts'

const end = at('2025-07-01T00:00:00Z')
const other = { id: 'pmt_1', mandate: true }
const ids = { history: 'his_9' }
const paidAhead = { paymentId: 'fpay_1', paidMinor: 100 }

describe('the method that a subscription renews with', () => {
  it('is another one from now on; the same one again writes nothing', () => {
    const scene = sceneOf()
    expect(planRenewWith(scene, other, start).subscription).toMatchObject({ method: other, autoRenew: true })
    expect(planRenewWith(scene, { id: 'pmt_0', mandate: false }, start).writes).toEqual([])
    // That the same method is a mandate by now is news.
    expect(planRenewWith(scene, { id: 'pmt_0', mandate: true }, start).writes).not.toEqual([])
  })

  it.each([
    ['a trial that had none', { trial: true, paidMinor: 0 }, true],
    ['a trial that had this one, and did not renew', { trial: true, paidMinor: 0, method: other }, true],
    ['a trial that was cancelled', { trial: true, paidMinor: 0, canceledAt: start }, false],
    ['a trial that a period was paid after', { trial: true, paidMinor: 0, ahead: [paidAhead] }, false],
    ['what was bought without keeping a method', {}, false],
    ['what a coupon paid', { paidMinor: 0 }, false],
  ])('turns renewing on for a trial alone: %s', (_what, over, autoRenew) => {
    const scene = sceneOf({ autoRenew: false, over })
    expect(planRenewWith(scene, other, start).subscription).toMatchObject({ method: other, autoRenew })
  })

  it('gives a trial its grace', () => {
    const scene = sceneOf({ autoRenew: false, over: { trial: true, paidMinor: 0 } })
    const after = applied(scene, planRenewWith(scene, other, end - 1).writes)
    expect(after.account.accessEnd).toBe(end + graceMs)
    expect(planRenewWith(after, other, end - 1).writes).toEqual([])
    // It is over by then.
    expect(planRenewWith(scene, other, end).writes).toEqual([])
  })

  it.each([
    ['over', {}, end + graceMs],
    ['cancelled', { status: 'canceled' as const, endedAt: start }, start],
    ['the provider’s own', { managedBy: 'provider' as const }, start],
  ])('stays as it was where it is %s', (_what, over, now) => {
    const scene = sceneOf({ over })
    expect(planRenewWith(scene, other, now).writes).toEqual([])
    expect(planMethodGone(scene, { id: 'pmt_0', heir: undefined }, now).writes).toEqual([])
  })

  it('changes while it is overdue, up to the end of grace', () => {
    expect(planRenewWith(sceneOf(), other, end + graceMs - 1).subscription.method).toEqual(other)
  })
})

describe('a method that is chosen after a charge failed', () => {
  const [mandate, second, own] = [other, { id: 'pmt_2', mandate: true }, { id: 'pmt_0', mandate: false }]
  const failedAt = (hours: number, charged: RenewalMethod, present = charged) => {
    const pendingCharge = { paymentId: 'fpay_r', startedAt: end - 48 * hourMs }
    const scene = sceneOf({ over: { method: present, pendingCharge } })
    const failure = { paymentId: 'fpay_r', reason: 'declined', charged }
    return applied(scene, planRenewalFailed(scene, failure, ids, end + hours * hourMs).writes)
  }
  const chosen = (scene: SubscriptionScene, method: RenewalMethod, hours: number) =>
    applied(scene, planRenewWith(scene, method, end + hours * hourMs).writes)
  const nextAt = ({ subscription: { retry } }: SubscriptionScene) =>
    typeof retry?.nextAt === 'number' ? (retry.nextAt - end) / hourMs : retry?.nextAt

  it.each([
    ['a card at the end of what is paid', own, -5, 0],
    ['a card at once when that is over', own, 5, 5],
    ['another mandate at once', second, -5, -5],
  ])('is charged in place of a mandate: %s', (_what, method, at, expected) => {
    const scene = chosen(failedAt(-10, mandate), method, at)
    expect(nextAt(scene)).toBe(expected)
    const due = whatIsDue(scene.subscription, end + expected * hourMs)
    expect(due).toContainEqual(expect.objectContaining({ kind: 'charge', failed: 1 }))
  })

  it('is charged in place of a card that was tried to the last', () => {
    const scene = failedAt(71, own)
    expect(nextAt(scene)).toBeNull()
    expect(nextAt(chosen(scene, { id: 'pmt_3', mandate: false }, 71.5))).toBe(71.5)
  })

  it('leaves a retry that waits where it was', () => {
    expect(nextAt(chosen(failedAt(0, own), second, 5))).toBe(24)
  })

  it('is not debited twice in a cycle, however often it is chosen', () => {
    const back = chosen(chosen(failedAt(-10, mandate), own, -5), mandate, -4)
    expect(nextAt(back)).toBeNull()
    expect(nextAt(chosen(back, second, -3))).toBe(-3)
  })

  it('before the charge failed is tried once that did', () => {
    expect(nextAt(failedAt(-10, mandate, own))).toBe(0)
    expect(nextAt(failedAt(-10, mandate, second))).toBe(-10)
    expect(nextAt(failedAt(2, own, second))).toBe(2)
  })
})

describe('a method that is gone', () => {
  it('is another subscription’s business when this one renews with another', () => {
    expect(planMethodGone(sceneOf(), { id: 'pmt_7', heir: undefined }, start).writes).toEqual([])
  })

  it('leaves its place to the default', () => {
    const { subscription } = planMethodGone(sceneOf(), { id: 'pmt_0', heir: other }, start)
    expect(subscription).toMatchObject({ method: other, autoRenew: true })
    expect(subscription).not.toHaveProperty('canceledAt')
  })

  it('leaves a subscription that renews with whatever is the default to the next default', () => {
    const { method: _own, ...subscription } = sceneOf().subscription
    const scene = { ...sceneOf(), subscription }
    expect(planMethodGone(scene, { id: 'pmt_0', heir: other }, start).writes).toEqual([])
    expect(planMethodGone(scene, { id: 'pmt_0', heir: undefined }, start).writes).toEqual([])
  })

  it.each([
    ['a plan', {}],
    ['a trial', { trial: true, paidMinor: 0, status: 'trialing' as const }],
  ])('ends nothing when none is left, as nobody asked for it: %s is overdue at its end', (_what, over) => {
    const scene = sceneOf({ over })
    const { status, ver } = scene.subscription
    const { subscription } = planMethodGone(scene, { id: 'pmt_0', heir: undefined }, start)
    expect(subscription).toMatchObject({ status, autoRenew: true, ver: ver + 1 })
    expect(subscription).not.toHaveProperty('method')
    expect(subscription).not.toHaveProperty('canceledAt')
    expect(statusAt(subscription, end)).toEqual({ status: 'past_due', access: true })
    expect(statusAt(subscription, end + graceMs)).toEqual({ status: 'expired', access: false })
    expect(whatIsDue(subscription, end)).toContainEqual(expect.objectContaining({ kind: 'charge', failed: 0 }))
    const unpaid = planRenewalFailed({ ...scene, subscription }, { paymentId: null, reason: 'none' }, ids, end)
    expect(unpaid.subscription).toMatchObject({ status: 'past_due', retry: { failed: 1, nextAt: end + 24 * hourMs } })
  })

  it('leaves its place to the next one that becomes the default', () => {
    const scene = sceneOf()
    const bare = applied(scene, planMethodGone(scene, { id: 'pmt_0', heir: undefined }, start).writes)
    expect(planRenewWith(bare, other, end + 1).subscription).toMatchObject({ method: other, autoRenew: true })
  })

  it('when none is left leaves the charge under way, and what it is for', () => {
    const pendingCharge = { paymentId: 'fpay_r', startedAt: end - 48 * hourMs, processing: true }
    const { planId, priceId, catalogueVersion, interval } = termsOf({ priceId: 'next' })
    const scheduledChange = { planId, priceId, catalogueVersion, interval, at: start }
    const scene = sceneOf({ over: { pendingCharge, scheduledChange } })
    const { subscription } = planMethodGone(scene, { id: 'pmt_0', heir: undefined }, end - 1)
    expect(subscription).toMatchObject({ autoRenew: true, pendingCharge, scheduledChange })
    expect(statusAt(subscription, end)).toEqual({ status: 'past_due', access: true })
  })

  it('when none is left leaves one that is overdue its grace', () => {
    const { subscription } = planMethodGone(sceneOf(), { id: 'pmt_0', heir: undefined }, end + 1)
    expect(statusAt(subscription, end + graceMs - 1)).toEqual({ status: 'past_due', access: true })
    expect(statusAt(subscription, end + graceMs)).toEqual({ status: 'expired', access: false })
  })

  it('is only forgotten where it was to end anyway', () => {
    const scene = sceneOf({ autoRenew: false, over: { method: { id: 'pmt_0', mandate: false } } })
    const { subscription } = planMethodGone(scene, { id: 'pmt_0', heir: undefined }, start)
    expect(subscription).not.toHaveProperty('method')
    expect(subscription).toMatchObject({ autoRenew: false })
    expect(subscription).not.toHaveProperty('canceledAt')
  })
})

describe('the method that money brings', () => {
  const renewing = sceneOf().subscription
  const { method: own, ...bought } = renewing
  const trial = { ...bought, trial: true as const, autoRenew: false, paidMinor: 0 }
  const free = { ...bought, autoRenew: false, paidMinor: 0 }
  const failed = { ...renewing, retry: { failed: 1, nextAt: end + 24 * hourMs } }

  it.each([
    ['a trial that had none', trial],
    ['a trial that has one and does not renew', { ...trial, method: own ?? other }],
    ['what a coupon paid', free],
    ['what a coupon paid, the period ahead as well', { ...free, ahead: [{ ...paidAhead, paidMinor: 0 }] }],
    ['what could not be charged', failed],
    ['what could not be charged any more', { ...failed, retry: { failed: 4, nextAt: null } }],
    ['what had nothing to be charged', { ...bought, retry: failed.retry }],
  ])('renews %s', (_, subscription) => {
    expect(boughtWith(subscription, other)).toEqual({ ...subscription, method: other, autoRenew: true })
  })

  it.each([
    ['bought for money by who did not keep a method', { ...bought, autoRenew: false }, other],
    ['paid before', { ...trial, ahead: [paidAhead] }, other],
    ['cancelled', { ...trial, canceledAt: start }, other],
    ['cancelled, and paid by a coupon', { ...free, canceledAt: start }, other],
    ['cancelled when it was overdue', { ...failed, autoRenew: false, canceledAt: end }, other],
    ['renewed by another that has not failed', renewing, other],
    ['renewed by this very one', failed, own],
    ['without an end', { ...trial, periodEnd: null }, other],
    ['not kept', trial, undefined],
    ['not kept, and could not be charged', failed, undefined],
  ])('leaves one alone that is %s', (_, subscription, method) => {
    expect(boughtWith(subscription, method)).toBe(subscription)
  })
})

describe('a renewal that is paid after its charge failed', () => {
  const terms = termsOf()
  const scene = sceneOf({ over: { retry: { failed: 1, nextAt: end + 24 * hourMs } } })
  const paid = (over: Partial<Payment>) => {
    const by = { ...ids, providerPaymentId: 'pay_9', method: other }
    const effect = renewalPaid(scene, renewalOf(scene, terms, over), terms, by, end + hourMs)
    return applied(scene, writesOf(effect)).subscription
  }

  it('by hand renews with what paid it from then on', () => {
    const subscription = paid({})
    expect(subscription).toMatchObject({ status: 'active', periodIndex: 1, method: other, autoRenew: true })
    expect(subscription).not.toHaveProperty('retry')
  })

  it('by itself leaves the method that was chosen while it was charged', () => {
    expect(paid({ followed: true })).toMatchObject({ periodIndex: 1, method: { id: 'pmt_0' } })
  })
})
