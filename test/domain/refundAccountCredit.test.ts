import { describe, expect, it } from 'vitest'
import { planRefund } from '#domain/refund'
import { type ObservedRefund, planRefundFact } from '#domain/refundFact'
import { planReview } from '#domain/settlementReview'
import {
  accountOf,
  checkedOut,
  checkoutInput,
  provided,
  rowOf,
  rowsOf,
  seenOf,
  settle,
  settlementInput,
} from './paymentSupport.ts'
import { ask, contextOf, example, first, now, seen } from './refundSupport.ts'

describe('account credit that a payment became', () => {
  const live = accountOf(example, { subscriptionId: 'sub_0' })
  const { payment } = checkedOut(checkoutInput(example, { request: { priceId: 'team-month' } }))
  const credited = settle(settlementInput(example, payment, { account: live }))
  const credit = rowOf(credited.writes, 'credit').change.next

  it('leaves the account before it is sent back, and returns when that fails', () => {
    const plan = planRefund(credited.next, ask(), credit, now)
    if (plan.kind !== 'request') throw new Error(plan.detail)
    expect(rowOf(plan.writes, 'credit').change).toMatchObject({
      next: { balanceMinor: 0 },
      entry: { id: `withdrawn:${first}` },
    })
    const after = { ...credit, balanceMinor: 0, ver: 2 }
    const failed = planRefundFact(
      contextOf(plan.next, plan.refund, { credit: after }),
      seen('failed', { amountMinor: 1900 }),
      now,
    )
    expect(rowOf(failed.writes, 'credit').change.next.balanceMinor).toBe(1900)
    const done = planRefundFact(
      contextOf(plan.next, plan.refund, { credit: after }),
      seen('processed', { amountMinor: 1900 }),
      now,
    )
    expect([done.payment.status, rowsOf(done.writes)]).toEqual(['refunded', ['payment', 'refund', 'notice']])
  })

  const outside = (state: ObservedRefund['state'], amountMinor: number, providerRefundId = 'rfnd_1') => {
    const { refundId: _none, ...made } = seen(state, { amountMinor, providerRefundId })
    return made
  }
  it.each<[string, number, taken: number, short: number]>([
    ['all of it is there', 1900, 400, 0],
    ['just as much is left', 400, 400, 0],
    ['most of it was spent', 399, 399, 1],
    ['all of it was spent', 0, 0, 400],
  ])(
    'leaves the account for a refund made outside, and is there again when that fails: %s',
    (_, left, taken, short) => {
      const before = { ...credit, balanceMinor: left }
      const told = planRefundFact(contextOf(credited.next, undefined, { credit: before }), outside('pending', 400), now)
      const id = told.refund.id
      const moved = told.writes.flatMap((write) => (write.row === 'credit' ? [write.change.entry] : []))
      expect(moved.map((entry) => [entry.id, entry.amountMinor])).toEqual(
        taken > 0 ? [[`withdrawn:${id}`, -taken]] : [],
      )
      expect(told.payment.charges[0]?.creditShortMinor ?? 0).toBe(short)
      expect(told.payment.flags.includes('credit_spent')).toBe(short > 0)
      const after = { ...before, balanceMinor: left - taken, ver: 2 }
      const done = planRefundFact(
        contextOf(told.payment, told.refund, { credit: after }),
        outside('processed', 400),
        now + 1,
      )
      expect(rowsOf(done.writes)).toEqual(['payment', 'refund', 'notice'])
      const failed = planRefundFact(
        contextOf(done.payment, done.refund, { credit: after }),
        outside('failed', 400),
        now + 2,
      )
      const back = failed.writes.flatMap((write) => (write.row === 'credit' ? [write.change] : []))
      expect(back.map(({ entry, next }) => [entry.id, next.balanceMinor])).toEqual(
        taken > 0 ? [[`released:${id}`, left]] : [],
      )
      expect(failed.payment.charges[0]?.creditShortMinor).toBeUndefined()
    },
  )

  it('of two refunds made outside gives back no more than is still here when the one fails', () => {
    const one = planRefundFact(
      contextOf(credited.next, undefined, { credit: { ...credit, balanceMinor: 100 } }),
      outside('processed', 400),
      now,
    )
    const more = { ...credit, balanceMinor: 300, ver: 3 }
    const two = planRefundFact(
      contextOf(one.payment, undefined, { credit: more }),
      outside('processed', 300, 'r2'),
      now,
    )
    expect(rowOf(two.writes, 'credit').change.entry.amountMinor).toBe(-300)
    const failed = planRefundFact(
      contextOf(two.payment, two.refund, { credit: { ...more, balanceMinor: 0, ver: 4 } }),
      outside('failed', 300, 'r2'),
      now,
    )
    // 400 were taken of 700, and 400 are gone still.
    expect(rowsOf(failed.writes)).toEqual(['payment', 'refund', 'notice'])
    expect(failed.payment.charges[0]).not.toHaveProperty('creditShortMinor')
  })

  it('gets nothing for a refund made outside that is first heard of when it has failed', () => {
    const told = planRefundFact(contextOf(credited.next, undefined, { credit }), outside('failed', 400), now)
    expect(rowsOf(told.writes)).toEqual(['payment', 'refund', 'notice'])
  })

  it('gets what had gone back before staff kept the rest, once that fails', () => {
    const held = settle(settlementInput(example, payment, { seen: seenOf(payment, { mode: 'live' }) }))
    const told = planRefundFact(contextOf(held.next, undefined), outside('processed', 400), now)
    const input = settlementInput(example, told.payment)
    const kept = planReview(input, { providerPaymentId: provided, as: 'kept' }, now)
    if (kept.kind !== 'settle') throw new Error(kept.kind)
    const { next } = rowOf(kept.writes, 'credit').change
    expect(next.balanceMinor).toBe(1500)
    const failed = planRefundFact(contextOf(kept.next, told.refund, { credit: next }), outside('failed', 400), now + 9)
    expect(rowOf(failed.writes, 'credit').change).toMatchObject({
      entry: { id: `released:${told.refund.id}`, amountMinor: 400 },
      next: { balanceMinor: 1900 },
    })
  })

  it('is refunded as far as it was not used', () => {
    const left = { ...credit, balanceMinor: 1899 }
    expect(planRefund(credited.next, ask(), left, now)).toMatchObject({ refund: { amountMinor: 1899 } })
    expect(planRefund(credited.next, ask({ amountMinor: 1900 }), left, now)).toMatchObject({
      code: 'conflict',
      refundableMinor: 1899,
    })
    expect(planRefund(credited.next, ask(), { ...credit, balanceMinor: 0 }, now)).toMatchObject({
      code: 'conflict',
      refundableMinor: 0,
    })
    expect(planRefund(credited.next, ask(), undefined, now)).toMatchObject({ code: 'conflict' })
  })
})
