import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { afterFact } from '#domain/paymentFact'
import { lostMinorOf, noCreditIn, refundableMinorOf, refundableOf } from '#domain/paymentState'
import { isRefundId, maxReasonLength, planRefund, type RefundRequest } from '#domain/refund'
import { paymentOf, provided, rowOf, rowsOf } from './paymentSupport.ts'
import { ask, first, now, paid, requested, second } from './refundSupport.ts'

describe('asking for a refund', () => {
  it('keeps the amount aside in the payment, beside a row of its own', () => {
    const { refund, next, writes } = requested(paid(), ask({ amountMinor: 400 }))
    expect(refund).toMatchObject({
      id: first,
      amountMinor: 400,
      currency: 'INR',
      status: 'requested',
      plan: 'keep',
      ver: 1,
    })
    expect(refundableMinorOf(next, noCreditIn)).toBe(99_600)
    expect(next.status).toBe('completed')
    expect(rowsOf(writes)).toEqual(['payment', 'refund'])
    expect([rowOf(writes, 'payment').seenVer, rowOf(writes, 'refund').seenVer]).toEqual([2, 0])
    expect([isRefundId(first), isRefundId('rfnd_1'), isRefundId('rfd_1')]).toEqual([true, false, false])
  })

  it('takes all that is left without an amount', () => {
    const some = requested(paid(), ask({ amountMinor: 1 })).next
    expect(requested(some, ask({ id: second })).refund.amountMinor).toBe(99_999)
  })

  it.each<[string, Partial<RefundRequest>, string, number]>([
    ['without a reason', { reason: '' }, 'validation_failed', 100_000],
    ['with blanks for one', { reason: '  ' }, 'validation_failed', 100_000],
    ['with too long a reason', { reason: 'x'.repeat(maxReasonLength + 1) }, 'validation_failed', 100_000],
    ['of nothing', { amountMinor: 0 }, 'validation_failed', 100_000],
    ['of less', { amountMinor: -1 }, 'validation_failed', 100_000],
    ['of half a paisa', { amountMinor: 0.5 }, 'validation_failed', 100_000],
    ['of more than was captured', { amountMinor: 100_001 }, 'conflict', 100_000],
    ['of a charge that is not there', { providerPaymentId: 'pay_none' }, 'conflict', 0],
  ])('is refused %s', (_, over, code, refundableMinor) => {
    expect(planRefund(paid(), ask(over), undefined, now)).toMatchObject({ kind: 'refused', code, refundableMinor })
  })

  it('is refused before money is in, and when all is on its way back', () => {
    expect(planRefund(paymentOf(), ask(), undefined, now)).toMatchObject({ code: 'conflict' })
    const all = requested(paid()).next
    expect(planRefund(all, ask({ id: second }), undefined, now)).toMatchObject({ code: 'conflict', refundableMinor: 0 })
    const failed = afterFact(
      all,
      { kind: 'refund', providerPaymentId: provided, refundId: first, amountMinor: 100_000, state: 'failed' },
      now,
    )
    expect(requested(failed, ask({ id: second })).refund.amountMinor).toBe(100_000)
  })

  test('any mixture of requests, confirmations, failures and outside refunds never passes what was captured', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('ask' as const), amount: fc.integer({ min: 1, max: 60_000 }) }),
      fc.record({ do: fc.constantFrom('processed' as const, 'failed' as const, 'pending' as const), which: fc.nat(9) }),
      fc.record({ do: fc.constant('total' as const), amount: fc.nat(120_000) }),
      fc.record({ do: fc.constantFrom('won' as const, 'lost' as const), which: fc.nat(2), amount: fc.nat(120_000) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let payment = paid()
        let at = now
        const made: { id: string; amountMinor: number }[] = []
        for (const one of steps) {
          if (one.do === 'ask') {
            const plan = planRefund(payment, ask({ id: `r${made.length}`, amountMinor: one.amount }), undefined, now)
            const left = refundableMinorOf(payment, noCreditIn)
            expect(plan.kind).toBe(one.amount <= left ? 'request' : 'refused')
            if (plan.kind === 'refused') continue
            made.push({ id: plan.refund.id, amountMinor: plan.refund.amountMinor })
            payment = plan.next
          } else if (one.do === 'won' || one.do === 'lost') {
            at += 1
            const disputeId = `d${one.which}`
            const fact = { kind: 'dispute' as const, disputeId, amountMinor: one.amount, state: one.do, at }
            payment = afterFact(payment, fact, now)
          } else if (one.do === 'total') {
            payment = afterFact(
              payment,
              { kind: 'refundTotal', providerPaymentId: provided, totalMinor: one.amount },
              now,
            )
          } else {
            const known = made[one.which]
            if (!known) continue
            const fact = {
              kind: 'refund' as const,
              providerPaymentId: provided,
              refundId: known.id,
              amountMinor: known.amountMinor,
              state: one.do,
            }
            payment = afterFact(payment, fact, now)
          }
          expect(payment.refundedMinor).toBeLessThanOrEqual(payment.capturedMinor)
          expect(payment.charges.every((charge) => refundableOf(payment, charge) >= 0)).toBe(true)
          expect(payment.refundedMinor + lostMinorOf(payment)).toBeLessThanOrEqual(payment.capturedMinor)
        }
      }),
      { numRuns: 200 },
    )
  })
})
