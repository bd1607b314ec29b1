import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { Charge, RefundEvidence } from '#domain/payment'
import { goneOf, pendingOf, refundableOf, refundedOf } from '#domain/paymentState'
import { provided } from './paymentSupport.ts'

const evidence = (amountMinor: number, at: number, state: 'pending' | 'processed' | 'failed'): RefundEvidence[] =>
  amountMinor === 0
    ? []
    : [{ refundId: `${state}${at}`, amountMinor, processed: state === 'processed', failed: state === 'failed' }]

/** A charge of 1000 with a refund of each kind, or none of it, and what the provider's running total says. */
const chargeOf = (pending: number, processed: number, failed: number, refundTotalMinor: number): Charge => ({
  providerPaymentId: provided,
  capture: { amountMinor: 1000, currency: 'INR', at: 1, differences: [], unlawful: [] },
  refundTotalMinor,
  refunds: [
    ...evidence(pending, 1, 'pending'),
    ...evidence(processed, 2, 'processed'),
    ...evidence(failed, 3, 'failed'),
  ],
})
const none = { charges: [], disputes: [] }

describe('what went back of 1000, and what may go back still', () => {
  it.each<[string, [pending: number, processed: number, failed: number, total: number], number, number, number]>([
    ['nothing', [0, 0, 0, 0], 0, 0, 1000],
    ['one under way, which the total does not count', [600, 0, 0, 0], 0, 600, 400],
    ['one under way, which the total counts already', [600, 0, 0, 600], 0, 600, 400],
    ['the same, and one that was not heard of yet', [600, 0, 0, 601], 1, 601, 399],
    ['one done, one under way, both in the total', [400, 300, 0, 700], 300, 700, 300],
    ['one done, one under way, the total behind', [400, 300, 0, 300], 300, 700, 300],
    ['one that failed, in the total still', [0, 0, 600, 600], 0, 0, 1000],
    ['one that failed and was never in it', [0, 0, 600, 0], 0, 0, 1000],
    ['one that failed beside one under way', [200, 0, 600, 800], 0, 200, 800],
    ['one of each', [100, 200, 300, 600], 200, 300, 700],
    ['known by the total alone', [0, 0, 0, 250], 250, 250, 750],
    ['all of it', [0, 1000, 0, 1000], 1000, 1000, 0],
    ['more than there was', [500, 600, 0, 1100], 600, 1000, 0],
  ])('%s', (_, tuple, refunded, gone, refundable) => {
    const charge = chargeOf(...tuple)
    expect([refundedOf(charge), goneOf(charge), refundableOf(none, charge)]).toEqual([refunded, gone, refundable])
  })

  const amount = fc.integer({ min: 0, max: 1500 })
  test('is never below zero, never more than captured less done, and never counts one under way as done', () =>
    fc.assert(
      fc.property(amount, amount, amount, amount, (pending, processed, failed, total) => {
        const charge = chargeOf(pending, processed, failed, total)
        const [refunded, gone, refundable] = [refundedOf(charge), goneOf(charge), refundableOf(none, charge)]
        expect(refundable).toBeGreaterThanOrEqual(0)
        expect(refundable).toBeLessThanOrEqual(Math.max(0, 1000 - processed))
        expect(refunded).toBeLessThanOrEqual(gone)
        expect(gone).toBe(Math.min(1000, Math.max(processed + pendingOf(charge), total - failed)))
      }),
    ))
})
