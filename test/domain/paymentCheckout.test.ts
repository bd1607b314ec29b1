import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { chargeRule } from '#domain/moneyCharge'
import { assertOrder, type DiscountedItem, type Order, priceOrder, withDue } from '#domain/order'
import { type CheckoutInput, planCheckout } from '#domain/orderCheckout'
import { discountWindow, type PurchaseRequest, pricePurchase } from '#domain/orderPurchase'
import { askedWith, newQuote, quoteFault, quoteLifeMs } from '#domain/orderQuote'
import { noTax } from '#domain/tax'
import { catalogueFrom, catalogueJson, published } from '#test/support/catalogues'
import {
  accountOf,
  at,
  catalogueOf,
  checkedOut,
  checkoutInput,
  payId,
  rowOf,
  rowsOf,
  termsOfPrice,
} from './paymentSupport.ts'

const example = catalogueOf('example')
const resume = catalogueOf('resume-ats')
const wellbeing = catalogueOf('wellbeing')
const gst = { default: noTax, IN: { name: 'GST', rate: '18', inclusive: true } }
const premium = accountOf(wellbeing, {
  plan: termsOfPrice(wellbeing, 'premium-month'),
  subscriptionId: 'sub_0',
  period: { start: at - 1000, end: at + 86_400_000 },
  accessEnd: at + 86_400_000,
})
const manual = {
  id: 'man_1',
  accountId: 'acc_1',
  percentOff: 50,
  reason: 'Sorry',
  expiresAt: at + 1,
  ver: 1,
}
const buy = (request: PurchaseRequest, over: Partial<CheckoutInput> = {}) =>
  planCheckout(checkoutInput(example, { request, ...over }), at)

