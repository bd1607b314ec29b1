import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  type CatalogueDiscount,
  discountFor,
  type ManualDiscount,
  manualAmount,
  manualDiscountFor,
  noDiscountUse,
  quoteDiscount,
} from '#domain/discount'
import { referenceCatalogue } from '#test/support/catalogues'

const { discounts } = referenceCatalogue('wellbeing')
const quiz = discountFor(discounts, 'premium', 'quiz')
const article = discountFor(discounts, 'premium', 'article')

describe('reference product E', () => {
  it('has discounts for premium only', () => {
    expect(quiz).toMatchObject({ freePerPeriod: 2, maxValue: 5000, percentOff: 20, upTo: 3 })
    expect(discountFor(discounts, 'free', 'quiz')).toBeUndefined()
    expect(discountFor(discounts, null, 'quiz')).toBeUndefined()
    expect(discountFor(discounts, 'premium', 'other')).toBeUndefined()
  })

  it.each<[string, CatalogueDiscount | undefined, number, number, [number, number], [number, number, number]]>([
    ['the first quiz is free', quiz, 2500, 1, [0, 0], [1, 0, 2500]],
    ['the second too', quiz, 5000, 1, [1, 0], [1, 0, 5000]],
    ['the third has 20 % off', quiz, 2500, 1, [2, 0], [0, 1, 500]],
    ['so has the fifth', quiz, 2500, 1, [2, 2], [0, 1, 500]],
    ['the sixth has nothing off', quiz, 2500, 1, [2, 3], [0, 0, 0]],
    ['one of 50.00 may be free', quiz, 5000, 1, [0, 0], [1, 0, 5000]],
    ['one of 50.01 goes straight to 20 %', quiz, 5001, 1, [0, 0], [0, 1, 1000]],
    ['a dear one leaves the free ones', quiz, 8000, 1, [0, 2], [0, 1, 1600]],
    ['a dear one beyond the three pays', quiz, 8000, 1, [0, 3], [0, 0, 0]],
    ['seven at once: 2 free, 3 reduced, 2 paid', quiz, 2500, 7, [0, 0], [2, 3, 6500]],
    ['three articles are free', article, 700, 3, [0, 0], [3, 0, 2100]],
    ['any further has 30 % off', article, 700, 4, [3, 50], [0, 4, 840]],
    [
      'rounded once, on the line: 3 × 1.5 is 5',
      { planId: 'premium', group: 'article', percentOff: 30 },
      5,
      3,
      [0, 0],
      [0, 3, 5],
    ],
    ['no plan, no discount', undefined, 700, 2, [0, 0], [0, 0, 0]],
    ['a catalogue that gives less by now', quiz, 2500, 1, [5, 9], [0, 0, 0]],
  ])('%s', (_, discount, unitAmountMinor, quantity, [free, percent], [freeUnits, percentUnits, discountMinor]) => {
    expect(quoteDiscount(discount, { unitAmountMinor, quantity }, { free, percent })).toMatchObject({
      freeUnits,
      percentUnits,
      discountMinor,
      use: { free: free + freeUnits, percent: percent + percentUnits },
    })
  })

  test('buying one by one gives as many free and reduced units as buying at once', () => {
    fc.assert(
      fc.property(fc.constantFrom(2500, 5000, 8000), fc.integer({ min: 1, max: 12 }), (unitAmountMinor, quantity) => {
        let used = noDiscountUse
        for (let bought = 0; bought < quantity; bought += 1) {
          used = quoteDiscount(quiz, { unitAmountMinor, quantity: 1 }, used).use
        }
        const atOnce = quoteDiscount(quiz, { unitAmountMinor, quantity }, noDiscountUse)
        expect(atOnce.use).toEqual(used)
        expect(atOnce.discountMinor).toBeLessThanOrEqual(unitAmountMinor * quantity)
        expect(used.free).toBeLessThanOrEqual(2)
        expect(used.percent).toBeLessThanOrEqual(3)
      }),
    )
  })
})

describe('a manual discount', () => {
  const now = 1000
  const manual = (over: Partial<ManualDiscount> = {}): ManualDiscount => ({
    id: 'man_1',
    accountId: 'acc_1',
    percentOff: 25,
    reason: 'Sorry',
    expiresAt: now + 10,
    ver: 1,
    ...over,
  })
  const target = { productId: 'stress-quiz', group: 'quiz', currency: 'USD' }

  it.each<[string, Partial<ManualDiscount>, boolean]>([
    ['for anything', {}, true],
    ['for the product', { productId: 'stress-quiz' }, true],
    ['for another product', { productId: 'other' }, false],
    ['for the group', { group: 'quiz' }, true],
    ['for another group', { group: 'article' }, false],
    ['for a plan', { planId: 'premium' }, false],
    ['an amount in this currency', { amountOffMinor: 5, currency: 'USD' }, true],
    ['an amount in another', { amountOffMinor: 5, currency: 'EUR' }, false],
    ['over in a millisecond', { expiresAt: now + 1 }, true],
    ['over now', { expiresAt: now }, false],
    ['taken', { paymentId: 'fpay_1' }, false],
  ])('%s', (_, over, fits) => expect(manualDiscountFor([manual(over)], target, now) !== undefined).toBe(fits))

  it('is the one that ends first', () => {
    const all = [manual({ id: 'b' }), manual({ id: 'c', expiresAt: now + 5 }), manual({ id: 'a' })]
    expect(manualDiscountFor(all, target, now)?.id).toBe('c')
    expect(manualDiscountFor(all.slice(0, 1).concat(all[2] ?? []), target, now)?.id).toBe('a')
    expect(manualDiscountFor([], target, now)).toBeUndefined()
  })

  it('takes a share, or an amount up to the line', () => {
    expect(manualAmount(manual(), 999)).toBe(250)
    const { percentOff: _none, ...amount } = manual({ amountOffMinor: 300, currency: 'USD' })
    expect([manualAmount(amount, 299), manualAmount(amount, 301)]).toEqual([299, 300])
  })
})
