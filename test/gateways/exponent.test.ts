import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { paymentProviders } from '#domain/moneyCharge'
import { fromProviderUnits, providerExponent, toProviderUnits } from '#gateways/exponent'
import { hasVectors, vectorText } from './support.ts'

describe('amounts at a provider', () => {
  it.each([
    ['razorpay', 'INR', 49900, 49900],
    ['razorpay', 'JPY', 500, 500],
    ['razorpay', 'KWD', 99990, 99990],
    ['razorpay', 'ISK', 500, 500],
    ['razorpay', 'UGX', 500, 500],
    ['razorpay', 'MGA', 50000, 50000],
    ['razorpay', 'XOF', 500, 500],
    ['paystack', 'NGN', 30050, 30050],
    ['paystack', 'XOF', 1, 100],
    ['paystack', 'KES', 300, 300],
    ['stripe', 'USD', 50, 50],
    ['stripe', 'JPY', 500, 500],
    ['stripe', 'ISK', 500, 50000],
    ['stripe', 'UGX', 500, 50000],
    ['stripe', 'MGA', 50000, 500],
    ['stripe', 'XOF', 500, 500],
    ['stripe', 'KWD', 5000, 5000],
  ] as const)('%s %s: %s minor units are %s there, and back', (provider, currency, minor, units) => {
    expect(toProviderUnits(provider, minor, currency)).toBe(units)
    expect(fromProviderUnits(provider, units, currency)).toBe(minor)
  })

  it.each([
    ['razorpay', 'KWD', 5, 'amount_not_divisible'],
    ['razorpay', 'BHD', 99991, 'amount_not_divisible'],
    ['stripe', 'KWD', 1005, 'amount_not_divisible'],
    ['stripe', 'MGA', 50001, 'amount_not_divisible'],
    ['razorpay', 'LYD', 1000, 'currency_unsupported'],
    ['stripe', 'IQD', 1000, 'currency_unsupported'],
    ['paystack', 'INR', 1000, 'currency_unsupported'],
    ['stripe', 'usd', 1000, 'currency_unsupported'],
    ['stripe', 'XXX', 1000, 'currency_unsupported'],
    ['stripe', 'USD', 0, 'amount_invalid'],
    ['stripe', 'USD', -1, 'amount_invalid'],
    ['stripe', 'USD', 0.5, 'amount_invalid'],
    ['stripe', 'USD', Number.NaN, 'amount_invalid'],
    ['stripe', 'ISK', Number.MAX_SAFE_INTEGER, 'amount_invalid'],
  ] as const)('%s %s %s is refused: %s', (provider, currency, minor, code) => {
    expect(() => toProviderUnits(provider, minor, currency)).toThrow(expect.objectContaining({ kind: 'refused', code }))
  })

  it.each([
    ['paystack', 'XOF', 150],
    ['stripe', 'ISK', 50050],
    ['stripe', 'USD', 1.5],
    ['stripe', 'USD', -1],
    ['paystack', 'INR', 100],
    ['stripe', 'MGA', Number.MAX_SAFE_INTEGER],
  ] as const)('%s %s %s means no amount of ours', (provider, currency, units) => {
    expect(fromProviderUnits(provider, units, currency)).toBeUndefined()
  })

  it('comes back exactly, whatever is accepted', () => {
    const codes = ['INR', 'USD', 'JPY', 'KWD', 'ISK', 'UGX', 'MGA', 'XOF', 'NGN', 'BHD']
    fc.assert(
      fc.property(
        fc.constantFrom(...paymentProviders),
        fc.constantFrom(...codes),
        fc.integer({ min: 1, max: 10 ** 12 }),
        (provider, code, minor) => {
          if (providerExponent(provider, code) === undefined) return
          const stepped = minor * (code === 'MGA' ? 100 : 10)
          expect(fromProviderUnits(provider, toProviderUnits(provider, stepped, code), code)).toBe(stepped)
        },
      ),
    )
  })

  it.runIf(hasVectors)('agrees with the table of currencies', () => {
    const exponent = z.nullable(z.number())
    const row = z.object({
      code: z.string(),
      stripe_charge_exponent: exponent,
      razorpay_exponent: exponent,
      paystack_exponent: exponent,
    })
    const { rows } = z.object({ rows: z.array(row) }).parse(JSON.parse(vectorText('currencies.json')))
    const of = (provider: 'stripe' | 'razorpay' | 'paystack', code: string) => providerExponent(provider, code) ?? null
    expect(rows.map(({ code }) => [code, of('stripe', code), of('razorpay', code), of('paystack', code)])).toEqual(
      rows.map((r) => [r.code, r.stripe_charge_exponent, r.razorpay_exponent, r.paystack_exponent]),
    )
    expect(rows.length).toBeGreaterThan(25)
  })
})
