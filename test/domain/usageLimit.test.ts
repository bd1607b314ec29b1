import { describe, expect, test } from 'vitest'
import { chargeOf, hasRoom, overageOf, remainingOf, warnThreshold } from '#domain/usageLimit'

describe('overageOf', () => {
  test.each([
    [100, 100, '0.5', 0, 0],
    [101, 100, '0.5', 1, 1],
    [102, 100, '0.5', 2, 1],
    [103, 100, '0.5', 3, 2],
    [199, 100, '0.005', 99, 0],
    [200, 100, '0.005', 100, 1],
    [299, 100, '0.005', 199, 1],
    [300, 100, '0.005', 200, 1],
    [400, 100, '0.005', 300, 2],
    [101, 100, '1', 1, 1],
    [10_001, 10_000, '50', 1, 50],
    [7, 0, '0.333333333', 7, 2],
    [1_000_000_000_100, 100, '0.000000001', 1_000_000_000_000, 1000],
    [3, 0, '0.15', 3, 0],
    [10, 0, '0.15', 10, 2],
  ])('%d of %d at %s: %d units, %d minor units', (used, limit, unitAmount, quantity, amountMinor) => {
    expect(overageOf(used, { limit, overage: { unitAmount } })).toEqual({ quantity, amountMinor })
  })

  test('is nothing without a limit or without a price', () => {
    expect(overageOf(1e9, { limit: 'unlimited', overage: { unitAmount: '1' } })).toEqual({
      quantity: 0,
      amountMinor: 0,
    })
    expect(overageOf(50, { limit: 10 })).toEqual({ quantity: 0, amountMinor: 0 })
  })

  test('rounds once, on the total: 1000 × 0.0014 is 1, not 0', () => {
    expect(overageOf(1000, { limit: 0, overage: { unitAmount: '0.0014' } }).amountMinor).toBe(1)
  })

  test('never charges above maxAmount', () => {
    expect(chargeOf(1000, { unitAmount: '1', maxAmount: 300 })).toBe(300)
  })

  test.each(['', '.5', '1e3', '-1', '1.', ' 1', '0.0000000001', 'NaN'])('%j is no amount', (unitAmount) => {
    expect(() => chargeOf(1, { unitAmount })).toThrow(RangeError)
  })

  test('a charge beyond 2^53 is refused, not rounded', () => {
    expect(() => chargeOf(Number.MAX_SAFE_INTEGER, { unitAmount: '2' })).toThrow(RangeError)
  })
})

describe('room', () => {
  test.each([
    [{ limit: 5 }, 5, true],
    [{ limit: 5 }, 6, false],
    [{ limit: 'unlimited' as const }, 1e15, true],
    [{ limit: 5, overage: { unitAmount: '1' } }, 1e6, true],
    [{ limit: 5, overage: { unitAmount: '0.5', maxAmount: 1 } }, 7, true],
    // 3 × 0.5 is 1.5 and would be charged as 2.
    [{ limit: 5, overage: { unitAmount: '0.5', maxAmount: 1 } }, 8, false],
  ])('%j for %d: %s', (term, total, expected) => {
    expect(hasRoom(term, total, true)).toBe(expected)
  })

  test('the remainder is never negative', () => {
    expect([remainingOf(5, 3), remainingOf(5, 5), remainingOf(5, 9), remainingOf('unlimited', 9)]).toEqual([
      2,
      0,
      0,
      null,
    ])
  })
})

describe('warnThreshold', () => {
  test.each([
    [10, 0.8, 8],
    [5, 0.8, 4],
    [3, 0.8, null],
    [30, 0.1, 3],
    [10_000, 0.8, 8000],
    [10, 0.75, 8],
    [10, 1, null],
    [10, 0, null],
    [0, 0.8, null],
    ['unlimited' as const, 0.8, null],
    [1, 0.8, null],
    [1_000_000_000_000, 0.8, 800_000_000_000],
  ])('limit %s at %d is %s', (limit, warnAt, expected) => {
    expect(warnThreshold({ kind: 'metered', limit, window: 'month', warnAt })).toBe(expected)
  })
})
