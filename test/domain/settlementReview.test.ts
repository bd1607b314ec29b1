import { describe, expect, it } from 'vitest'
import type { Account } from '#domain/account'
import type { Payment } from '#domain/payment'
import { afterFact } from '#domain/paymentFact'
import { noCredit, planCredit } from '#domain/settlementCredit'
import { planReview } from '#domain/settlementReview'
import {
  accountOf,
  at,
  bought,
  catalogueOf,
  fallbackOf,
  payId,
  paymentOf,
  provided,
  rowOf,
  rowsOf,
  seenOf,
  settle,
  settlementInput,
} from './paymentSupport.ts'

const example = catalogueOf('example')
const live: Partial<Account> = { subscriptionId: 'sub_0' }
const now = at + 60_000

describe('a review', () => {
  const payment = bought({ priceId: 'team-month' })
  const credited = settle(settlementInput(example, payment, { account: accountOf(example, live) }))
  const { change } = rowOf(credited.writes, 'credit')
  const decide = (as: 'settled' | 'kept' | 'returned', over: object = {}) =>
    planReview(
      { ...settlementInput(example, credited.next, { seen: null }), credit: change.next, ...over },
      { providerPaymentId: provided, as },
      now,
    )

  /** An order for use beyond the plan. */
  function withUse(paid: Payment): Payment {
    const lines = paid.order.lines.map((line) => ({ ...line, kind: 'overage' as const }))
    return { ...paid, order: { ...paid.order, lines } }
  }

  it('is settled by staff: the credit is withdrawn, the plan granted, the invoice made', () => {
    const plan = decide('settled')
    if (plan.kind !== 'settle') throw new Error(plan.kind)
    expect(plan.next).toMatchObject({ status: 'completed', settled: { as: 'granted', reference: 'sub_1' } })
    expect(rowsOf(plan.writes)).toEqual([
      'payment',
      'credit',
      'account',
      'subscription',
      'wallet',
      'priceCount',
      'history',
      'notice',
      'invoice',
      'notice',
    ])
    const { writes: settled } = settle(settlementInput(example, payment))
    const kinds = (writes: typeof settled) => writes.flatMap((write) => (write.row === 'notice' ? [write.kind] : []))
    expect(kinds(plan.writes)).toEqual(kinds(settled))
    expect(kinds(settled)).toContain('payment.completed')
    expect(rowOf(plan.writes, 'credit').change.next.balanceMinor).toBe(0)
    const input = { ...settlementInput(example, plan.next), credit: change.next }
    expect(planReview(input, { providerPaymentId: provided, as: 'settled' }, now).kind).toBe('repeated')
    expect(planReview(input, { providerPaymentId: provided, as: 'kept' }, now).kind).toBe('refused')
  })

  it.each<[string, object]>([
    ['while another subscription is live', { account: accountOf(example, live) }],
    ['when the credit was used', { credit: { ...change.next, balanceMinor: 1 } }],
    ['without the account', { account: undefined }],
    ['when its subscription has moved on', { other: { kind: 'unlawful', reason: 'overtaken' } }],
    ['when what was used is owed again', { payment: withUse(credited.next) }],
  ])('is not settled %s', (_, over) =>
    expect(decide('settled', over)).toMatchObject({ kind: 'refused', code: 'conflict' }),
  )

  it('is kept as credit', () => {
    const kept = decide('kept')
    expect(kept).toMatchObject({ kind: 'settle', next: { status: 'completed', flags: ['already_subscribed'] } })
    if (kept.kind === 'settle') expect(rowsOf(kept.writes)).toEqual(['payment'])
  })

  it('turns held money into credit, in its own currency, but never grants for another amount', () => {
    const held = settle(
      settlementInput(example, payment, { seen: seenOf(payment, { amountMinor: 5, currency: 'EUR' }) }),
    )
    const input = settlementInput(example, held.next)
    const kept = planReview(input, { providerPaymentId: provided, as: 'kept' }, now)
    if (kept.kind !== 'settle') throw new Error(kept.kind)
    expect(rowOf(kept.writes, 'credit').change.next).toMatchObject({ balanceMinor: 5, currency: 'EUR' })
    expect(kept.next.status).toBe('completed')
    expect(planReview(input, { providerPaymentId: provided, as: 'settled' }, now)).toMatchObject({ kind: 'refused' })
    const short = settle(settlementInput(example, payment, { seen: seenOf(payment, { amountMinor: 1899 }) }))
    const decision = { providerPaymentId: provided, as: 'settled' as const }
    expect(planReview(settlementInput(example, short.next), decision, now)).toMatchObject({ kind: 'refused' })
    expect(planReview(input, { providerPaymentId: 'pay_none', as: 'kept' }, now)).toMatchObject({ code: 'not_found' })
  })

  const heldOf = (paid: Partial<Parameters<typeof seenOf>[1]>) =>
    settle(settlementInput(example, payment, { seen: seenOf(payment, paid) })).next
  const back = (paid: Payment, amountMinor: number, state: 'pending' | 'processed') =>
    afterFact(paid, { kind: 'refund', providerPaymentId: provided, providerRefundId: 'rf_1', amountMinor, state }, at)

  it.each(['pending', 'processed'] as const)(
    'keeps what has not gone back, and grants none of the rest: %s',
    (state) => {
      const decideOn = (paid: Payment, as: 'kept' | 'settled') =>
        planReview(settlementInput(example, paid), { providerPaymentId: provided, as }, now)
      const part = decideOn(back(heldOf({ amountMinor: 2000 }), 500, state), 'kept')
      if (part.kind !== 'settle') throw new Error(part.kind)
      expect(rowOf(part.writes, 'credit').change.entry.amountMinor).toBe(1500)
      expect(decideOn(back(heldOf({ amountMinor: 2000 }), 2000, state), 'kept')).toMatchObject({ code: 'conflict' })
      const total = { kind: 'refundTotal' as const, providerPaymentId: provided, totalMinor: 501 }
      const unheard = afterFact(back(heldOf({ amountMinor: 2000 }), 500, state), total, at)
      expect(decideOn(unheard, 'kept')).toMatchObject({ kind: 'refused', code: 'conflict' })
      // Razorpay's total counts a refund from the moment it is made: it says nothing new of one that is known.
      const counted = afterFact(back(heldOf({ amountMinor: 2000 }), 500, state), { ...total, totalMinor: 500 }, at)
      const same = decideOn(counted, 'kept')
      expect(same.kind === 'settle' && rowOf(same.writes, 'credit').change.entry.amountMinor).toBe(1500)
      const rightly = heldOf({ mode: 'live' })
      expect(decideOn(rightly, 'settled').kind).toBe('settle')
      expect(decideOn(back(rightly, 1, state), 'settled')).toMatchObject({ kind: 'refused', code: 'conflict' })
    },
  )
})