describe('a checkout', () => {
  it('takes amount and currency from the catalogue and makes a pending payment of 24 hours', () => {
    const { payment, writes } = checkedOut(checkoutInput(resume, { request: { priceId: 'pro-month' } }))
    expect(payment).toMatchObject({
      id: payId,
      type: 'plan_purchase',
      status: 'pending',
      amountMinor: 14_900,
      currency: 'INR',
      provider: 'razorpay',
      catalogueVersion: 1,
      subject: { kind: 'plan', planId: 'pro', priceId: 'pro-month', interval: 'month' },
      createdAt: at,
      expiresAt: at + 24 * 3_600_000,
      ver: 1,
    })
    expect(rowsOf(writes)).toEqual(['payment'])
    expect(rowOf(writes, 'payment').seenVer).toBe(0)
  })

  it('states the tax that the price contains, by billing country', () => {
    const input = { request: { priceId: 'pro-month' }, tax: gst }
    expect(checkedOut(checkoutInput(resume, { ...input, country: 'IN' })).payment.order).toMatchObject({
      taxMinor: 2273,
      dueMinor: 14_900,
    })
    expect(checkedOut(checkoutInput(resume, { ...input, country: 'US' })).payment.order.taxMinor).toBe(0)
    const onTop = { default: { name: 'VAT', rate: '7.5', inclusive: false } }
    expect(checkedOut(checkoutInput(resume, { ...input, tax: onTop })).payment).toMatchObject({
      amountMinor: 16_018,
      order: { totalMinor: 16_018, taxes: [{ name: 'VAT', baseMinor: 14_900, taxMinor: 1118 }] },
    })
  })

  it('sells products by the piece', () => {
    const { payment } = checkedOut(checkoutInput(example, { request: { productId: 'pack-500', quantity: 3 } }))
    expect(payment).toMatchObject({ type: 'credit_pack', amountMinor: 2700, subject: { credits: 500, quantity: 3 } })
  })

  it.each<[string, PurchaseRequest, Partial<CheckoutInput>, string]>([
    ['neither price nor product', {}, {}, 'validation_failed'],
    ['both', { priceId: 'team-month', productId: 'guide' }, {}, 'validation_failed'],
    ['an unknown price', { priceId: 'x' }, {}, 'not_found'],
    ['an unknown product', { productId: 'x' }, {}, 'not_found'],
    ['two of a plan', { priceId: 'team-month', quantity: 2 }, {}, 'validation_failed'],
    ['none of a product', { productId: 'guide', quantity: 0 }, {}, 'validation_failed'],
    ['half of one', { productId: 'guide', quantity: 0.5 }, {}, 'validation_failed'],
    ['101 of one', { productId: 'guide', quantity: 101 }, {}, 'validation_failed'],
    ['the free plan', { priceId: 'free' }, {}, 'conflict'],
    [
      'a plan while one is live',
      { priceId: 'team-month' },
      { account: accountOf(example, { subscriptionId: 's' }) },
      'conflict',
    ],
    [
      'in another currency than before',
      { productId: 'guide' },
      { account: accountOf(example, { currency: 'EUR' }) },
      'conflict',
    ],
    ['a plan as a visitor', { priceId: 'team-month' }, { account: accountOf(example, { id: 'anon_1' }) }, 'forbidden'],
    ['credits as a visitor', { productId: 'pack-500' }, { account: accountOf(example, { id: 'anon_1' }) }, 'forbidden'],
    ['with an unknown coupon', { priceId: 'team-month', couponCode: 'X' }, {}, 'coupon_invalid'],
    ['with a plan coupon on a product', { productId: 'guide', couponCode: 'WELCOME' }, {}, 'coupon_invalid'],
    ['with a coupon used up', { priceId: 'team-month', couponCode: 'WELCOME' }, { redeemed: 100 }, 'coupon_invalid'],
    [
      'where nobody charges the currency',
      { productId: 'guide' },
      { provider: 'paystack', published: kwd() },
      'conflict',
    ],
  ])('refuses %s', (_, request, over, code) => expect(buy(request, over)).toMatchObject({ kind: 'refused', code }))

  it('sells a plan again once access is over, to the millisecond', () => {
    const account = accountOf(example, { subscriptionId: 's', accessEnd: at })
    expect(buy({ priceId: 'team-month' }, { account }).kind).toBe('pay')
    expect(buy({ priceId: 'team-month' }, { account: { ...account, accessEnd: at + 1 } }).kind).toBe('refused')
  })

  it('sells to a suspended account; refuses one that is being erased', () => {
    expect(buy({ productId: 'guide' }, { account: accountOf(example, { suspended: true }) }).kind).toBe('pay')
    const erasing = accountOf(example, { suspended: true, erasingAt: at })
    expect(() => buy({ productId: 'guide' }, { account: erasing })).toThrow('being erased')
  })

  it('takes coupon and manual discount under their conditions, in order: manual, then coupon', () => {
    const request = { priceId: 'team-month', couponCode: 'welcome' }
    const { payment, writes } = checkedOut(checkoutInput(example, { request, redeemed: 99, manual: [manual] }))
    expect(payment.order.lines[0]).toMatchObject({
      grossMinor: 1900,
      discounts: [
        { kind: 'manual', amountMinor: 950 },
        { kind: 'coupon', label: 'WELCOME', amountMinor: 95 },
      ],
      netMinor: 855,
    })
    expect(payment.holds).toEqual({ coupon: { code: 'WELCOME' }, manualDiscountId: 'man_1' })
    expect(rowOf(writes, 'coupon')).toEqual({ row: 'coupon', code: 'WELCOME', by: 1, max: 100 })
    expect(rowOf(writes, 'manualDiscount')).toMatchObject({ id: 'man_1', paymentId: payId, take: true })
  })

  it('pays with account credit, but never leaves less than the provider charges', () => {
    const credit = (balanceMinor: number) => ({ accountId: 'acc_1', currency: 'USD', balanceMinor, ver: 4 })
    const due = (balanceMinor: number) =>
      checkedOut(checkoutInput(example, { request: { productId: 'guide' }, credit: credit(balanceMinor) }))
    expect([0, 1, 650, 651, 699].map((n) => due(n).payment.amountMinor)).toEqual([700, 699, 50, 50, 50])
    expect(rowOf(due(699).writes, 'credit').change).toMatchObject({
      next: { balanceMinor: 49, ver: 5 },
      entry: { id: `taken:${payId}`, amountMinor: -650 },
    })
    const free = planCheckout(checkoutInput(example, { request: { productId: 'guide' }, credit: credit(900) }), at)
    expect(free).toMatchObject({
      kind: 'free',
      payment: { amountMinor: 0, provider: null, holds: { creditMinor: 700 } },
    })
  })

  it('refuses what is too small to charge', () => {
    const small = [{ ...manual, percentOff: 93 }]
    expect(buy({ productId: 'guide' }, { manual: small })).toMatchObject({ code: 'amount_too_small' })
    expect(buy({ productId: 'guide' }, { manual: [{ ...manual, percentOff: 92 }] })).toMatchObject({
      kind: 'pay',
      payment: { amountMinor: 56 },
    })
    expect(buy({ productId: 'guide' }, { manual: [{ ...manual, percentOff: 100 }] }).kind).toBe('free')
  })
})

/** The example, charged in a currency that Paystack does not take. */
function kwd() {
  const json = JSON.parse(
    JSON.stringify(catalogueJson('example')).replaceAll('"USD"', '"KWD"').replaceAll('1900', '1000'),
  )
  return published(catalogueFrom(json))
}

