import { describe, expect, it } from 'vitest'
import { chargeRule, type PaymentProvider } from '#domain/moneyCharge'
import type { Charge } from '#domain/payment'
import { isOwedBack, planSetup } from '#domain/paymentSetup'
import { planRefund } from '#domain/refund'
import { at, catalogueOf, payId, provided, rowsOf, settle, settlementInput } from './paymentSupport.ts'

const setup = (provider: PaymentProvider, currency: string) =>
  planSetup({ paymentId: payId, accountId: 'acc_1', provider, currency, mode: 'test', catalogueVersion: 1 }, at)

describe('a set-up of a payment method', () => {
  it.each<[PaymentProvider, string, number]>([
    ['razorpay', 'INR', 100],
    ['paystack', 'NGN', 5000],
    ['paystack', 'GHS', 10],
    ['stripe', 'USD', 50],
    ['stripe', 'JPY', 50],
    ['stripe', 'KWD', 10],
    ['stripe', 'MGA', 100],
  ])('at %s in %s costs %d, which the provider can charge', (provider, currency, amountMinor) => {
    const payment = setup(provider, currency)
    expect(payment).toMatchObject({ type: 'method_setup', amountMinor, currency, provider, status: 'pending', ver: 1 })
    expect(amountMinor % (chargeRule(provider, currency)?.step ?? Number.NaN)).toBe(0)
  })

  it('is none where the provider does not charge the currency', () => {
    expect(setup('paystack', 'INR')).toBeUndefined()
    expect(setup('stripe', 'LYD')).toBeUndefined()
  })

  it('grants nothing, and is owed back until its refund is asked for', () => {
    const payment = setup('razorpay', 'INR')
    if (!payment) throw new Error('no set-up')
    expect(isOwedBack(payment)).toBe(false)
    const { next, writes, as } = settle(
      settlementInput(catalogueOf('example'), payment, { savedMethod: { id: 'pmt_1', mandate: false } }),
    )
    expect(as).toBe('granted')
    expect(rowsOf(writes)).toEqual(['payment', 'charge', 'invoice', 'notice'])
    expect(isOwedBack(next)).toBe(true)
    const refund = planRefund(next, { id: `rfd_${payId.slice(5)}`, reason: 'x' }, undefined, at)
    if (refund.kind !== 'request') throw new Error(refund.detail)
    expect(refund.refund.amountMinor).toBe(100)
    expect(isOwedBack(refund.next)).toBe(false)
  })

  it('that was paid otherwise than asked is held, and not given back unseen', () => {
    const payment = setup('razorpay', 'INR')
    if (!payment) throw new Error('no set-up')
    const input = settlementInput(catalogueOf('example'), payment)
    const seen = input.seen && { ...input.seen, amountMinor: 101 }
    const { next, as } = settle({ ...input, seen })
    expect(as).toBe('held')
    expect(isOwedBack(next)).toBe(false)
  })

  it('whose refund failed is for staff: it is not asked for again by itself', () => {
    const payment = setup('razorpay', 'INR')
    if (!payment) throw new Error('no set-up')
    const { next } = settle(settlementInput(catalogueOf('example'), payment))
    const failed = { refundId: 'rfd_1', amountMinor: 100, processed: false, failed: true }
    const charges = next.charges.map((charge): Charge => ({ ...charge, refunds: [failed] }))
    expect(charges[0]?.providerPaymentId).toBe(provided)
    expect(isOwedBack({ ...next, charges })).toBe(false)
  })
})
