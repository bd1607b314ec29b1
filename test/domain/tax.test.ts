import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { percentOf, roundTogether, spreadAmount } from '#domain/orderSpread'
import { isTaxed, noTax, taxOn, taxRuleFor, taxSettingsSchema } from '#domain/tax'

const sum = (all: readonly number[]): number => all.reduce((total, one) => total + one, 0)

describe('the setting', () => {
  const settings = taxSettingsSchema.parse({
    default: { rate: '0' },
    IN: { name: 'GST', rate: '18', inclusive: true },
    DE: { name: 'USt', rate: '19' },
  })
  it('names a rule by billing country, else the default', () => {
    expect(taxRuleFor(settings, 'IN')).toEqual({ name: 'GST', rate: '18', inclusive: true })
    expect(taxRuleFor(settings, 'DE')).toEqual({ name: 'USt', rate: '19', inclusive: false })
    expect(taxRuleFor(settings, 'FR')).toEqual(noTax)
    expect(taxRuleFor(settings, undefined)).toEqual(noTax)
    expect(taxRuleFor(settings, 'constructor')).toEqual(noTax)
  })
  it.each([
    [{}],
    [{ IN: { rate: '18' } }],
    [{ default: { rate: '0' }, in: { rate: '18' } }],
    [{ default: { rate: '100.1' } }],
    [{ default: { rate: '-1' } }],
    [{ default: { rate: 18 } }],
    [{ default: { rate: '1e1' } }],
    [{ default: { rate: '0', extra: 1 } }],
  ])('%j is refused', (value) => expect(taxSettingsSchema.safeParse(value).success).toBe(false))
  it.each(['0', '100', '7.5', '0.001'])('a rate of %s is taken', (rate) =>
    expect(taxSettingsSchema.safeParse({ default: { rate } }).success).toBe(true),
  )
})

describe('the tax', () => {
  const gst = { name: 'GST', rate: '18', inclusive: true }
  const onTop = { ...gst, inclusive: false }
  it.each([
    ['on top', onTop, [10_000], [1800]],
    ['contained', gst, [11_800], [1800]],
    ['contained, rounded down: 14900 holds 2272.88…', gst, [14_900], [2273]],
    ['half a unit goes up', { ...onTop, rate: '7.5' }, [20], [2]],
    ['below half a unit does not', { ...onTop, rate: '7.4' }, [20], [1]],
    ['of a credit, the same the other way', { ...onTop, rate: '7.5' }, [-20], [-2]],
    ['none', noTax, [10_000, 1], [0, 0]],
    ['of three lines of 10: 5.4 is 5, not 3 × 2', onTop, [10, 10, 10], [2, 2, 1]],
    ['a line of nothing bears nothing', onTop, [0, 50], [0, 9]],
    ['a credit and a charge', onTop, [-5000, 15_000], [-900, 2700]],
    ['of no line', onTop, [], []],
  ])('%s', (_, rule, amounts, taxes) => expect(taxOn(amounts, rule)).toEqual(taxes))

  it('is there when the rate is not 0', () => {
    expect([isTaxed(noTax), isTaxed(gst), isTaxed({ ...gst, rate: '0.00' })]).toEqual([false, true, false])
    expect(() => taxOn([1], { ...gst, rate: 'x' })).toThrow(RangeError)
  })

  const amounts = fc.array(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), { minLength: 1, maxLength: 8 })
  const rates = fc.tuple(fc.integer({ min: 0, max: 100_000 }), fc.boolean())
  test('of the lines adds up to that of their sum, and none is a unit off its own', () => {
    fc.assert(
      fc.property(amounts, rates, (all, [thousandths, inclusive]) => {
        const rate = `${Math.floor(thousandths / 1000)}.${String(thousandths % 1000).padStart(3, '0')}`
        const taxes = taxOn(all, { name: 'Tax', rate, inclusive })
        expect(sum(taxes)).toBe(sum(taxOn([sum(all)], { name: 'Tax', rate, inclusive })))
        const divisor = inclusive ? 100_000 + thousandths : 100_000
        for (const [index, tax] of taxes.entries()) {
          expect(Math.abs(tax - ((all[index] ?? 0) * thousandths) / divisor)).toBeLessThan(1 + 1e-6)
        }
      }),
    )
  })
})

describe('spreading', () => {
  it.each([
    [100, [1, 1, 1], [34, 33, 33]],
    [1, [1, 1], [1, 0]],
    [5, [0, 10, 0], [0, 5, 0]],
    [0, [3, 4], [0, 0]],
    [100, [50, 30, 20], [50, 30, 20]],
    [2, [1, 1, 4], [1, 0, 1]],
  ])('%i over %j is %j', (amount, weights, parts) => expect(spreadAmount(amount, weights)).toEqual(parts))

  test('adds up, and a part never exceeds its weight when the amount does not exceed the sum', () => {
    const weights = fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 10 }).filter((all) => sum(all) > 0)
    fc.assert(
      fc.property(weights, fc.nat(1_000_000), (all, amount) => {
        const total = Math.min(amount, sum(all))
        const parts = spreadAmount(total, all)
        expect(sum(parts)).toBe(total)
        for (const [index, part] of parts.entries()) {
          expect(part).toBeGreaterThanOrEqual(0)
          expect(part).toBeLessThanOrEqual(all[index] ?? 0)
        }
      }),
    )
  })

  it('is exact beyond floats, and refuses what no number holds', () => {
    expect(roundTogether([9_007_199_254_740_991n * 3n], 3n)).toEqual([Number.MAX_SAFE_INTEGER])
    expect(() => roundTogether([2n ** 54n], 1n)).toThrow(RangeError)
    expect(percentOf(1_000_000_000_000, 33)).toBe(330_000_000_000)
    expect([percentOf(2499, 20), percentOf(1, 50), percentOf(1, 49), percentOf(99, 100)]).toEqual([500, 1, 0, 99])
  })
})
