import { describe, expect, it } from 'vitest'
import { parseCatalogue } from '#domain/catalogueParse'
import { exampleWith } from '#test/support/catalogues'

describe('prices that cannot be charged', () => {
  const charged = (provider: string | undefined, currency: string, amount: number) => {
    const plan = {
      id: 'p',
      name: 'P',
      rank: 0,
      prices: [{ id: 'p-month', amount, currency, interval: 'month' }],
      entitlements: {},
    }
    return parseCatalogue({ name: 'x', currency, ...(provider && { provider }), features: {}, plans: [plan] })
  }

  it.each([
    ['razorpay', 'INR', 100, 'is below 100 (INR 1.00), the smallest charge of razorpay'],
    ['paystack', 'GHS', 10, 'is below 10 (GHS 0.10), the smallest charge of paystack'],
    ['paystack', 'NGN', 5000, 'is below 5000 (NGN 50.00), the smallest charge of paystack'],
    ['stripe', 'USD', 50, 'is below 50 (USD 0.50), the smallest charge of stripe'],
    ['stripe', 'JPY', 50, 'is below 50 (JPY 50), the smallest charge of stripe'],
  ])('%s in %s: %i passes, one less does not', (provider, currency, smallest, message) => {
    expect(charged(provider, currency, smallest).ok).toBe(true)
    expect(charged(provider, currency, smallest - 1)).toEqual({
      ok: false,
      errors: [{ path: 'plans[0].prices[0].amount', message }],
    })
    expect(charged(provider, currency, 0).ok).toBe(true)
  })

  it('a currency that the provider does not take', () => {
    expect(charged('paystack', 'INR', 10_000)).toMatchObject({
      errors: [{ message: 'cannot be charged: paystack refuses INR' }],
    })
  })
  it('a third decimal that cards do not have', () => {
    expect(charged('stripe', 'KWD', 9990).ok).toBe(true)
    expect(charged('stripe', 'KWD', 9991)).toMatchObject({
      errors: [{ message: 'must be a multiple of 10 in KWD, as stripe charges it' }],
    })
  })
  it('without a provider, what no provider charges', () => {
    expect(charged(undefined, 'INR', 49).ok).toBe(false)
    expect(charged(undefined, 'INR', 50).ok).toBe(true)
    expect(charged(undefined, 'LYD', 1000)).toMatchObject({
      errors: [{ message: 'cannot be charged: every provider refuses LYD' }],
    })
  })
  it('products are charged too', () => {
    expect(parseCatalogue(exampleWith(['products', 1, 'price', 'amount'], 0))).toMatchObject({
      errors: [{ path: 'products[1].price.amount' }],
    })
    const json = { ...Object(exampleWith(['products', 1, 'price', 'amount'], 49)), provider: 'stripe' }
    expect(parseCatalogue(json)).toMatchObject({ errors: [{ path: 'products[1].price.amount' }] })
  })
})

describe('hostile input', () => {
  it.each([
    '{"__proto__": {}}',
    '{"features": {"__proto__": {"kind": "flag", "name": "x"}}}',
    '{"plans": [{"entitlements": {"__proto__": true}}]}',
  ])('%s is refused by name', (json) => {
    expect(parseCatalogue(JSON.parse(json))).toMatchObject({ ok: false, errors: [{ message: 'is not a usable name' }] })
  })
  it.each([undefined, 1, 'x', true, Number.NaN, []])('%j is no catalogue', (json) =>
    expect(parseCatalogue(json).ok).toBe(false),
  )
  it('nesting ten thousand deep is refused, not followed', () => {
    const deep = JSON.parse(`${'['.repeat(10_000)}${']'.repeat(10_000)}`)
    expect(parseCatalogue(exampleWith(['features', 'sso', 'name'], deep))).toEqual({
      ok: false,
      errors: [{ path: 'features.sso.name', message: 'must be text' }],
    })
  })
  it('at most 50 errors come back', () => {
    const plans = Array.from({ length: 32 }, () => ({}))
    const parsed = parseCatalogue(exampleWith(['plans'], plans))
    expect(parsed.ok ? 0 : parsed.errors.length).toBe(50)
  })
  it.each([
    ['features', 65],
    ['entitlements', 65],
  ])('more %s than 64', (what, count) => {
    const members = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`f${i}`, what === 'features' ? { kind: 'flag', name: 'x' } : true]),
    )
    const path = what === 'features' ? ['features'] : ['plans', 0, 'entitlements']
    const parsed = parseCatalogue(exampleWith(path, members))
    expect(parsed.ok ? [] : parsed.errors.map(({ message }) => message)).toContain('must have at most 64 members')
  })
  it('terms that would bloat every account', () => {
    const levels = Array.from({ length: 16 }, (_, i) => `level-${i}-${'x'.repeat(50)}`)
    const features = Object.fromEntries(
      Array.from({ length: 10 }, (_, i) => [`f${i}`, { kind: 'level', name: 'L', levels }]),
    )
    const plan = {
      id: 'p',
      name: 'P',
      rank: 0,
      prices: [{ id: 'p', amount: 0, currency: 'USD', interval: 'lifetime' }],
      entitlements: {},
    }
    expect(parseCatalogue({ name: 'x', currency: 'USD', features, plans: [plan] })).toMatchObject({
      ok: false,
      errors: [
        {
          path: 'plans[0]',
          message: expect.stringMatching(/^its terms take \d+ bytes in every account, of 8192 at most/),
        },
      ],
    })
  })
})
