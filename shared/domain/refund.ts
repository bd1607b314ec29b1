import { idTime, ulidOf } from './guard.ts'
import { type Charge, captures, maxRefunds, type Payment } from './payment.ts'
import { planPaymentFact } from './paymentFact.ts'
import { refundableOf } from './paymentState.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import { type AccountCredit, planCredit } from './settlementCredit.ts'

export const refundStatuses = ['requested', 'pending', 'processed', 'failed'] as const
export type RefundStatus = (typeof refundStatuses)[number]

/** What a refund does to a plan that was bought with the payment. */
export type PlanOnRefund = 'now' | 'period_end' | 'keep'

/** A refund, from the moment it is asked for. Its row is the guard of its effects and of its credit note. */
export interface Refund {
  /** `rfd_<ULID>`; the provider carries it as receipt, note or metadata. */
  id: string
  paymentId: string
  accountId: string
  providerPaymentId: string
  providerRefundId?: string
  amountMinor: number
  currency: string
  reason: string
  plan: PlanOnRefund
  /** `requested`: the provider was not heard of yet; `pending`: it has taken it on. `failed` may follow `processed`. */
  status: RefundStatus
  /** Credits of a pack that were taken back, and those that had been spent. */
  creditsTaken?: number
  creditsSpent?: number
  /** When those that were taken would have expired: they have it again if the refund fails. Null: never. */
  creditsExpireAt?: number | null
  /** When plan, credits or item were taken. */
  effectAt?: number
  creditNoteId?: string
  createdAt: number
  updatedAt: number
  /** Raised by every write. */
  ver: number
}

export const refundId = (timeMs: number, random16: string): string => `rfd_${ulidOf(timeMs, random16)}`
export const isRefundId = (id: string): boolean => id.startsWith('rfd_') && idTime(id) !== undefined

export interface RefundRequest {
  id: string
  /** Absent: all that is left. */
  amountMinor?: number
  reason: string
  /** Of a plan purchase, required there. */
  plan?: PlanOnRefund
  /** Of a payment with several charges: which; default the one that was settled. */
  providerPaymentId?: string
}

export type RefundPlan =
  /** Write, then ask the provider, under the refund's id; its answer goes to `planRefundFact`. */
  | { kind: 'request'; refund: Refund; next: Payment; writes: PaymentWrite[] }
  | {
      kind: 'refused'
      code: 'validation_failed' | 'conflict'
      detail: string
      /** What may be refunded at most, minor units. */
      refundableMinor: number
    }

/** A reason is for people: long enough to say something, short enough for a provider's note. */
export const maxReasonLength = 250

/**
 * A refund of a payment: whole, or one of several parts. Its amount is kept aside in the payment's own item, so that
 * parallel refunds can never pass what was captured; it is given free when the refund fails.
 * `credit` is the account's, in the payment's currency: money that became credit leaves it before it is sent back.
 */
export function planRefund(
  payment: Payment,
  request: RefundRequest,
  credit: AccountCredit | undefined,
  now: number,
): RefundPlan {
  const charge = chargeOf(payment, request.providerPaymentId)
  if (!charge?.capture) return refused('conflict', 'There is no money to refund.', 0)
  const leftMinor = refundableOf(payment, charge)
  const isCredit = charge.as === 'account_credit'
  const refundableMinor = isCredit ? Math.min(leftMinor, credit?.balanceMinor ?? 0) : leftMinor
  if (leftMinor > 0 && refundableMinor === 0)
    return refused('conflict', 'The account has used the credit that this payment became.', 0)
  const fault = faultOf(payment, request, refundableMinor, charge)
  if (fault) return refused(fault[0], fault[1], refundableMinor)
  const amountMinor = request.amountMinor ?? refundableMinor
  const { providerPaymentId } = charge
  const plan = planPaymentFact(
    payment,
    { kind: 'refund', providerPaymentId, refundId: request.id, amountMinor, state: 'pending' },
    now,
  )
  if (plan.kind === 'ignored') return refused('conflict', 'The payment has too many refunds.', refundableMinor)
  const withdrawn = isCredit ? withdrawal(credit, payment.id, request.id, amountMinor, now) : []
  const refund: Refund = {
    id: request.id,
    paymentId: payment.id,
    accountId: payment.accountId,
    providerPaymentId,
    amountMinor,
    currency: charge.capture.currency,
    reason: request.reason.trim(),
    plan: request.plan ?? 'keep',
    status: 'requested',
    createdAt: now,
    updatedAt: now,
    ver: 1,
  }
  return {
    kind: 'request',
    refund,
    next: plan.next,
    writes: [
      { row: 'payment', next: plan.next, seenVer: payment.ver },
      { row: 'refund', next: refund, seenVer: 0 },
      ...withdrawn,
    ],
  }
}

function withdrawal(
  credit: AccountCredit | undefined,
  paymentId: string,
  refund: string,
  amountMinor: number,
  now: number,
): PaymentWrite[] {
  const taken = { cause: 'withdrawn' as const, amountMinor: -amountMinor, paymentId, about: refund }
  const change = credit && planCredit(credit, taken, now)
  if (!change) throw new Error('a refund takes more credit than there is')
  return [{ row: 'credit', change }]
}

/** The charge to refund: the one named, else the one settled, else the only one. */
function chargeOf(payment: Payment, named: string | undefined): Charge | undefined {
  const paid = captures(payment)
  const id = named ?? payment.settled?.providerPaymentId ?? paid[0]?.providerPaymentId
  return paid.find(({ providerPaymentId }) => providerPaymentId === id)
}

function faultOf(
  payment: Payment,
  { amountMinor, reason, plan }: RefundRequest,
  refundableMinor: number,
  charge: Charge,
): ['validation_failed' | 'conflict', string] | undefined {
  const length = reason.trim().length
  if (length === 0 || length > maxReasonLength)
    return ['validation_failed', `reason: must have 1 to ${maxReasonLength} characters`]
  if (amountMinor !== undefined && (!Number.isSafeInteger(amountMinor) || amountMinor < 1))
    return ['validation_failed', 'amount: must be a whole number of minor units above 0']
  if (endsPlan(payment, charge) && plan === undefined)
    return ['validation_failed', 'plan: must say what becomes of the plan: now, period_end or keep']
  if (plan === 'period_end' && hasNoEnd(payment))
    return ['validation_failed', 'plan: has no period end; say now or keep']
  if (refundableMinor === 0) return ['conflict', 'Everything is refunded, lost in a dispute, or on its way back.']
  if (amountMinor !== undefined && amountMinor > refundableMinor)
    return ['conflict', 'The amount is more than what is left to refund.']
  if (charge.refunds.length >= maxRefunds) return ['conflict', 'The payment has too many refunds.']
  return undefined
}

/** The money that gave the account its plan, not a second charge that gave nothing. */
const endsPlan = ({ subject, settled }: Payment, { providerPaymentId }: Charge): boolean =>
  subject.kind === 'plan' && settled?.as === 'granted' && settled.providerPaymentId === providerPaymentId

const hasNoEnd = ({ subject }: Payment): boolean =>
  subject.kind === 'plan' && (subject.interval === 'one-time' || subject.interval === 'lifetime')

const refused = (code: 'validation_failed' | 'conflict', detail: string, refundableMinor: number): RefundPlan => ({
  kind: 'refused',
  code,
  detail,
  refundableMinor,
})
