import { describe, expect, it } from 'vitest'
import { invoiceOf } from '#domain/invoice'
import type { Payment } from '#domain/payment'
import { isRefundId, planRefund, type RefundRequest } from '#domain/refund'
import { type ObservedRefund, planRefundFact } from '#domain/refundFact'
import { windowAt } from '#domain/time'
import { decide } from '#domain/walletDecide'
import { viewWallet } from '#domain/walletView'
import {
  accountOf,
  at,
  parties,
  paymentOf,
  rowOf,
  rowsOf,
  seenOf,
  settle,
  settlementInput,
  walletOf,
  zones,
} from './paymentSupport.ts'
import { ask, contextOf, example, now, paid, requested, second, seen, settled } from './refundSupport.ts'

describe('refunded credits', () => {
  const { payment, writes } = settled(example, { productId: 'pack-500' })
  const full = { ...rowOf(writes, 'wallet').change.wallet, version: 2 }
  const spend = (amount: number) => {
    const guard = { class: 's' as const, bits: '8123456789ABCDEF' }
    const decision = decide(full, { kind: 'deduct', guard, amount, reason: 'use' }, now, windowAt)
    if (decision.kind !== 'accepted') throw new Error(decision.kind)
    return decision.wallet
  }
  const refunded = (amountMinor: number, wallet = full, before = payment) => {
    const { next, refund } = requested(before, ask({ amountMinor }))
    return planRefundFact(
      contextOf(next, refund, { wallet, account: accountOf(example) }),
      seen('pending', { amountMinor }),
      now,
    )
  }

  it.each([
    ['all of them', 900, 0, 500, 0],
    ['what is left, and how many were spent', 900, 220, 300, 200],
    ['none, when all were spent', 900, 520, 0, 500],
    ['their part, for a part', 300, 0, 166, 0],
  ])('are taken back: %s', (_, amountMinor, spent, creditsTaken, creditsSpent) => {
    // The 20 included credits burn before the pack: they expire first.
    const outcome = refunded(amountMinor, spent > 0 ? spend(spent) : full)
    expect(outcome.refund).toMatchObject({ creditsTaken, creditsSpent })
  })

  it('in parts add up to the whole', () => {
    const one = refunded(300)
    const wallet = { ...rowOf(one.writes, 'wallet').change.wallet }
    const { next, refund } = requested(one.payment, ask({ id: second, amountMinor: 600 }))
    const two = planRefundFact(
      contextOf(next, refund, { wallet, others: [one.refund] }),
      seen('pending', { refundId: second, providerRefundId: 'rfnd_2', amountMinor: 600 }),
      now,
    )
    expect([one.refund.creditsTaken, two.refund.creditsTaken]).toEqual([166, 334])
    expect(viewWallet(rowOf(two.writes, 'wallet').change.wallet, now, windowAt).balance).toBe(20)
  })

  it('come back when the refund fails', () => {
    const taken = refunded(900)
    const wallet = rowOf(taken.writes, 'wallet').change.wallet
    const failed = planRefundFact(
      contextOf(taken.payment, taken.refund, { wallet }),
      seen('failed', { amountMinor: 900 }),
      now,
    )
    expect(viewWallet(rowOf(failed.writes, 'wallet').change.wallet, now, windowAt).balance).toBe(520)
    expect(failed.payment.reversedMinor).toBe(0)
  })
})

