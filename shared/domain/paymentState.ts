import {
  type Charge,
  captures,
  type Dispute,
  notAskedCode,
  type Payment,
  type PaymentFlag,
  type PaymentStatus,
  type Progress,
  type RefundEvidence,
} from './payment.ts'

/**
 * What may follow what. `status` is computed from the evidence, which only grows, so a late or repeated fact cannot move
 * it back; this table is what the computation may do, and every plan is held against it.
 * Before money is in, the order is that of the list, but for the two ends without money: an order that has expired reads
 * `failed` while its last attempt is known to have failed. From money on it never returns to before.
 * A lost refund (`refunded` → `completed`) and a won dispute lead back: they are new facts, not late ones.
 */
const money: PaymentStatus[] = ['completed', 'review', 'partially_refunded', 'refunded', 'disputed']
export const transitions: Record<PaymentStatus, readonly PaymentStatus[]> = {
  pending: ['processing', 'failed', 'expired', ...money],
  processing: ['failed', 'expired', ...money],
  failed: ['expired', ...money],
  expired: ['failed', ...money],
  completed: ['review', 'partially_refunded', 'refunded', 'disputed'],
  review: ['completed', 'partially_refunded', 'refunded', 'disputed'],
  partially_refunded: ['completed', 'review', 'refunded', 'disputed'],
  refunded: ['completed', 'review', 'partially_refunded', 'disputed'],
  disputed: ['completed', 'review', 'partially_refunded', 'refunded'],
}

/** @throws Error when a plan would move a payment where it cannot go: a defect. */
export function assertTransition(from: PaymentStatus, to: PaymentStatus): void {
  if (from !== to && !transitions[from].includes(to)) throw new Error(`a payment cannot go from ${from} to ${to}`)
}

/**
 * What has been given back of a charge. Refunds that are known one by one count when processed and not since failed; a
 * running total counts too, less what failed and what is under way, both of which it may have counted: so late news of
 * either never counts twice.
 */
export function refundedOf(charge: Charge): number {
  const { processedMinor, pendingMinor, failedMinor } = sumsOf(charge)
  return ofCaptured(charge, Math.max(processedMinor, charge.refundTotalMinor - failedMinor - pendingMinor))
}

/** The same with what is on its way: Razorpay's total counts a refund from the moment it is made, so the greater of both is gone. */
export function goneOf(charge: Charge): number {
  const { processedMinor, pendingMinor, failedMinor } = sumsOf(charge)
  return ofCaptured(charge, Math.max(processedMinor + pendingMinor, charge.refundTotalMinor - failedMinor))
}

/** Refunds asked for that are neither done nor failed. */
export const pendingOf = (charge: Charge): number => sumsOf(charge).pendingMinor

/** Of the refunds that are known one by one. */
function sumsOf({ refunds }: Charge) {
  const sum = (all: RefundEvidence[]): number => all.reduce((total, { amountMinor }) => total + amountMinor, 0)
  return {
    processedMinor: sum(refunds.filter(({ processed, failed }) => processed && !failed)),
    pendingMinor: sum(refunds.filter(({ processed, failed }) => !processed && !failed)),
    failedMinor: sum(refunds.filter(({ failed }) => failed)),
  }
}

const ofCaptured = ({ capture }: Charge, amountMinor: number): number =>
  capture ? Math.min(amountMinor, capture.amountMinor) : amountMinor

type Disputed = Pick<Payment, 'charges' | 'disputes' | 'settled'>

/** The charge that a dispute is of: the one named, which may not be known yet; else the one settled, else the first that was paid. */
export function chargeOfDispute(
  payment: Disputed,
  { providerPaymentId: named }: Pick<Dispute, 'providerPaymentId'>,
): Charge | undefined {
  const of = (id: string | null | undefined) =>
    payment.charges.find(({ providerPaymentId }) => providerPaymentId === id)
  return named === undefined ? (of(payment.settled?.providerPaymentId) ?? captures(payment)[0]) : of(named)
}

/** What lost disputes have taken of a charge: with what was refunded, or is on its way back, never more than was captured. */
export function lostOf(payment: Disputed, charge: Charge): number {
  const id = charge.providerPaymentId
  const taken = payment.disputes
    .filter((dispute) => chargeOfDispute(payment, dispute)?.providerPaymentId === id)
    .reduce(
      (sum, { amountMinor, outcome }) => sum + (outcome?.won === false ? (outcome.takenMinor ?? amountMinor) : 0),
      0,
    )
  return Math.min(taken, Math.max(0, (charge.capture?.amountMinor ?? 0) - goneOf(charge)))
}

/** Of all charges, in the payment's own currency. */
export const lostMinorOf = (payment: Disputed & Pick<Payment, 'currency'>): number =>
  captures(payment)
    .filter(({ capture }) => capture.currency === payment.currency)
    .reduce((sum, charge) => sum + lostOf(payment, charge), 0)

