import { describe, expect, it } from 'vitest'
import type { Payment } from '#domain/payment'
import { byAmount, isAskedFor, rangeOf, shortRangeOf, summaryOf } from '#domain/paymentFilter'
import { at, paymentOf } from './paymentSupport.ts'

const dayMs = 86_400_000
const iso = (time: number) => new Date(time).toISOString()

describe('a range', () => {
  it('holds its first instant and not its last', () => {
    const payment = paymentOf()
    const asked = (from: number, to: number) => isAskedFor(payment, { from, to })
    expect([asked(at - 1, at), asked(at, at + 1), asked(at + 1, at + 2)]).toEqual([false, true, false])
  })

  it('may be open at either end', () => {
    expect(rangeOf({})).toEqual({})
    expect(rangeOf({ from: iso(at) })).toEqual({ from: at })
    expect(rangeOf({ to: iso(at) })).toEqual({ to: at })
  })

  it.each([
    [-1, false],
    [0, false],
    [1, true],
  ])('that ends %d ms after it begins holds: %s', (lengthMs, holds) => {
    const range = () => rangeOf({ from: iso(at), to: iso(at + lengthMs) })
    if (holds) expect(range()).toEqual({ from: at, to: at + lengthMs })
    else expect(range).toThrow('must be after')
  })

  it.each([
    [-1, true],
    [0, true],
    [1, false],
  ])('of 366 days and %d ms is short: %s', (moreMs, isShort) => {
    const range = () => shortRangeOf({ from: iso(at), to: iso(at + 366 * dayMs + moreMs) })
    if (isShort) expect(range().from).toBe(at)
    else expect(range).toThrow('at most 366 days')
  })
})

describe('a search', () => {
  const payment: Payment = {
    ...paymentOf({ providerOrderId: 'order_ABC' }),
    providerPaymentId: 'pay_Two',
    charges: [
      { providerPaymentId: 'pay_One', refundTotalMinor: 0, refunds: [] },
      { providerPaymentId: 'pay_Two', refundTotalMinor: 0, refunds: [] },
    ],
  }
  it.each([
    [payment.id, true],
    [payment.id.toLowerCase().slice(3, 20), true],
    ['ORDER_a', true],
    ['pay_one', true],
    ['PAY_TWO', true],
    ['a THING', true],
    ['.', false],
    ['order_abd', false],
    ['acc_1', false],
  ])('for %j finds it: %s', (text, found) => {
    expect(isAskedFor(payment, { text })).toBe(found)
  })
})

it('amounts are ordered within their currency, equal ones by age', () => {
  const of = (currency: string, amountMinor: number, id: string) => ({ currency, amountMinor, id })
  const sorted = [of('INR', 1, 'a'), of('INR', 2, 'a'), of('INR', 2, 'b'), of('USD', 1, 'a')]
  expect(sorted.toReversed().sort(byAmount)).toEqual(sorted)
})

it('what was paid with nothing to pay is completed and spends nothing', () => {
  const free: Payment = { ...paymentOf({ provider: null, amountMinor: 0 }), status: 'completed' }
  expect(summaryOf([free])).toEqual({ count: 1, completed: 1, failed: 0, spent: [] })
})
