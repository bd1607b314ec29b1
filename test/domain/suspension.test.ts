import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { renewalOrder, renewalSubject } from '#domain/renewal'
import { planChargeStarted, planRenewalFailed, renewalPaid } from '#domain/renewalPaid'
import { subscriptionDetail } from '#domain/subscriptionDetail'
import { type DueAction, nextDueAt, whatIsDue } from '#domain/subscriptionDue'
import { planCancel, planEnd, planReactivate } from '#domain/subscriptionEnd'
import { planReminder } from '#domain/subscriptionSchedule'
import { accessEndOf, type BoughtSubscription, graceMs, isPaused, statusAt } from '#domain/subscriptionState'
import type { SubscriptionScene } from '#domain/subscriptionWrite'
import { planSuspension } from '#domain/suspension'
import { noTax } from '#domain/tax'
import { windowAt } from '#domain/time'
import { viewWallet } from '#domain/walletView'
import { dayMs, hourMs } from '#domain/zone'
import {
  applied,
  at,
  ids,
  paymentFor,
  rule,
  type SceneOptions,
  sceneOf,
  start,
  termsOf,
} from './subscriptionSupport.ts'

const end = at('2025-07-01T00:00:00Z')
const terms = termsOf()
const told = (scene: SubscriptionScene, suspended: boolean, now: number): SubscriptionScene =>
  applied(scene, planSuspension(scene, suspended, undefined, now).writes)
const suspended = (scene: SubscriptionScene, now: number) => told(scene, true, now)
const lifted = (scene: SubscriptionScene, now: number) => told(scene, false, now)
const kinds = (subscription: BoughtSubscription, now: number) => whatIsDue(subscription, now).map(({ kind }) => kind)
const overdue = (failed: number, nextAt: number | null): SceneOptions => ({
  over: { status: 'past_due', retry: { failed, nextAt } },
})
const balance = ({ wallet }: SubscriptionScene, now: number) => viewWallet(wallet, now, windowAt).balance

/** A renewal that is paid at an instant, on the scene as it is. */
function paidRenewal(scene: SubscriptionScene, now: number): SubscriptionScene {
  const { subscription } = scene
  const priced = renewalOrder({ subscription, terms, overage: [], tax: noTax, creditMinor: 0, rule }, now)
  if (!priced) throw new Error('nothing to ask for')
  const payment = paymentFor('renewal', priced.order, renewalSubject(subscription), { id: 'fpay_renewal' })
  const effect = renewalPaid(scene, payment, terms, ids, now)
  if (effect.kind !== 'lawful') throw new Error(effect.reason)
  return applied(scene, effect.writes)
}

