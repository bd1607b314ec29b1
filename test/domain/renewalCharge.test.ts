import { describe, expect, it } from 'vitest'
import type { Payment } from '#domain/payment'
import { afterFact } from '#domain/paymentFact'
import {
  followCharge,
  planChargeHeard,
  planChargeProcessing,
  planChargeStarted,
  planRenewalFailed,
  renewalPaid,
} from '#domain/renewalPaid'
import { isLive } from '#domain/subscription'
import { debitAfter, nextDueAt, whatIsDue } from '#domain/subscriptionDue'
import { planCancel, planEnd } from '#domain/subscriptionEnd'
import { planExtend } from '#domain/subscriptionSchedule'
import { type BoughtSubscription, graceMs, statusAt } from '#domain/subscriptionState'
import type { SubscriptionScene } from '#domain/subscriptionWrite'
import { dayMs, hourMs } from '#domain/zone'
import { renewalOf } from './renewalSupport.ts'
import { applied, at, ids, lifetime, sceneOf, start, termsOf } from './subscriptionSupport.ts'

const starter = termsOf()
const end = at('2025-07-01T00:00:00Z')

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
