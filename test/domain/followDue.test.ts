import { describe, expect, it } from 'vitest'
import { followMs, isFollowDue } from '#domain/subscriptionDue'

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