describe('while an account is suspended', () => {
  it.each<[string, SceneOptions, number]>([
    ['in its period', {}, start + dayMs],
    ['on trial', { over: { status: 'trialing', trial: true } }, start + dayMs],
    ['without a method', { autoRenew: false }, end - 1],
    ['at the last instant of its period', {}, end - 1],
    ['overdue', overdue(1, end + 24 * hourMs), end + hourMs],
    ['at the last instant of grace', overdue(4, null), end + graceMs - 1],
    ['a mandate’s', { over: { method: { id: 'pmt_0', mandate: true } } }, end - 3 * dayMs],
  ])('one %s waits for nothing, however long that is', (_, options, from) => {
    const { subscription, account } = suspended(sceneOf(options), from)
    expect(subscription.pausedAt).toBe(from)
    expect(isPaused(subscription)).toBe(true)
    expect([nextDueAt(subscription), accessEndOf(subscription), account.accessEnd]).toEqual([null, null, undefined])
    for (const now of [from, end, end + graceMs, end + 400 * dayMs]) {
      expect(kinds(subscription, now)).toEqual([])
      expect(statusAt(subscription, now).access).toBe(true)
      expect(planEnd({ ...sceneOf(options), subscription, account }, ids, now).writes).toEqual([])
    }
  })

  it('it reads as what it is: running, then overdue, and since when it stands still', () => {
    const { subscription } = suspended(sceneOf(), start + dayMs)
    const at = (now: number) => subscriptionDetail(subscription, {}, now)
    expect(at(end - 1)).toMatchObject({ status: 'active', pausedAt: '2025-06-02T00:00:00.000Z', endedAt: null })
    expect(at(end + 30 * dayMs)).toMatchObject({ status: 'past_due', pausedAt: '2025-06-02T00:00:00.000Z' })
    expect(subscriptionDetail(sceneOf().subscription, {}, start).pausedAt).toBeNull()
  })

  it('what somebody asked to end ends with its period', () => {
    const scene = sceneOf()
    const asked = applied(scene, planCancel(scene, { when: 'period_end' }, ids, start).writes)
    const still = suspended(asked, start + dayMs)
    expect([accessEndOf(still.subscription), still.account.accessEnd]).toEqual([end, end])
    expect(planEnd(still, ids, end).subscription).toMatchObject({ status: 'canceled', endedAt: end })
    expect(planEnd(still, ids, end).subscription.pausedAt).toBeUndefined()
  })

  it('what is over already, and what a provider renews, is left as it is', () => {
    const over = planSuspension(sceneOf({ autoRenew: false }), true, undefined, end)
    expect(over.writes.map(({ row }) => row)).toEqual(['account', 'wallet'])
    const managed = suspended(sceneOf({ over: { managedBy: 'provider' } }), start)
    expect(isPaused(managed.subscription)).toBe(false)
    expect(nextDueAt(managed.subscription)).toBe(end + graceMs)
  })

  it('a charge under way is heard; one that fails counts, and is not tried again', () => {
    const begun = sceneOf()
    const charging = applied(begun, planChargeStarted(begun, { paymentId: 'fpay_m' }, end - 2 * dayMs).writes)
    const still = suspended(charging, end - dayMs)
    expect(whatIsDue(still.subscription, end)).toMatchObject([{ kind: 'follow', paymentId: 'fpay_m' }])
    const failure = { paymentId: 'fpay_m', reason: 'declined' }
    const failed = applied(still, planRenewalFailed(still, failure, ids, end + 10 * dayMs).writes)
    expect(failed.subscription).toMatchObject({ status: 'past_due', retry: { failed: 1 } })
    expect(nextDueAt(failed.subscription)).toBeNull()
  })

  it('a charge that comes in is a period: after the present one, or from now where that is over', () => {
    const early = paidRenewal(suspended(sceneOf(), start), end - 1).subscription
    expect(early).toMatchObject({ periodEnd: end, ahead: [{ paymentId: 'fpay_renewal' }], pausedAt: start })
    // What is paid ahead begins at its time, and goes by like any paid time.
    expect(whatIsDue(early, end)).toMatchObject([{ kind: 'advance', at: end }])
    const late = paidRenewal(suspended(sceneOf(), start), end + 40 * dayMs)
    expect(late.subscription).toMatchObject({
      status: 'active',
      periodIndex: 1,
      periodStart: end + 40 * dayMs,
      periodEnd: at('2025-09-10T00:00:00Z'),
      pausedAt: start,
    })
    expect(nextDueAt(late.subscription)).toBeNull()
  })

  it('its credits stay, and no new ones come for what is not paid', () => {
    const still = suspended(sceneOf(), start + dayMs)
    expect(still.wallet.suspended).toBe(true)
    expect([balance(still, end - 1), balance(still, end + 90 * dayMs)]).toEqual([100, 0])
  })

  it('twice is once', () => {
    const still = suspended(sceneOf(), start)
    expect(planSuspension(still, true, undefined, start + 1).writes).toEqual([])
    expect(planSuspension(sceneOf(), false, undefined, start).writes).toEqual([])
  })
})

