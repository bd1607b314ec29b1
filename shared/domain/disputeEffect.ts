import { followLoss, type LossContext, type LossDraft } from './disputeLoss.ts'
import type { Payment } from './payment.ts'
import { type PaymentFact, planPaymentFact } from './paymentFact.ts'
import { chargeOfDispute, lostOf } from './paymentState.ts'
import type { PaymentWrite } from './paymentWrite.ts'

/** A dispute as a provider tells it. `at`: the provider's time, epoch milliseconds; of two outcomes the later counts. */
export interface ObservedDispute {
  disputeId: string
  providerPaymentId?: string
  amountMinor: number
  /** Of `amountMinor` and `takenMinor`, ISO 4217. */
  currency: string
  state: 'open' | 'won' | 'lost'
  at: number
  /** Of a lost one: what was taken; absent: all of it. */
  takenMinor?: number
  /** Epoch milliseconds. */
  respondBy?: number
  reason?: string
}

/** What deciding on a dispute needs to have been read. */
export type DisputeContext = LossContext

export type DisputePlan =
  | { kind: 'ignored'; reason: 'repeated' | 'full' }
  | { kind: 'write'; isNew: boolean; next: Payment; writes: PaymentWrite[] }

/**
 * What a dispute does. An open one flags its payment. A lost one takes the money away: it is no ground of a credit, what
 * became account credit leaves that as far as it is there, and the books get a credit note. One that is won after all gives
 * all of it back. Plan, credits and items stay: they are for staff to take.
 * @throws MoreIsDue when the wallet has to be settled first.
 */
export function planDispute(context: DisputeContext, seen: ObservedDispute, now: number): DisputePlan {
  const { payment } = context
  const plan = planPaymentFact(payment, disputeFact(payment, seen), now)
  if (plan.kind === 'ignored') return plan
  const known = payment.disputes.find(({ disputeId }) => disputeId === seen.disputeId)
  const dispute = plan.next.disputes.find(({ disputeId }) => disputeId === seen.disputeId)
  const charge = dispute && chargeOfDispute(plan.next, dispute)
  const draft: LossDraft = { context, about: seen.disputeId, next: plan.next, writes: [], now }
  if (charge && lostOf(plan.next, charge) !== lostOf(payment, charge)) followLoss(draft, charge.providerPaymentId)
  const { next } = draft
  return {
    kind: 'write',
    isNew: !known,
    next,
    writes: [
      { row: 'payment', next, seenVer: payment.ver },
      ...draft.writes,
      ...(known ? [] : [disputed(payment, seen)]),
    ],
  }
}

/** Whether a dispute moves money, so that the rest of the context has to be read. */
export function movesMoney(payment: Payment, seen: ObservedDispute, now: number): boolean {
  const plan = planPaymentFact(payment, disputeFact(payment, seen), now)
  return plan.kind !== 'ignored' && plan.next.charges.some((one) => lostOf(plan.next, one) !== lostOf(payment, one))
}

/** A provider may tell a dispute in another currency than the payment's: its amount says nothing then, and all is at stake. */
function disputeFact(payment: Payment, { currency, ...seen }: ObservedDispute): PaymentFact {
  const paid = payment.charges.find(({ providerPaymentId }) => providerPaymentId === seen.providerPaymentId)?.capture
  const { takenMinor: _taken, ...rest } = seen
  if (currency === (paid?.currency ?? payment.currency)) return { kind: 'dispute', ...seen }
  return { kind: 'dispute', ...rest, amountMinor: paid?.amountMinor ?? payment.amountMinor }
}

const disputed = ({ id, accountId }: Payment, seen: ObservedDispute): PaymentWrite => ({
  row: 'notice',
  accountId,
  kind: 'payment.disputed',
  data: {
    paymentId: id,
    disputeId: seen.disputeId,
    amountMinor: seen.amountMinor,
    currency: seen.currency,
    respondBy: seen.respondBy ?? null,
  },
})