describe('a refunded item', () => {
  const { payment, writes } = settled(example, { productId: 'guide' })
  const { next: purchase } = rowOf(writes, 'purchase')
  const step = (before: Payment, request: RefundRequest, state: ObservedRefund['state'] = 'pending') => {
    const { next, refund } = requested(before, request)
    const { id: refundId, amountMinor } = refund
    return planRefundFact(
      contextOf(next, refund, { purchase }),
      seen(state, { refundId, providerRefundId: `p${refundId}`, amountMinor }),
      now,
    )
  }

  it('goes when all of its money does', () => {
    const part = step(payment, ask({ amountMinor: 699 }))
    expect(rowsOf(part.writes)).not.toContain('purchase')
    const rest = step(part.payment, ask({ id: second }))
    expect(rowOf(rest.writes, 'purchase')).toMatchObject({ seenVer: 1, next: { revokedAt: now, ver: 2 } })
  })

  it('comes back when the refund fails', () => {
    const gone = step(payment, ask())
    const revoked = rowOf(gone.writes, 'purchase').next
    const failed = planRefundFact(
      contextOf(gone.payment, gone.refund, { purchase: revoked }),
      seen('failed', { amountMinor: 700 }),
      now,
    )
    expect(rowOf(failed.writes, 'purchase').next).not.toHaveProperty('revokedAt')
  })
})

describe('a refund made outside', () => {
  const payment = paid()
  const invoice = invoiceOf(payment, { id: 'inv_1', zones, at, ...parties })
  const { refundId: _none, ...outside } = seen('processed', { amountMinor: 40_000, totalMinor: 40_000 })

  it("is recorded under an id that follows from the provider's, noted, flagged, and takes nothing", () => {
    const one = planRefundFact(contextOf(payment, undefined, { invoice }), outside, now)
    expect(one.payment).toMatchObject({
      status: 'partially_refunded',
      refundedMinor: 40_000,
      flags: ['refunded_outside'],
      reversedMinor: 0,
    })
    expect(one.refund).toMatchObject({ status: 'processed', plan: 'keep', providerRefundId: 'rfnd_1' })
    expect(rowsOf(one.writes)).toEqual(['payment', 'refund', 'invoice', 'notice'])
    expect(rowOf(one.writes, 'refund').seenVer).toBe(0)
    const again = planRefundFact(contextOf(payment, undefined, { invoice }), outside, now + 5)
    expect(again.refund.id).toBe(one.refund.id)
    expect(isRefundId(one.refund.id)).toBe(true)
    expect(planRefundFact(contextOf(one.payment, one.refund, { invoice }), outside, now).kind).toBe('ignored')
  })

  it('is of the currency that was paid, and in another one it is for people to look at', () => {
    const held = settle(settlementInput(example, paymentOf(), { seen: seenOf(paymentOf(), { currency: 'USD' }) })).next
    const told = planRefundFact(contextOf(held, undefined), { ...outside, currency: 'USD' }, now)
    expect(told.refund.currency).toBe('USD')
    expect(planRefundFact(contextOf(held, undefined), outside, now).refund.currency).toBe('USD')
    const inRupees = () => planRefundFact(contextOf(held, undefined), { ...outside, currency: 'INR' }, now)
    expect(inRupees).toThrow('told in INR, and USD was paid')
  })

  it('leaves that much less to refund', () => {
    const { payment: next } = planRefundFact(contextOf(payment, undefined, { invoice }), outside, now)
    expect(requested(next).refund.amountMinor).toBe(60_000)
    expect(planRefund(next, ask({ amountMinor: 60_001 }), undefined, now)).toMatchObject({ code: 'conflict' })
  })
})

it("a second charge is refunded by its own id and takes nothing of the first one's effect", () => {
  const one = settled(example, { productId: 'pack-500' })
  const double = settle(
    settlementInput(example, one.payment, { seen: seenOf(one.payment, { providerPaymentId: 'pay_2' }) }),
  )
  const credit = rowOf(double.writes, 'credit').change.next
  const plan = planRefund(double.next, ask({ providerPaymentId: 'pay_2' }), credit, now)
  if (plan.kind !== 'request') throw new Error(plan.detail)
  const wallet = walletOf(example, accountOf(example))
  const outcome = planRefundFact(
    contextOf(plan.next, plan.refund, { wallet, invoice: one.invoice }),
    seen('processed', { providerPaymentId: 'pay_2', amountMinor: 900 }),
    now,
  )
  expect(rowsOf(outcome.writes)).toEqual(['payment', 'refund', 'notice'])
  expect(outcome.payment).toMatchObject({ refundedMinor: 900, reversedMinor: 0, status: 'partially_refunded' })
})
