import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addStatistics,
  countCall,
  maxDurationMs,
  noStatistics,
  type Statistics,
  statisticsView,
} from '#domain/usageStatistics'

const of = (durations: number[]): Statistics =>
  durations.reduce((all, duration) => countCall(all, 'success', duration), noStatistics)

describe('statistics', () => {
  test('tell count, rate, mean, p95 and change', () => {
    const month = countCall(countCall(of([100, 200, 300]), 'failure', 1000), 'failure')
    expect(statisticsView(month, of([1, 2, 3, 4]))).toEqual({
      count: 5,
      succeeded: 3,
      failed: 2,
      successRate: 0.6,
      meanMs: 400,
      p95Ms: 992,
      change: 0.25,
    })
  })

  test('say nothing where there is nothing to say', () => {
    const nothing = { count: 0, succeeded: 0, failed: 0, successRate: null, meanMs: null, p95Ms: null, change: null }
    expect(statisticsView(noStatistics)).toEqual(nothing)
    expect(statisticsView(countCall(noStatistics, 'success'), noStatistics)).toMatchObject({
      meanMs: null,
      change: null,
    })
  })

  test.each([
    [0, 0],
    [1, 1],
    [7, 7],
    [8, 8],
    [15, 15],
    [16, 17],
    [17, 17],
    [18, 19],
    [1000, 992],
    [65_535, 63_488],
  ])('a call of %d ms reads as %d', (duration, p95Ms) => {
    expect(statisticsView(of([duration])).p95Ms).toBe(p95Ms)
  })

  test('p95 is within 6.25 % of the true one', () => {
    const durations = fc.array(fc.integer({ min: 0, max: 10_000_000 }), { minLength: 1, maxLength: 200, size: 'max' })
    fc.assert(
      fc.property(durations, (values) => {
        const sorted = [...values].sort((a, b) => a - b)
        const exact = sorted[Math.ceil((sorted.length * 95) / 100) - 1] ?? 0
        expect(Math.abs((statisticsView(of(values)).p95Ms ?? 0) - exact)).toBeLessThanOrEqual(exact * 0.0625)
      }),
      { numRuns: 300 },
    )
  })

  test('of parts add up to those of the whole', () => {
    const durations = fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 50 })
    fc.assert(
      fc.property(durations, durations, (one, other) => {
        expect(addStatistics(of(one), of(other))).toEqual(of([...one, ...other]))
      }),
    )
  })

  test('work longer than a day counts as a day, so buckets are bounded', () => {
    expect(of([maxDurationMs * 10])).toEqual(of([maxDurationMs]))
    expect(Number(Object.keys(of([maxDurationMs]).buckets)[0])).toBeLessThan(200)
  })
})