describe('account credit', () => {
  const movement = { cause: 'taken' as const, paymentId: payId, about: payId }
  it('never falls below zero', () => {
    const credit = { ...noCredit('acc_1', 'USD'), balanceMinor: 10, ver: 1 }
    expect(planCredit(credit, { ...movement, amountMinor: -10 }, at)?.next).toMatchObject({ balanceMinor: 0, ver: 2 })
    expect(planCredit(credit, { ...movement, amountMinor: -11 }, at)).toBeUndefined()
    expect(() => planCredit(credit, { ...movement, amountMinor: 0 }, at)).toThrow(RangeError)
    expect(() => planCredit(credit, { ...movement, amountMinor: Number.MAX_SAFE_INTEGER }, at)).toThrow(RangeError)
  })
  it('of the fallback is that of the catalogue', () => expect(fallbackOf(example)?.planId).toBe('free'))
})

describe('effects that other rules decide', () => {
  const renewal = paymentOf({
    type: 'renewal',
    subject: { kind: 'subscription', subscriptionId: 'sub_0', planId: 'team', priceId: 'team-month', periodIndex: 1 },
  })
  it('are written when lawful, else the money is credited', () => {
    const writes = [{ row: 'priceCount' as const, priceId: 'x', by: 1 as const }]
    const input = settlementInput(example, renewal)
    expect(rowsOf(settle({ ...input, other: { kind: 'lawful', writes, reference: 'sub_0' } }).writes)).toContain(
      'priceCount',
    )
    const overtaken = settle({ ...input, other: { kind: 'unlawful', reason: 'overtaken' } })
    expect([overtaken.as, overtaken.next.flags]).toEqual(['account_credit', ['overtaken']])
    expect(() => settle(input)).toThrow('needs its effect')
  })
})
