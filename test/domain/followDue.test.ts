import { describe, expect, it } from 'vitest'
import { chargedFrom, isChargeWanted, isFollowDue, unansweredMs, whatIsDue } from '#domain/subscriptionDue'
import { graceMs } from '#domain/subscriptionState'
import { dayMs, hourMs, minuteMs } from '#domain/zone'
import { at, lifetime, sceneOf } from './subscriptionSupport.ts'

const startedAt = Date.parse('2026-02-28T10:00:00.000Z')
const paymentId = 'fpay_01KBQ7M8G0C000000000000000'

/** How long after it was begun a charge is looked at next; `lookedMs`: when it was last, if it was. */
function nextLook(lookedMs?: number): number {
  const pendingCharge = { paymentId, startedAt, ...(lookedMs !== undefined && { checkedAt: startedAt + lookedMs }) }
  for (let afterMs = lookedMs ?? 0; afterMs < 40 * dayMs; afterMs += minuteMs) {
    if (isFollowDue({ pendingCharge }, paymentId, startedAt + afterMs)) return afterMs
  }
  return Number.POSITIVE_INFINITY
}

describe('a charge under way is looked at', () => {
  it('twenty minutes after it was begun, to the millisecond, where nobody came back', () => {
    const pendingCharge = { paymentId, startedAt }
    expect(isFollowDue({ pendingCharge }, paymentId, startedAt + unansweredMs - 1)).toBe(false)
    expect(isFollowDue({ pendingCharge }, paymentId, startedAt + unansweredMs)).toBe(true)
  })

  it.each([
    ['at once', 0, hourMs],
    ['after twenty minutes', unansweredMs, unansweredMs + hourMs],
    ['after an hour', hourMs, 2 * hourMs],
    ['after five', 5 * hourMs, 10 * hourMs],
    ['after twelve', 12 * hourMs, 24 * hourMs],
    ['after two days', 48 * hourMs, 60 * hourMs],
  ])('answered %s: after as long again, an hour at least and half a day at most', (_name, lookedMs, due) => {
    expect(nextLook(lookedMs)).toBe(due)
  })

  it('less than ten times until a debit that takes two days', () => {
    let looks = 0
    for (let at = nextLook(0); at < 48 * hourMs; at = nextLook(at)) looks += 1
    expect(looks).toBeLessThan(10)
  })

  it('by nobody where there is none, or another', () => {
    expect(isFollowDue({}, paymentId, startedAt + hourMs)).toBe(false)
    expect(isFollowDue({ pendingCharge: { paymentId, startedAt } }, 'fpay_other', startedAt + hourMs)).toBe(false)
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
