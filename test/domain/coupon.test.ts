import { describe, expect, it } from 'vitest'
import {
  type Coupon,
  type CouponUse,
  carriedCoupon,
  couponAfterRenewal,
  couponAmounts,
  couponFault,
  couponKey,
  findCoupon,
} from '#domain/coupon'
import { referenceCatalogue } from '#test/support/catalogues'

const end = Date.parse('2027-01-01T00:00:00Z')
const coupon = (over: Partial<Coupon> = {}): Coupon => ({ code: 'WELCOME', percentOff: 10, duration: 'once', ...over })
const use: CouponUse = { planId: 'team', currency: 'USD', catalogueCurrency: 'USD', redeemed: 0 }

describe('a coupon', () => {
  it('is found in either case', () => {
    const catalogue = referenceCatalogue('example')
    expect(findCoupon(catalogue, 'welcome')?.code).toBe('WELCOME')
    expect(findCoupon(catalogue, 'WELCOME2')).toBeUndefined()
    expect(couponKey('wElCoMe')).toBe('WELCOME')
  })

  it.each<[string, Partial<Coupon>, Partial<CouponUse>, number, string | undefined]>([
    ['without limits', {}, {}, end, undefined],
    ['a millisecond before its end', { expiresAt: '2027-01-01T00:00:00Z' }, {}, end - 1, undefined],
    ['at its end', { expiresAt: '2027-01-01T00:00:00Z' }, {}, end, 'expired'],
    ['at its end in another zone', { expiresAt: '2027-01-01T01:00:00+01:00' }, {}, end, 'expired'],
    ['with one redemption left', { maxRedemptions: 3 }, { redeemed: 2 }, end, undefined],
    ['with none left', { maxRedemptions: 3 }, { redeemed: 3 }, end, 'used_up'],
    ['for this plan', { plans: ['pro', 'team'] }, {}, end, undefined],
    ['for another plan', { plans: ['pro'] }, {}, end, 'other_plan'],
    ['for plans, on a product', { plans: ['team'] }, { planId: null }, end, 'other_plan'],
    ['for anything, on a product', {}, { planId: null }, end, undefined],
    ["an amount in the catalogue's currency", { amountOff: 5 }, {}, end, undefined],
    ['an amount, charged otherwise', { amountOff: 5 }, { currency: 'EUR' }, end, 'other_currency'],
    ['an amount in its own currency', { amountOff: 5, currency: 'EUR' }, { currency: 'EUR' }, end, undefined],
    ['a percentage in any currency', { currency: 'USD' }, { currency: 'EUR' }, end, undefined],
  ])('%s', (_, over, used, now, fault) => expect(couponFault(coupon(over), { ...use, ...used }, now)).toBe(fault))

  it.each([
    ['a percentage of each, rounded', { percentOff: 10 }, [1905, 5, 4], [191, 1, 0]],
    ['all', { percentOff: 100 }, [1905], [1905]],
    ['an amount, spread', { amountOff: 100 }, [300, 100], [75, 25]],
    ['an amount beyond the sum', { amountOff: 1000 }, [300, 100], [300, 100]],
    ['of nothing', { amountOff: 1000 }, [0, 0], [0, 0]],
  ])('takes %s', (_, terms, amounts, off) => expect(couponAmounts(terms, amounts)).toEqual(off))

  it('goes on for as many periods as it says, the first included', () => {
    expect(carriedCoupon(coupon())).toBeUndefined()
    expect(carriedCoupon(coupon({ duration: { periods: 1 } }))).toBeUndefined()
    expect(carriedCoupon(coupon({ duration: 'forever' }))).toEqual({
      code: 'WELCOME',
      percentOff: 10,
      periodsLeft: 'forever',
    })
    let carried = carriedCoupon(coupon({ duration: { periods: 3 } }))
    const seen: unknown[] = []
    for (; carried; carried = couponAfterRenewal(carried)) seen.push(carried.periodsLeft)
    expect(seen).toEqual([2, 1])
    const forever = { code: 'X', percentOff: 1, periodsLeft: 'forever' as const }
    expect(couponAfterRenewal(forever)).toEqual(forever)
  })
})
