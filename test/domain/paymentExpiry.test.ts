import { describe, expect, it } from 'vitest'
import type { Payment } from '#domain/payment'
import { planExpiry } from '#domain/paymentExpiry'
import { afterFact, type PaymentFact } from '#domain/paymentFact'
import { captured, expired, failed, processing } from './paymentFacts.ts'
import { at, payId, paymentOf, rowOf, rowsOf } from './paymentSupport.ts'

const after = (...facts: PaymentFact[]): Payment =>
  facts.reduce((payment, fact) => afterFact(payment, fact, at + 100), paymentOf())

describe('expiry', () => {
  const noRows = { credit: undefined, manual: undefined }
  const end = paymentOf().expiresAt
  it.each([
    ['a millisecond early', paymentOf(), end - 1, 'early'],
    ['in flight', after(processing), end, 'in_flight'],
    ['paid', after(captured()), end, 'done'],
    ['expired before', after(expired), end, 'done'],
  ])('keeps one that is %s', (_, payment, now, reason) => {
    expect(planExpiry(payment, noRows, now)).toEqual({ kind: 'keep', reason })
  })

  it('gives everything back that the checkout took, at the very instant', () => {
    const holds = {
      coupon: { code: 'WELCOME' },
      manualDiscountId: 'man_1',
      discount: { group: 'quiz', windowId: 'period#x', free: 2, percent: 1 },
      creditMinor: 500,
    }
    const payment = { ...paymentOf({ holds }), holds, ver: 2 }
    const credit = { accountId: 'acc_1', currency: 'INR', balanceMinor: 100, ver: 3 }
    const given = { id: 'man_1', accountId: 'acc_1', percentOff: 10, reason: 'x', expiresAt: end, ver: 2 }
    const manual = { ...given, paymentId: payId }
    const plan = planExpiry(payment, { credit, manual }, end)
    if (plan.kind !== 'expire') throw new Error(plan.reason)
    expect(plan.next).toMatchObject({ status: 'expired', released: true, ver: 3 })
    expect(rowsOf(plan.writes)).toEqual(['payment', 'coupon', 'manualDiscount', 'discountUse', 'credit', 'notice'])
    expect(rowOf(plan.writes, 'payment').seenVer).toBe(2)
    expect(rowOf(plan.writes, 'coupon')).toMatchObject({ code: 'WELCOME', by: -1 })
    expect(rowOf(plan.writes, 'manualDiscount')).toMatchObject({ take: false, paymentId: payId })
    expect(rowOf(plan.writes, 'discountUse').by).toEqual({ free: -2, percent: -1 })
    expect(rowOf(plan.writes, 'credit').change.next).toMatchObject({ balanceMinor: 600, ver: 4 })
    const gone = planExpiry(payment, { credit, manual: undefined }, end)
    expect(gone.kind === 'expire' && rowsOf(gone.writes)).toEqual([
      ...['payment', 'coupon', 'discountUse', 'credit', 'notice'],
    ])
    expect(planExpiry(plan.next, { credit, manual }, end)).toEqual({ kind: 'keep', reason: 'done' })
  })

  it('of one that failed leaves its reason, and tells nobody that it has expired', () => {
    const plan = planExpiry(after(failed), noRows, end)
    if (plan.kind !== 'expire') throw new Error(plan.reason)
    expect(plan.next).toMatchObject({ status: 'failed', progress: 'expired', attempt: { state: 'failed' } })
    expect(rowsOf(plan.writes)).toEqual(['payment'])
  })
})