describe('reference product E', () => {
  const input = (productId: string, over: Partial<CheckoutInput> = {}) =>
    checkoutInput(wellbeing, { account: premium, request: { productId }, ...over })

  it('gives the first quiz of a period free, without a provider', () => {
    const plan = planCheckout(input('stress-quiz'), at)
    if (plan.kind !== 'free') throw new Error(plan.kind)
    expect(plan.payment).toMatchObject({ amountMinor: 0, order: { discountMinor: 2500 } })
    expect(rowOf(plan.writes, 'discountUse')).toEqual({
      row: 'discountUse',
      accountId: 'acc_1',
      group: 'quiz',
      windowId: discountWindow(premium, at),
      by: { free: 1, percent: 0 },
      seen: { free: 0, percent: 0 },
    })
  })

  it('reduces what is too dear to be free, then the manual discount', () => {
    const { payment } = checkedOut(input('personality-quiz', { manual: [manual] }))
    expect(payment.order.lines[0]?.discounts).toMatchObject([
      { kind: 'plan', label: '20% off with Premium', amountMinor: 1600 },
      { kind: 'manual', amountMinor: 3200 },
    ])
    expect(payment.amountMinor).toBe(3200)
  })

  it('gives nothing off without the plan, after it, and to visitors, who may buy', () => {
    for (const account of [
      accountOf(wellbeing),
      { ...premium, accessEnd: at },
      accountOf(wellbeing, { id: 'anon_1' }),
    ]) {
      const { payment, writes } = checkedOut(input('stress-quiz', { account }))
      expect([payment.amountMinor, rowsOf(writes)]).toEqual([2500, ['payment']])
    }
  })

  describe('a quote', () => {
    const request = { productId: 'stress-quiz' }
    const context = input('stress-quiz', { used: { free: 1, percent: 0 } })
    const purchase = pricePurchase(context, request, at)
    if ('detail' in purchase) throw new Error(purchase.detail)
    const quote = newQuote('acc_1', request, purchase, at)

    it('is honoured though catalogue and tax have changed', () => {
      const dearer = published(
        catalogueFrom(JSON.parse(JSON.stringify(catalogueJson('wellbeing')).replaceAll('2500', '4000'))),
        { version: 2 },
      )
      const now = at + quoteLifeMs - 1
      const plan = planCheckout(
        { ...context, published: dearer, tax: { default: { name: 'T', rate: '9', inclusive: false } }, quote, request },
        now,
      )
      expect(plan).toMatchObject({ kind: 'free', payment: { catalogueVersion: 1, order: { discountMinor: 2500 } } })
    })

    it.each<[string, number, Partial<CheckoutInput>, PurchaseRequest, string]>([
      ['after 15 minutes', quoteLifeMs, {}, request, 'quote_expired'],
      ['when the free units have gone meanwhile', 0, { used: { free: 2, percent: 0 } }, request, 'quote_expired'],
      ['by another account', 0, { account: { ...premium, id: 'acc_2' } }, request, 'validation_failed'],
      ['for another product', 0, {}, { productId: 'burnout-quiz' }, 'validation_failed'],
      ['for more of it', 0, {}, { ...request, quantity: 2 }, 'validation_failed'],
      ['with a coupon added', 0, {}, { ...request, couponCode: 'X' }, 'validation_failed'],
    ])('does not hold %s', (_, later, over, asked, fault) => {
      expect(quoteFault(quote, { ...context, ...over }, asked, at + later)).toBe(fault)
      expect(planCheckout({ ...context, ...over, quote, request: asked }, at + later)).toMatchObject({ code: fault })
    })

    it('brings its coupon along, in whatever case that is sent with it', () => {
      const couponed = { ...quote, request: { ...request, couponCode: 'WELCOME' } }
      const faultOf = (sent: typeof request & { couponCode?: string }) =>
        quoteFault(couponed, context, askedWith(sent, couponed.request), at)
      expect(faultOf(request)).toBeUndefined()
      expect(faultOf({ ...request, couponCode: 'welcome' })).toBeUndefined()
      expect(faultOf({ ...request, couponCode: 'OTHER' })).toBe('validation_failed')
    })

    it('does not hold once its manual discount was taken', () => {
      const priced = pricePurchase({ ...context, manual: [manual] }, request, at)
      if ('detail' in priced) throw new Error(priced.detail)
      const offer = newQuote('acc_1', request, priced, at)
      expect(quoteFault(offer, { ...context, manual: [manual] }, request, at)).toBeUndefined()
      const taken = [{ ...manual, paymentId: 'fpay_other' }]
      expect(quoteFault(offer, { ...context, manual: taken }, request, at)).toBe('quote_expired')
      expect(quoteFault(offer, { ...context, manual: [] }, request, at)).toBe('quote_expired')
    })
  })
})