describe('when it is lifted', () => {
  it('within the period all is as it was before', () => {
    const scene = sceneOf()
    const after = lifted(suspended(scene, start + dayMs), start + 9 * dayMs)
    const { ver: _ver, ...subscription } = after.subscription
    const { ver: _seen, ...before } = scene.subscription
    expect(subscription).toEqual(before)
    expect(after.account).toMatchObject({ suspended: false, accessEnd: scene.account.accessEnd })
    expect(nextDueAt(after.subscription)).toBe(nextDueAt(scene.subscription))
    expect(balance(after, start + 9 * dayMs)).toBe(100)
  })

  it.each<[string, SceneOptions, number, DueAction['kind'][]]>([
    ['a period that ended meanwhile is charged', {}, end - dayMs, ['charge']],
    ['a trial that ended meanwhile is charged', { over: { status: 'trialing', trial: true } }, start, ['charge']],
    ['grace that was running begins anew, with a try', overdue(2, end + 48 * hourMs), end + 25 * hourMs, ['charge']],
    ['grace whose tries were over begins anew, too', overdue(4, null), end + 71 * hourMs, ['charge']],
    [
      'a mandate that was not debited is',
      { over: { method: { id: 'pmt_0', mandate: true } } },
      end - 3 * dayMs,
      ['charge'],
    ],
    [
      'a mandate that failed is not debited again by itself',
      { over: { ...overdue(1, null).over, method: { id: 'pmt_0', mandate: true } } },
      end + hourMs,
      [],
    ],
    ['without a method it is over', { autoRenew: false }, end - dayMs, ['end']],
  ])('%s, and all counts from there', (_, options, from, due) => {
    const now = end + 100 * dayMs
    const after = lifted(suspended(sceneOf(options), from), now)
    const { subscription, account } = after
    expect(subscription).toMatchObject({ periodEnd: now, anchor: now })
    expect(kinds(subscription, now)).toEqual(due)
    if (due.includes('end')) {
      expect(planEnd(after, ids, now).subscription).toMatchObject({ status: 'expired', endedAt: now })
      return
    }
    expect([accessEndOf(subscription), account.accessEnd]).toEqual([now + graceMs, now + graceMs])
    expect(statusAt(subscription, now)).toEqual({ status: 'past_due', access: true })
    expect(statusAt(subscription, now + graceMs).status).toBe('expired')
    // Grace is no fresh allowance: there was none since the period ended.
    expect(balance(after, now)).toBe(0)
    const paid = paidRenewal(after, now + hourMs)
    expect(paid.subscription).toMatchObject({ periodStart: now, periodEnd: at('2025-11-09T00:00:00Z'), periodIndex: 1 })
    expect(balance(paid, now + hourMs)).toBe(100)
  })

  it('retries and grace run from there as from any end', () => {
    const now = end + 10 * dayMs
    let scene = lifted(suspended(sceneOf(overdue(2, end + 48 * hourMs)), end + 25 * hourMs), now)
    const tried: number[] = []
    for (let due = nextDueAt(scene.subscription); due !== null && due < now + graceMs; ) {
      if (kinds(scene.subscription, due)[0] !== 'charge') break
      tried.push((due - now) / hourMs)
      const paymentId = `fpay_${tried.length}`
      scene = applied(scene, planChargeStarted(scene, { paymentId }, due).writes)
      scene = applied(scene, planRenewalFailed(scene, { paymentId, reason: 'no' }, ids, due).writes)
      due = nextDueAt(scene.subscription)
    }
    expect(tried).toEqual([0, 24, 48, 71])
    expect(scene.subscription.retry).toEqual({ failed: 6, nextAt: null })
    expect(planEnd(scene, ids, now + graceMs).subscription).toMatchObject({ status: 'expired', endedAt: now + graceMs })
  })

  it('periods that were paid ahead have gone by', () => {
    const scene = sceneOf({ over: { ahead: [{ paymentId: 'fpay_a', paidMinor: 10_000 }] } })
    const after = lifted(suspended(scene, start), at('2025-07-20T00:00:00Z')).subscription
    expect(after).toMatchObject({ periodIndex: 1, periodEnd: at('2025-08-01T00:00:00Z'), anchor: start })
    const later = lifted(suspended(scene, start), at('2025-08-20T00:00:00Z')).subscription
    expect(later).toMatchObject({ periodIndex: 1, periodEnd: at('2025-08-20T00:00:00Z') })
    expect(later.ahead).toBeUndefined()
  })

  it('one that was cancelled meanwhile and is taken up again does not stand still', () => {
    const still = suspended(sceneOf(), start)
    const over = applied(still, planCancel(still, { when: 'now' }, ids, start + dayMs).writes)
    const after = lifted(over, start + 2 * dayMs)
    const again = planReactivate(
      after,
      { terms, method: { id: 'pmt_0', mandate: false } },
      ids,
      start + 3 * dayMs,
    ).subscription
    expect([again.status, isPaused(again), again.pausedAt]).toEqual(['active', false, undefined])
  })

  it('any number of suspensions: never a charge, an end or a grace while one holds, and never two periods for one', () => {
    const span = fc.tuple(fc.integer({ min: 1, max: 60 * 24 }), fc.integer({ min: 1, max: 60 * 24 }))
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 6 }), (spans) => {
        let scene = sceneOf()
        let now = start
        let paid = 0
        for (const [runs, stands] of spans) {
          const from = now + runs * hourMs
          for (
            let due = nextDueAt(scene.subscription);
            due !== null && due < from;
            due = nextDueAt(scene.subscription)
          ) {
            now = Math.max(now, due)
            const [action] = whatIsDue(scene.subscription, now)
            if (action?.kind === 'remind')
              scene = applied(scene, planReminder(scene, { ...action, hasMethod: true }, now).writes)
            else {
              expect(action?.kind).toBe('charge')
              scene = paidRenewal(scene, now)
              paid += 1
            }
          }
          now = from
          scene = suspended(scene, now)
          const until = now + stands * hourMs
          expect(kinds(scene.subscription, until - 1)).toEqual([])
          now = until
          scene = lifted(scene, now)
          // Nothing is owed for time that stood still: at most one period is due, and it begins now.
          const charge = whatIsDue(scene.subscription, now).filter(({ kind }) => kind === 'charge')
          expect(charge.length).toBeLessThanOrEqual(1)
          if (charge.length === 1) expect(scene.subscription.periodEnd).toBeLessThanOrEqual(now)
        }
        expect(scene.subscription.periodIndex).toBe(paid)
        expect(statusAt(scene.subscription, now).access).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})
