import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  exponentOf,
  isCurrency,
  moneyText,
  parseDecimal,
  roundHalfUp,
  shareOf,
  timesDecimal,
  unitAmountText,
} from '#domain/money'
import { chargeRule, type PaymentProvider } from '#domain/moneyCharge'

describe('currencies', () => {
  it.each([
    ['USD', 2],
    ['INR', 2],
    ['NGN', 2],
    ['GHS', 2],
    ['KES', 2],
    ['ZAR', 2],
    ['EUR', 2],
    ['MGA', 2],
    ['HUF', 2],
    ['TWD', 2],
    ['JPY', 0],
    ['KRW', 0],
    ['VND', 0],
    ['XOF', 0],
    ['XAF', 0],
    ['ISK', 0],
    ['UGX', 0],
    ['CLP', 0],
    ['KWD', 3],
    ['BHD', 3],
    ['JOD', 3],
    ['OMR', 3],
    ['TND', 3],
    ['IQD', 3],
    ['LYD', 3],
  ])('%s has %i decimals', (code, exponent) => expect(exponentOf(code)).toBe(exponent))

  it.each(['usd', 'US', 'XXX', 'XAU', 'CLF', 'DEM', '', 'constructor'])('%j is no currency', (code) => {
    expect(isCurrency(code)).toBe(false)
    expect(() => exponentOf(code)).toThrow(RangeError)
  })
})

describe('decimals', () => {
  it.each([
    ['0', 0n, 0],
    ['0.5', 5n, 1],
    ['12', 12n, 0],
    ['0.006925', 6925n, 6],
    ['1.50', 150n, 2],
    ['999999999999.999999999', 999999999999999999999n, 9],
  ])('%s is read exactly', (text, units, scale) => expect(parseDecimal(text)).toEqual({ units, scale }))

  it.each([
    '',
    '.5',
    '5.',
    '-1',
    '+1',
    '01',
    '1e3',
    '0x1',
    ' 1',
    '1 ',
    '1,5',
    'NaN',
    'Infinity',
    '1234567890123',
    '0.1234567890',
    '٣',
  ])('%j is refused', (text) => {
    expect(parseDecimal(text)).toBeUndefined()
    expect(() => timesDecimal(1, text)).toThrow(RangeError)
  })
})

describe('rounding', () => {
  it.each([
    [0n, 2n, 0n],
    [1n, 2n, 1n],
    [3n, 2n, 2n],
    [5n, 2n, 3n],
    [1n, 3n, 0n],
    [2n, 3n, 1n],
    [-1n, 2n, -1n],
    [-3n, 2n, -2n],
    [-1n, 3n, 0n],
    [49n, 100n, 0n],
    [50n, 100n, 1n],
    [51n, 100n, 1n],
    [10n ** 30n + 1n, 2n, 5n * 10n ** 29n + 1n],
  ])('%s / %s is %s', (numerator, denominator, expected) => expect(roundHalfUp(numerator, denominator)).toBe(expected))

  it.each([0n, -1n])('refuses the denominator %s', (denominator) =>
    expect(() => roundHalfUp(1n, denominator)).toThrow(RangeError),
  )

  it('is within half a unit and mirrors at zero', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 80n), 2n ** 80n), fc.bigInt(1n, 2n ** 60n), (numerator, denominator) => {
        const rounded = roundHalfUp(numerator, denominator)
        const off = 2n * (rounded * denominator - numerator)
        expect(off <= denominator && off >= -denominator).toBe(true)
        expect(roundHalfUp(-numerator, denominator)).toBe(-rounded)
      }),
    )
  })
})

describe('products and shares', () => {
  it.each([
    [0, '0.5', 0],
    [1, '0.5', 1],
    [2, '0.5', 1],
    [3, '0.5', 2],
    [1, '0.4', 0],
    [200, '50', 10_000],
    [12_345, '0.01', 123],
    [12_350, '0.01', 124],
    [1_000_000, '0.006925', 6925],
    [-3, '0.5', -2],
  ])('%i × %s is %i, rounded once', (count, unitAmount, expected) =>
    expect(timesDecimal(count, unitAmount)).toBe(expected),
  )

  it.each([
    [1900, 15, 30, 950],
    [14_900, 10, 31, 4806],
    [1, 1, 2, 1],
    [0, 1, 2, 0],
    [100, 0, 3, 0],
    [100, 3, 3, 100],
    [9_007_199_254_740_991, 2, 2, 9_007_199_254_740_991],
  ])('%i × %i / %i is %i', (amount, part, total, expected) => expect(shareOf(amount, part, total)).toBe(expected))

  it('refuses what is not whole and what passes 2^53', () => {
    expect(() => timesDecimal(1.5, '1')).toThrow(RangeError)
    expect(() => timesDecimal(Number.NaN, '1')).toThrow(RangeError)
    expect(() => timesDecimal(2 ** 53, '1')).toThrow(RangeError)
    expect(() => timesDecimal(2 ** 52, '2')).toThrow('passes 2^53')
    expect(() => shareOf(100, 1, 0)).toThrow(RangeError)
  })
})

describe('text', () => {
  it.each([
    [12_000, 'GHS', 'GHS 120.00'],
    [1_500_000, 'NGN', 'NGN 15,000.00'],
    [5, 'USD', 'USD 0.05'],
    [0, 'USD', 'USD 0.00'],
    [-150, 'USD', 'USD -1.50'],
    [500, 'JPY', 'JPY 500'],
    [1_234_567, 'JPY', 'JPY 1,234,567'],
    [1, 'KWD', 'KWD 0.001'],
  ])('%i minor units of %s are %s', (amount, currency, expected) => expect(moneyText(amount, currency)).toBe(expected))

  it.each([
    ['0.5', 'USD', 'USD 0.005'],
    ['1', 'NGN', 'NGN 0.01'],
    ['50', 'NGN', 'NGN 0.50'],
    ['0.50', 'JPY', 'JPY 0.5'],
    ['3', 'JPY', 'JPY 3'],
    ['100000', 'USD', 'USD 1,000.00'],
  ])('%s minor units of %s a unit are %s', (unitAmount, currency, expected) =>
    expect(unitAmountText(unitAmount, currency)).toBe(expected),
  )
})

describe('what providers charge', () => {
  it.each<[PaymentProvider, string, number, number]>([
    ['razorpay', 'INR', 100, 1],
    ['razorpay', 'USD', 1, 1],
    ['razorpay', 'KWD', 10, 10],
    ['razorpay', 'MGA', 1, 1],
    ['paystack', 'NGN', 5000, 1],
    ['paystack', 'GHS', 10, 1],
    ['paystack', 'USD', 200, 1],
    ['paystack', 'XOF', 1, 1],
    ['stripe', 'USD', 50, 1],
    ['stripe', 'GBP', 30, 1],
    ['stripe', 'JPY', 50, 1],
    ['stripe', 'HUF', 17_500, 1],
    ['stripe', 'TND', 10, 10],
    ['stripe', 'MGA', 100, 100],
  ])('%s charges %s from %i in steps of %i', (provider, currency, minimum, step) =>
    expect(chargeRule(provider, currency)).toEqual({ minimum, step }),
  )

  it.each<[PaymentProvider, string]>([
    ['paystack', 'EUR'],
    ['paystack', 'INR'],
    ['stripe', 'IQD'],
    ['stripe', 'LYD'],
    ['razorpay', 'LYD'],
  ])('%s does not take %s', (provider, currency) => expect(chargeRule(provider, currency)).toBeUndefined())
})
