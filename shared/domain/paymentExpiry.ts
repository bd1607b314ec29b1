import { captures, isInFlight, notAskedCode, type Payment, unaskedMs } from './payment.ts'
import { afterFact, planPaymentFact } from './paymentFact.ts'
import { type HeldRows, releaseWrites } from './paymentHolds.ts'
import type { PaymentWrite } from './paymentWrite.ts'

export type ExpiryPlan =
  /** `early`: its time is not over; `in_flight`: the provider still works on it; `done`: money is in, or it has expired. */
  { kind: 'keep'; reason: 'early' | 'in_flight' | 'done' } | { kind: 'expire'; next: Payment; writes: PaymentWrite[] }

/**
 * Ends an order that nobody paid, after the provider was asked. What the checkout took from others (coupon, discounts,
 * credit) is given back in the same transaction, once. Money that comes later still counts (`order_expired`). One whose
 * last attempt failed stays `failed`, with its reason.
 * `held`: read where the payment holds any of it.
 * `isUnasked`: its provider cannot be asked, now or ever: it ends days later, whatever was under way, with a flag.
 */
export function planExpiry(
  payment: Payment,
  held: HeldRows,
  now: number,
  { isUnasked }: { isUnasked: boolean } = { isUnasked: false },
): ExpiryPlan {
  if (payment.settled || captures(payment).length > 0 || payment.progress === 'expired')
    return { kind: 'keep', reason: 'done' }
  if (now < payment.expiresAt + (isUnasked ? unaskedMs : 0)) return { kind: 'keep', reason: 'early' }
  if (isInFlight(payment) && !isUnasked) return { kind: 'keep', reason: 'in_flight' }
  const asItIs = isUnasked ? afterFact(payment, { kind: 'failed', at: now, ...notAsked }, now) : payment
  const plan = planPaymentFact(asItIs, { kind: 'expired', at: now }, now)
  if (plan.kind === 'ignored') return { kind: 'keep', reason: 'done' }
  const next = { ...plan.next, released: true, ver: payment.ver + 1 }
  return {
    kind: 'expire',
    next,
    writes: [
      { row: 'payment', next, seenVer: payment.ver },
      ...(payment.released ? [] : releaseWrites(payment, held, now)),
      ...noticeOf(next),
    ],
  }
}

/** One that failed is told when it fails. */
const noticeOf = ({ accountId, id, status }: Payment): PaymentWrite[] =>
  status === 'expired' ? [{ row: 'notice', accountId, kind: 'payment.expired', data: { paymentId: id } }] : []

const notAsked = { code: notAskedCode, reason: 'The provider could not be asked what became of it.' }
