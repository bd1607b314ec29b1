import type { Invoice } from './invoice.ts'
import { type Charge, captures, type Payment, type RefundEvidence, type Resolution } from './payment.ts'
import { planPaymentFact } from './paymentFact.ts'
import { withOneCredit } from './paymentHolds.ts'
import { derived, lostOf, refundableOf } from './paymentState.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import { retakenHolds, type SettlementInput } from './settlement.ts'
import { noCredit, planCredit } from './settlementCredit.ts'
import { grantedWrites } from './settlementGrant.ts'
import { hasLiveSubscription } from './settlementPlan.ts'

export type ReviewPlan =
  | { kind: 'refused'; code: 'conflict' | 'not_found'; detail: string }
  /** It was decided so before. */
  | { kind: 'repeated'; payment: Payment }
  | { kind: 'settle'; next: Payment; writes: PaymentWrite[]; invoice?: Invoice }

/**
 * What staff decide about a payment in review: `settled` grants what was bought after all, `kept` leaves (or makes) the
 * money account credit, `returned` says that it was dealt with. To refund it, refund it: that ends the review by itself.
 * @throws MoreIsDue when the wallet has to be settled first.
 */
export function planReview(
  input: SettlementInput,
  decision: { providerPaymentId: string; as: Resolution },
  now: number,
): ReviewPlan {
  const { payment } = input
  const charge = captures(payment).find(({ providerPaymentId }) => providerPaymentId === decision.providerPaymentId)
  if (!charge) return { kind: 'refused', code: 'not_found', detail: 'The payment has no such charge.' }
  if (charge.resolved)
    return charge.resolved.as === decision.as
      ? { kind: 'repeated', payment }
      : { kind: 'refused', code: 'conflict', detail: `The charge was ${charge.resolved.as} before.` }
  if (decision.as === 'settled') return settled(input, charge, now)
  if (decision.as === 'kept' && charge.as === 'held') return kept(input, charge, now)
  return { kind: 'settle', ...resolved(payment, charge, decision.as, now) }
}

type Paid = ReturnType<typeof captures>[number]

function resolved(payment: Payment, { providerPaymentId }: Charge, as: Resolution, now: number) {
  const plan = planPaymentFact(payment, { kind: 'resolved', providerPaymentId, as, at: now }, now)
  const next = plan.kind === 'ignored' ? payment : plan.next
  const writes: PaymentWrite[] = [{ row: 'payment', next, seenVer: payment.ver }]
  return { next, writes }
}

/** Held money becomes account credit, in its own currency: as much of it as has not gone back, and is not on its way. */
function kept(input: SettlementInput, charge: Paid, now: number): ReviewPlan {
  const { payment, credit } = input
  if (!input.account) return { kind: 'refused', code: 'conflict', detail: 'The account is gone: refund the money.' }
  const { currency } = charge.capture
  // A running total is told before its refunds are: each of them has to be known, so that one that fails is given back.
  if (charge.refundTotalMinor > sumOf(charge.refunds))
    return { kind: 'refused', code: 'conflict', detail: 'A refund of it is not known yet: decide when it is.' }
  const amountMinor = refundableOf(payment, charge)
  if (amountMinor === 0)
    return { kind: 'refused', code: 'conflict', detail: 'All of it went back, or is on its way back.' }
  const account = credit?.currency === currency ? credit : noCredit(payment.accountId, currency)
  const paidIn = { cause: 'paid_in' as const, amountMinor, paymentId: payment.id, about: charge.providerPaymentId }
  const change = planCredit(account, paidIn, now)
  if (!change) throw new Error('money in makes no credit smaller')
  // What is lost by now was never credited: it is when the dispute is won after all, like what a loss took later.
  const lostMinor = lostOf(payment, charge)
  const credited = marked(payment, charge, {
    as: 'account_credit',
    ...(lostMinor > 0 && { lostCreditMinor: lostMinor }),
  })
  const { next } = resolved(credited, charge, 'kept', now)
  return {
    kind: 'settle',
    next,
    writes: [
      { row: 'payment', next, seenVer: payment.ver },
      { row: 'credit', change },
    ],
  }
}

const sumOf = (refunds: readonly RefundEvidence[]): number =>
  refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0)

/**
 * Grants what was bought: once for the order, and not into a live subscription. Credit made of the money is taken back,
 * and what the order had given back is taken again.
 */
function settled(input: SettlementInput, charge: Paid, now: number): ReviewPlan {
  const { payment, account } = input
  const fault = grantFault(input, charge, now)
  if (fault || !account) return { kind: 'refused', code: 'conflict', detail: fault ?? 'The account is gone.' }
  const withdrawn = withdrawal(input, charge, now)
  if (!withdrawn) return { kind: 'refused', code: 'conflict', detail: 'The account has used the credit.' }
  const retaken = retakenHolds(input, charge.providerPaymentId, now)
  if (!retaken)
    return {
      kind: 'refused',
      code: 'conflict',
      detail: 'What the order had taken off its price (coupon, discount, credit) was given back and is used.',
    }
  const { writes: effects, invoice, reference } = grantedWrites(input, account, now)
  const { next: after } = resolved(marked(payment, charge, { as: 'granted' }), charge, 'settled', now)
  const { providerPaymentId } = charge
  const next = derived({
    ...after,
    released: false,
    settled: { at: now, as: 'granted', providerPaymentId, ...(reference !== undefined && { reference }) },
  })
  const writes = withOneCredit([{ row: 'payment', next, seenVer: payment.ver }, ...withdrawn, ...retaken, ...effects])
  if (!writes) return { kind: 'refused', code: 'conflict', detail: 'The account has used the credit.' }
  return { kind: 'settle', next, invoice, writes }
}

function grantFault({ payment, account, other }: SettlementInput, charge: Paid, now: number): string | undefined {
  if (payment.settled?.as === 'granted') return 'The order has had its effect.'
  if (!account) return 'The account is gone.'
  if (other?.kind === 'unlawful') return 'The subscription has moved on: refund it, or keep it as account credit.'
  // What was used is on the next order by then.
  if (charge.as === 'account_credit' && payment.order.lines.some(({ kind }) => kind === 'overage'))
    return 'The use that it was for is owed again: refund it, or keep it as account credit.'
  if (payment.type === 'plan_purchase' && hasLiveSubscription(account, now))
    return 'The account has a live subscription.'
  // Neither does it state what has gone back: notes are made of money that was granted when it went.
  if (refundableOf(payment, charge) < charge.capture.amountMinor)
    return 'Part of it went back, or is on its way back: refund the rest, or keep it as account credit.'
  // An invoice states what was paid; another amount would make it untrue.
  if (charge.capture.currency !== payment.currency || charge.capture.amountMinor !== payment.amountMinor)
    return 'Another amount was paid: refund it, or keep it as account credit.'
  return undefined
}

function withdrawal({ payment, credit }: SettlementInput, charge: Paid, now: number): PaymentWrite[] | undefined {
  if (charge.as !== 'account_credit') return []
  if (!credit) return undefined
  const { amountMinor } = charge.capture
  const taken = {
    cause: 'withdrawn' as const,
    amountMinor: -amountMinor,
    paymentId: payment.id,
    about: charge.providerPaymentId,
  }
  const change = planCredit(credit, taken, now)
  return change && [{ row: 'credit', change }]
}

const marked = (payment: Payment, charge: Charge, mark: Partial<Charge>): Payment => ({
  ...payment,
  charges: payment.charges.map((one) =>
    one.providerPaymentId === charge.providerPaymentId ? { ...one, ...mark } : one,
  ),
})