/** What may still be refunded of a charge: captured, less what went back or is on its way, less lost in a dispute. */
export const refundableOf = (payment: Disputed, charge: Charge): number =>
  Math.max(0, (charge.capture?.amountMinor ?? 0) - goneOf(charge) - lostOf(payment, charge))

/** Account credit of an account by currency, minor units. */
export type CreditIn = (currency: string) => number
export const noCreditIn: CreditIn = () => 0

/**
 * The same of a whole payment. Money that became account credit leaves that before it goes back, so of what was spent
 * nothing is refundable.
 */
export function refundableMinorOf(payment: Disputed, creditIn: CreditIn): number {
  const kept = new Map<string, number>()
  let sum = 0
  for (const charge of captures(payment)) {
    const left = refundableOf(payment, charge)
    const { currency } = charge.capture
    if (charge.as === 'account_credit') kept.set(currency, (kept.get(currency) ?? 0) + left)
    else sum += left
  }
  for (const [currency, left] of kept) sum += Math.min(left, creditIn(currency))
  return sum
}

/** The currencies whose credit has to be known to say what is refundable; none for nearly every payment. */
export const creditedCurrencies = (payment: Disputed): string[] => [
  ...new Set(
    captures(payment).flatMap((charge) =>
      charge.as === 'account_credit' && refundableOf(payment, charge) > 0 ? [charge.capture.currency] : [],
    ),
  ),
]

const isWrong = ({ capture, resolved }: Charge): boolean =>
  capture !== undefined && resolved === undefined && capture.differences.length + capture.unlawful.length > 0

/** Two charges on one order, and nobody has dealt with either. */
const isPaidTwice = (payment: Pick<Payment, 'charges'>): boolean =>
  captures(payment).filter((charge) => charge.resolved === undefined && !isAllBack(charge)).length > 1

const isAllBack = (charge: Charge): boolean =>
  charge.capture !== undefined && charge.capture.amountMinor > 0 && refundedOf(charge) >= charge.capture.amountMinor

type Evidence = Pick<Payment, 'progress' | 'attempt' | 'charges' | 'disputes' | 'settled' | 'amountMinor' | 'currency'>

/**
 * The status that the evidence makes. Money back wins over what was wrong with it, an open or lost dispute over all:
 * that is what staff have to see.
 */
export function statusOf(evidence: Evidence): PaymentStatus {
  const charges = captures(evidence)
  if (charges.length === 0) return evidence.settled && evidence.amountMinor === 0 ? 'completed' : unpaid(evidence)
  if (evidence.disputes.some((dispute) => dispute.outcome === undefined || !dispute.outcome.won)) return 'disputed'
  if (charges.every(isAllBack)) return 'refunded'
  if (charges.some((charge) => isWrong(charge) && !isAllBack(charge)) || isPaidTwice(evidence)) return 'review'
  return charges.some((charge) => refundedOf(charge) > 0) ? 'partially_refunded' : 'completed'
}

/** Whoever was refused is told why for good, not that the order's time is over. */
function unpaid({ progress, attempt }: Pick<Payment, 'progress' | 'attempt'>): Progress {
  const wasRefused = attempt?.state === 'failed' && attempt.code !== notAskedCode
  return progress === 'expired' && wasRefused ? 'failed' : progress
}

/** What staff and reports look for, sorted. What was resolved stays visible. */
export function flagsOf(evidence: Evidence): PaymentFlag[] {
  const charges = captures(evidence)
  const flags = charges.flatMap(({ capture }): PaymentFlag[] => [...capture.differences, ...capture.unlawful])
  if (charges.length > 1) flags.push('second_charge')
  if (evidence.attempt?.code === notAskedCode) flags.push('not_asked')
  const refunds = evidence.charges.flatMap((charge) => charge.refunds)
  if (refunds.some(({ failed }) => failed)) flags.push('refund_failed')
  if (refunds.some(({ refundId }) => refundId === undefined)) flags.push('refunded_outside')
  if (evidence.charges.some(({ creditShortMinor }) => creditShortMinor !== undefined)) flags.push('credit_spent')
  for (const { outcome } of evidence.disputes) {
    flags.push(outcome === undefined ? 'dispute_open' : outcome.won ? 'dispute_won' : 'dispute_lost')
  }
  return [...new Set(flags)].sort()
}

/** The payment with everything that follows from its evidence. */
export function derived(payment: Payment): Payment {
  const own = captures(payment).filter(({ capture }) => capture.currency === payment.currency)
  return {
    ...payment,
    status: statusOf(payment),
    capturedMinor: own.reduce((sum, { capture }) => sum + capture.amountMinor, 0),
    refundedMinor: own.reduce((sum, charge) => sum + refundedOf(charge), 0),
    flags: flagsOf(payment),
  }
}