describe('what is due', () => {
  const order = (unitAmountMinor: number): Order =>
    priceOrder([{ item: { kind: 'item', id: 'i', description: 'I', quantity: 1, unitAmountMinor } }], {
      currency: 'KWD',
      tax: noTax,
    })
  it.each([
    ['a multiple of the step', 1990, 0, 1990, []],
    ['rounded down to it', 1995, 0, 1990, [{ kind: 'rounding', amountMinor: -5 }]],
    ['the smallest', 10, 0, 10, []],
    ['nothing', 0, 50, 0, []],
    ['all by credit', 1995, 5000, 0, [{ kind: 'account_credit', amountMinor: -1995 }]],
    ['a rest below the step keeps credit back', 1005, 1000, 10, [{ kind: 'account_credit', amountMinor: -995 }]],
  ])('%s', (_, total, credit, due, adjustments) => {
    const rule = chargeRule('stripe', 'KWD')
    if (!rule) throw new Error('Stripe charges dinars')
    expect(withDue(order(total), credit, rule)).toMatchObject({ dueMinor: due, adjustments })
  })
  it.each([1, 9])('%i is too small', (total) =>
    expect(withDue(order(total), 0, { minimum: 10, step: 10 })).toBeUndefined(),
  )

  const amounts = fc.integer({ min: 0, max: 5_000_000 })
  const items = fc.array(
    fc.record({
      quantity: fc.integer({ min: 1, max: 100 }),
      unitAmountMinor: amounts,
      off: fc.integer({ min: 0, max: 100 }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  const rules = fc.record({ minimum: fc.integer({ min: 1, max: 500 }), step: fc.constantFrom(1, 10, 100) })
  const coupons = fc.oneof(
    fc.record({ code: fc.constant('C'), percentOff: fc.integer({ min: 1, max: 100 }) }),
    fc.record({ code: fc.constant('C'), amountOff: fc.integer({ min: 1, max: 10_000_000 }) }),
  )
  test('every order adds up: discounts, coupon, tax, credit and rounding, and is chargeable or nothing', () => {
    const all = fc.tuple(items, fc.option(coupons, { nil: undefined }), fc.nat(30_000), fc.boolean(), amounts, rules)
    fc.assert(
      fc.property(all, ([lines, coupon, thousandths, inclusive, credit, rule]) => {
        const discounted = lines.map(
          ({ quantity, unitAmountMinor, off }, n): DiscountedItem => ({
            item: { kind: 'item', id: `i${n}`, description: 'I', quantity, unitAmountMinor },
            planDiscountMinor: Math.floor((quantity * unitAmountMinor * off) / 100),
            manual: { ...manual, percentOff: off },
          }),
        )
        const rate = `${Math.floor(thousandths / 1000)}.${String(thousandths % 1000).padStart(3, '0')}`
        const tax = { name: 'Tax', rate, inclusive }
        const priced = priceOrder(discounted, { currency: 'USD', tax, ...(coupon && { coupon }) })
        expect(() => assertOrder(priced)).not.toThrow()
        for (const { netMinor, totalMinor } of priced.lines) {
          expect(netMinor).toBeGreaterThanOrEqual(0)
          expect(totalMinor).toBeGreaterThanOrEqual(netMinor)
        }
        const due = withDue(priced, credit, rule)
        const smallest = Math.ceil(rule.minimum / rule.step) * rule.step
        if (!due) {
          expect(priced.totalMinor).toBeLessThan(smallest)
          return
        }
        expect(() => assertOrder(due)).not.toThrow()
        if (due.dueMinor === 0) expect(credit).toBeGreaterThanOrEqual(priced.totalMinor)
        else expect(due.dueMinor).toBeGreaterThanOrEqual(rule.minimum)
        expect(due.dueMinor % rule.step).toBe(0)
      }),
    )
  })

  it('is refused when it contradicts itself', () => {
    const fine = order(1990)
    expect(() => assertOrder({ ...fine, dueMinor: 1 })).toThrow('adjustments')
    expect(() => assertOrder({ ...fine, totalMinor: 1 })).toThrow('lines')
    expect(() => assertOrder({ ...fine, taxMinor: 1 })).toThrow('taxes')
    expect(() => assertOrder({ ...fine, lines: fine.lines.map((line) => ({ ...line, netMinor: 1 })) })).toThrow(
      'discounts',
    )
  })
})
