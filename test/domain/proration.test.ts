import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addMonths } from '#domain/period'
import { chargeLeft, creditLeft, remainderOf, remainderShare } from '#domain/proration'
import { planExtend } from '#domain/subscriptionSchedule'
import { dayMs } from '#domain/zone'
import { applied, at, growth, sceneOf, start } from './subscriptionSupport.ts'

const { subscription } = sceneOf()
const end = at('2025-07-01T00:00:00Z')

describe('what is left of a period', () => {
  it.each([
    ['all at its start', start, 10_000],
    ['half at half', at('2025-06-16T00:00:00Z'), 5000],
    ['a third', at('2025-06-21T00:00:00Z'), 3333],
    ['two thirds, rounded up', at('2025-06-11T00:00:00Z'), 6667],
    ['a millisecond before half rounds to the same', at('2025-06-16T00:00:00Z') - 1, 5000],
    ['nothing at its end', end, 0],
    ['nothing later', end + dayMs, 0],
    ['a millisecond is too little', end - 1, 0],
    ['no more than all before its start', start - 1, 10_000],
  ])('%s', (_, now, expected) => {
    expect(creditLeft(subscription, now)).toBe(expected)
    expect(remainderShare(10_000, remainderOf(start, end, now))).toBe(expected)
  })

  it('rounds halves up, exactly: 1 of 2 ms of 1 is 1, of 3 is 2', () => {
    expect([1, 3, 5].map((amount) => remainderShare(amount, { leftMs: 1, totalMs: 2 }))).toEqual([1, 2, 3])
  })

  it('is exact where floats are not', () => {
    const amount = 9_007_199_254_740_991
    expect(remainderShare(amount, { leftMs: 86_400_000 * 365 - 1, totalMs: 86_400_000 * 365 })).toBe(
      Number((BigInt(amount) * (86_400_000n * 365n - 1n) * 2n + 86_400_000n * 365n) / (86_400_000n * 730n)),
    )
  })

  it('counts the money of a change over the time that it paid for', () => {
    const changed = { ...subscription, paidMinor: 15_000, paidFrom: at('2025-06-16T00:00:00Z') }
    expect(creditLeft(changed, at('2025-06-16T00:00:00Z'))).toBe(15_000)
    expect(creditLeft(changed, at('2025-06-23T12:00:00Z'))).toBe(7500)
    expect(creditLeft(changed, end)).toBe(0)
  })

  it('is all of it where there is no end', () => {
    expect(creditLeft({ ...subscription, periodEnd: null }, end + 1e12)).toBe(10_000)
    expect(chargeLeft({ ...subscription, periodEnd: null }, 700, end)).toBe(700)
  })

  it('refuses a period that ends before it begins', () => {
    expect(() => remainderOf(end, start, start)).toThrow(RangeError)
  })

  it('is never above what was paid, nor below zero, and only falls', () => {
    const span = fc.record({
      anchor: fc.integer({ min: at('2020-01-01T00:00:00Z'), max: at('2030-01-01T00:00:00Z') }),
      months: fc.constantFrom(1, 3, 12),
      zone: fc.constantFrom('UTC', 'Asia/Kolkata', 'America/New_York', 'Australia/Lord_Howe'),
      paid: fc.integer({ min: 0, max: 1e9 }),
      one: fc.double({ min: 0, max: 1, noNaN: true }),
      other: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(span, ({ anchor, months, zone, paid, one, other }) => {
        const periodEnd = addMonths(anchor, months, zone)
        const period = { ...subscription, periodStart: anchor, periodEnd, paidMinor: paid }
        const [early, late] = [one, other]
          .sort((a, b) => a - b)
          .map((part) => anchor + Math.floor(part * (periodEnd - anchor)))
        const first = creditLeft(period, early ?? 0)
        const second = creditLeft(period, late ?? 0)
        expect(first).toBeLessThanOrEqual(paid)
        expect(second).toBeLessThanOrEqual(first)
        expect(second).toBeGreaterThanOrEqual(0)
        expect(creditLeft(period, anchor)).toBe(paid)
        expect(creditLeft(period, periodEnd)).toBe(0)
      }),
    )
  })
})

describe('time that staff gave', () => {
  const extended = (over: { at: number; byMs: number; paidMinor?: number }) => {
    const scene = sceneOf({ ...(over.paidMinor !== undefined && { over: { paidMinor: over.paidMinor } }) })
    return applied(scene, planExtend(scene, end + over.byMs, over.at).writes)
  }

  it.each([
    ['the day it was given', at('2025-06-30T00:00:00Z'), 333],
    ['a millisecond before the paid time is over', end - 1, 0],
    ['where the paid time ends', end, 0],
    ['later', end + 29 * dayMs, 0],
  ])('is no money: %s', (_, now, expected) => {
    const { subscription: longer } = extended({ at: at('2025-06-30T00:00:00Z'), byMs: 30 * dayMs })
    expect(longer.periodEnd).toBe(end + 30 * dayMs)
    expect(creditLeft(longer, now)).toBe(expected)
  })

  it('is paid for by an upgrade as far as that is dearer, by the length that its price is for', () => {
    const { subscription: longer } = extended({ at: start, byMs: 30 * dayMs })
    expect(chargeLeft(longer, 30_000, at('2025-06-16T00:00:00Z'))).toBe(15_000 + 20_000)
    expect(chargeLeft(longer, 30_000, end)).toBe(20_000)
    expect(chargeLeft(longer, 30_000, end + 15 * dayMs)).toBe(10_000)
    const upgraded = { ...longer, paidMinor: 35_000, paidFrom: at('2025-06-16T00:00:00Z') }
    const dearer = { ...upgraded, ...(longer.given && { given: { ...longer.given, presentMinor: 30_000 } }) }
    expect(creditLeft(dearer, at('2025-06-16T00:00:00Z'))).toBe(35_000)
    expect(creditLeft(dearer, end)).toBe(20_000)
    expect(creditLeft(dearer, end + 15 * dayMs)).toBe(10_000)
    expect(chargeLeft(dearer, 40_000, end)).toBe(30_000)
  })

  it('never makes a credit greater, given once or twice, before or after an upgrade', () => {
    const instant = fc.integer({ min: 0, max: 90 * dayMs })
    const gift = fc.record({ at: fc.integer({ min: 0, max: 30 * dayMs - 1 }), byMs: fc.integer({ min: 1, max: 1e10 }) })
    fc.assert(
      fc.property(
        gift,
        fc.integer({ min: 1, max: 1e9 }),
        instant,
        fc.integer({ min: 1, max: 1e10 }),
        fc.boolean(),
        (once, paidMinor, later, more, upgrade) => {
          const plain = sceneOf({ over: { paidMinor } }).subscription
          const scene = extended({ at: start + once.at, byMs: once.byMs, paidMinor })
          const now = start + Math.max(once.at, later)
          const { subscription: longer } = scene
          expect(creditLeft(longer, now)).toBe(creditLeft(plain, now))
          const { given, periodEnd } = longer
          if (!given || periodEnd === null || now >= periodEnd) return
          // What it was changed to is credited by what was paid for it, and undoing that at once leaves nothing.
          const chargeMinor = chargeLeft(longer, 30_000, now)
          const dearer = { ...longer, paidMinor: chargeMinor, paidFrom: now, given: { ...given, presentMinor: 30_000 } }
          expect(creditLeft(dearer, now)).toBe(chargeMinor)
          expect(chargeLeft(longer, 10_000, now)).toBe(creditLeft({ ...plain, paidMinor: 10_000 }, now))
          const onIt = upgrade ? { ...scene, subscription: dearer, account: { ...scene.account, plan: growth } } : scene
          const twice = planExtend(onIt, periodEnd + more, now).subscription
          for (const at of [now, now + Math.floor(more / 2), periodEnd, periodEnd + Math.floor(more / 2)])
            expect(creditLeft(twice, at)).toBeLessThanOrEqual(creditLeft(onIt.subscription, at))
        },
      ),
    )
  })
})
