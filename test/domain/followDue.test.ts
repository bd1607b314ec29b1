import { describe, expect, it } from 'vitest'
import { chargedFrom, followMs, isChargeWanted, isFollowDue, whatIsDue } from '#domain/subscriptionDue'
import { graceMs } from '#domain/subscriptionState'
import { hourMs } from '#domain/zone'
import { at, lifetime, sceneOf } from './subscriptionSupport.ts'

const startedAt = Date.parse('2026-02-28T10:00:00.000Z')
const paymentId = 'fpay_01KBQ7M8G0C000000000000000'

describe('a charge under way', () => {
  it.each([
    ['an hour after it was started, less a millisecond', {}, followMs - 1, false],
    ['an hour after it was started', {}, followMs, true],
    ['once another worker has looked', { checkedAt: startedAt + followMs }, followMs, false],
    ['an hour after that look', { checkedAt: startedAt + followMs }, 2 * followMs, true],
  ])('%s', (_name, over, afterMs, due) => {
    const pendingCharge = { paymentId, startedAt, ...over }
    expect(isFollowDue({ pendingCharge }, paymentId, startedAt + afterMs)).toBe(due)
  })

  it('is not due where there is none, or another', () => {
    expect(isFollowDue({}, paymentId, startedAt + followMs)).toBe(false)
    expect(isFollowDue({ pendingCharge: { paymentId, startedAt } }, 'fpay_other', startedAt + followMs)).toBe(false)
  })
})

describe('a charge under way of which nothing was heard', () => {
  const end = at('2025-07-01T00:00:00Z')
  const charged = (over: Parameters<typeof sceneOf>[0] = {}, charge = {}) =>
    sceneOf({ ...over, over: { pendingCharge: { paymentId, startedAt: end, ...charge }, ...over?.over } }).subscription
  const mandate = { over: { method: { id: 'pmt_0', mandate: true } } }
  const ended = { over: { status: 'canceled' as const, endedAt: end } }

  it.each([
    ['at the end of what is paid', charged(), 0, true],
    ['before it: staff gave time', charged(), -1, false],
    ['of a debit, 48 hours before it', charged(mandate), -48 * hourMs, true],
    ['of a debit, earlier', charged(mandate), -48 * hourMs - 1, false],
    ['at the last instant of grace', charged(), graceMs - 1, true],
    ['when grace is over', charged(), graceMs, false],
    ['that the provider may be working on, beyond grace', charged({}, { processing: true }), graceMs, true],
    ['whose money would go back', charged({}, { refund: true }), 0, false],
    ['of a subscription that is over', charged(ended), 0, false],
    ['of a plan without an end', charged({ terms: lifetime }), 0, false],
  ])('is wanted: %s', (_name, subscription, afterMs, wanted) => {
    expect(isChargeWanted(subscription, end + afterMs)).toBe(wanted)
  })

  it('is wanted from when it would be charged, and that is never without an end', () => {
    expect(chargedFrom(charged())).toBe(end)
    expect(chargedFrom(charged(mandate))).toBe(end - 48 * hourMs)
    expect(chargedFrom(charged({ terms: lifetime }))).toBeNull()
  })

  it('is looked at before the end of grace is written, however short ago it began', () => {
    const late = charged({}, { startedAt: end + graceMs - 1 })
    expect(whatIsDue(late, end + graceMs - 1)).toEqual([])
    expect(whatIsDue(late, end + graceMs).map(({ kind }) => kind)).toEqual(['follow', 'end'])
  })
})
