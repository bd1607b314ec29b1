import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DiscountedItem, priceOrder, withDue } from '#domain/order'
import { newPayment, orderLifeMs, type Payment, paymentId } from '#domain/payment'
import { afterFact } from '#domain/paymentFact'
import type { TaxRule } from '#domain/tax'
import { readPayment } from '#table/paymentCodec'
import { putPaymentWrite } from '#table/payments'
import { anyFact } from '#test/domain/paymentFacts'
import { at, paymentOf } from '#test/domain/paymentSupport'
import { itemBytes } from '#test/support/itemSize'

const gst: TaxRule = { name: 'GST', rate: '18', inclusive: true }
const taxes = fc.constantFrom<TaxRule>({ name: 'Tax', rate: '0', inclusive: false }, gst, {
  name: 'VAT',
  rate: '7.5',
  inclusive: false,
})
const items = fc.array(
  fc
    .record({
      kind: fc.constantFrom('plan' as const, 'proration' as const, 'overage' as const),
      quantity: fc.integer({ min: 1, max: 3 }),
      unitAmountMinor: fc.integer({ min: -5_000, max: 50_000 }),
      manual: fc.boolean(),
      tax: fc.option(taxes, { freq: 3, nil: undefined }),
    })
    .map(
      ({ manual, tax, ...item }): DiscountedItem => ({
        item: { ...item, id: 'pro-month', description: 'Pro' },
        ...(manual && { planDiscountMinor: 7 }),
        ...(tax && { tax }),
      }),
    ),
  { minLength: 1, maxLength: 4 },
)

/** What is paid for is any order; what was heard of it, any facts. */
const payments = fc
  .tuple(items, taxes, fc.boolean(), fc.array(anyFact, { maxLength: 10 }), fc.nat(3_000))
  .map(([wanted, tax, isCouponed, facts, creditMinor]): Payment => {
    const coupon = { code: 'HALF', percentOff: 50 }
    const priced = priceOrder(wanted, { currency: 'INR', tax, ...(isCouponed && { coupon }) })
    const order = withDue(priced, creditMinor, { minimum: 100, step: 1 }) ?? priced
    const payment = paymentOf({ order, amountMinor: order.dueMinor, holds: creditMinor > 0 ? { creditMinor } : {} })
    return facts.reduce((state, fact) => afterFact(state, fact, at + 100), payment)
  })

describe('a payment as it is stored', () => {
  it('comes back as it was, whatever was bought and whatever was heard of it', () => {
    fc.assert(
      fc.property(payments, (payment) => {
        expect(readPayment(putPaymentWrite(payment, 0).item)).toEqual(payment)
      }),
      { numRuns: 500 },
    )
  })

  it.each<[string, Partial<Payment>]>([
    ['a sum that does not follow', { amountMinor: 1 }],
    ['a status that does not follow', { status: 'completed' }],
    ['money that no charge shows', { capturedMinor: 5 }],
    ['an order that does not add up', { order: { ...paymentOf().order, totalMinor: 5 } }],
  ])('is refused before it is written, with %s', (_what, over) => {
    expect(() => putPaymentWrite({ ...paymentOf(), ...over }, 0)).toThrow('does not come back as it was')
  })
})

const renewal = (over: Partial<Payment>, unit: number, currency: string, tax: TaxRule): Payment => {
  const item = {
    kind: 'plan' as const,
    id: 'premium-month',
    description: 'Premium',
    quantity: 1,
    unitAmountMinor: unit,
  }
  const order = priceOrder([{ item }], { currency, tax })
  const fresh = newPayment({
    id: paymentId(at, '0123456789ABCDEF'),
    accountId: '6f1c2a4e-90b7-4d35-8a11-000000000000',
    type: 'renewal',
    mode: 'live',
    amountMinor: order.dueMinor,
    currency,
    order,
    subject: {
      kind: 'subscription',
      subscriptionId: 'sub_01MB78QN00PFAAR1XRER34Z6N0',
      planId: 'premium',
      priceId: 'premium-month',
      periodIndex: 12,
    },
    provider: 'stripe',
    followed: true,
    method: { id: 'pmt_0000000000KYSMGPKHEV38FM00', gatewayCustomerId: 'cus_PSBGC8BPQQDTC6' },
    catalogueVersion: 12,
    holds: {},
    createdAt: at,
    expiresAt: at + orderLifeMs,
  })
  return { ...fresh, ...over, ver: 1 }
}

describe('a renewal’s payment stays below 1 KB, where its writes cost half', () => {
  it.each<[string, Partial<Payment>, string, number, string, TaxRule]>([
    [
      'Razorpay, with GST',
      { provider: 'razorpay', providerOrderId: 'order_DESoU0U4ikYA19' },
      'pay_DESoU0U4ikYA19',
      24_900,
      'INR',
      gst,
    ],
    [
      'Paystack, with VAT',
      { provider: 'paystack', providerOrderId: `fpay-01MFZ66200KTM29WMF4FJZSANY` },
      '3899528652',
      4_500_000,
      'NGN',
      { name: 'VAT', rate: '7.5', inclusive: false },
    ],
    [
      'Stripe, with VAT',
      { provider: 'stripe', providerOrderId: 'pi_3MtwBwLkdIwHu7ix28a3tqPa' },
      'pi_3MtwBwLkdIwHu7ix28a3tqPa',
      3_200,
      'USD',
      { name: 'VAT', rate: '20', inclusive: true },
    ],
  ])('%s', (_name, over, providerPaymentId, unit, currency, tax) => {
    const begun = renewal(over, unit, currency, tax)
    const paid = afterFact(
      begun,
      { kind: 'captured', at, providerPaymentId, amountMinor: begun.amountMinor, currency, differences: [] },
      at,
    )
    const settled: Payment = {
      ...paid,
      charges: paid.charges.map((charge) => ({ ...charge, as: 'granted' })),
      settled: { at, as: 'granted', providerPaymentId, reference: 'sub_01MB78QN00PFAAR1XRER34Z6N0' },
    }
    for (const payment of [begun, settled]) {
      const { item } = putPaymentWrite(payment, 0)
      expect(readPayment(item)).toEqual(payment)
      expect(itemBytes(item)).toBeLessThanOrEqual(1_024)
    }
  })
})
