import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planRate } from '#domain/rateLimit'

const now = 1_750_000_000_000
const term = { requests: 3, seconds: 60 }

describe('planRate', () => {
  test('lets a burst of the whole allowance through, then refuses without taking', () => {
    const first = planRate(undefined, now, term)
    expect(first).toEqual({ allowed: true, tat: now + 20_000, remaining: 2, resetSeconds: 20, retryAfterSeconds: 0 })
    const third = planRate(planRate(first.tat, now, term).tat, now, term)
    expect(third).toEqual({ allowed: true, tat: now + 60_000, remaining: 0, resetSeconds: 60, retryAfterSeconds: 0 })
    const fourth = planRate(third.tat, now, term)
    expect(fourth).toEqual({ allowed: false, tat: third.tat, remaining: 0, resetSeconds: 60, retryAfterSeconds: 20 })
  })

  test.each([
    [-1, false],
    [0, true],
    [1, true],
  ])('one request is earned back at the interval: %d ms → %s', (delta, allowed) => {
    expect(planRate(now + 60_000, now + 20_000 + delta, term).allowed).toBe(allowed)
  })

  test('an idle bucket saves up no more than its allowance', () => {
    expect(planRate(now - 86_400_000, now, term)).toMatchObject({ allowed: true, remaining: 2 })
  })

  test('a cost takes several at once; one beyond the allowance never passes', () => {
    expect(planRate(undefined, now, term, 3)).toMatchObject({ allowed: true, remaining: 0 })
    expect(planRate(undefined, now, term, 4)).toMatchObject({ allowed: false, remaining: 3, retryAfterSeconds: 1 })
  })

  test('whatever the calls, a span of the term lets through at most twice the allowance less one, and keeps to whole numbers', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 200, size: 'max' })
    const terms = fc.record({ requests: fc.integer({ min: 1, max: 50 }), seconds: fc.integer({ min: 1, max: 120 }) })
    fc.assert(
      fc.property(steps, terms, (gaps, limit) => {
        let tat: number | undefined
        let instant = now
        const passed: number[] = []
        for (const gap of gaps) {
          instant += gap
          const plan = planRate(tat, instant, limit)
          tat = plan.tat
          expect(Number.isInteger(plan.tat)).toBe(true)
          if (plan.allowed) passed.push(instant)
          else expect(planRate(tat, instant + plan.retryAfterSeconds * 1000, limit).allowed).toBe(true)
        }
        // A full bucket at the start of the span and what is earned within it, its end exclusive.
        for (const start of passed) {
          const within = passed.filter((pass) => pass >= start && pass < start + limit.seconds * 1000)
          expect(within.length).toBeLessThanOrEqual(Math.max(1, 2 * limit.requests - 1))
        }
      }),
      { numRuns: 100 },
    )
  })
})
