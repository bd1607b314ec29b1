import { describe, expect, it } from 'vitest'
import { isFollowDue, unansweredMs } from '#domain/subscriptionDue'
import { dayMs, hourMs, minuteMs } from '#domain/zone'

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
