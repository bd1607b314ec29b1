import { canonicalJson } from './guard.ts'
import {
  type Attempt,
  type Charge,
  type Difference,
  type Dispute,
  type DisputeOutcome,
  maxCharges,
  maxDisputes,
  maxRefunds,
  type Payment,
  type PaymentStatus,
  type Progress,
  progressSteps,
  type RefundEvidence,
  type Resolution,
  shownProviderPayment,
  type Unlawful,
} from './payment.ts'
import { assertTransition, derived } from './paymentState.ts'

/** What a provider, the reconciler or staff say of a payment. `at` is the provider's time, or of receipt when it gives none. */
export type PaymentFact =
  | { kind: 'authorized' | 'processing'; at: number; providerPaymentId?: string }
  | { kind: 'failed'; at: number; providerPaymentId?: string; code?: string; reason?: string }
  | { kind: 'expired'; at: number }
  /** Compared and judged by `planSettlement`, which alone may grant anything. */
  | {
      kind: 'captured'
      at: number
      providerPaymentId: string
      amountMinor: number
      currency: string
      differences: Difference[]
      unlawful?: Unlawful
    }
  /** One refund. Without either id (Paystack's events) it is told by its amount. */
  | {
      kind: 'refund'
      providerPaymentId: string
      refundId?: string
      providerRefundId?: string
      amountMinor: number
      state: 'pending' | 'processed' | 'failed'
    }
  /** The provider's running total of refunds of one payment: set, never added. */
  | { kind: 'refundTotal'; providerPaymentId: string; totalMinor: number }
  | {
      kind: 'dispute'
      disputeId: string
      providerPaymentId?: string
      amountMinor: number
      state: 'open' | 'won' | 'lost'
      at: number
      /** Of a lost one: what was taken; absent: all of it. */
      takenMinor?: number
      respondBy?: number
      reason?: string
    }
  | { kind: 'resolved'; providerPaymentId: string; as: Resolution; at: number }

export type PaymentPlan =
  /** The status changes: write `next` where the version is still the one that was seen. */
  | { kind: 'moved'; from: PaymentStatus; to: PaymentStatus; next: Payment }
  /** Something new that changes no status: late, or on the way. Written all the same. */
  | { kind: 'recorded'; next: Payment }
  /** Nothing to write. `repeated`: known already, or older than what is known; `full`: an alarm, see `payment.ts`. */
  | { kind: 'ignored'; reason: 'repeated' | 'full' }

/**
 * What a fact makes of a payment. Evidence is joined, never replaced: facts may come in any order and any number of times
 * and lead to the same state (`ver` and `updatedAt` aside). The status follows from the evidence (`paymentState.ts`).
 */
export function planPaymentFact(payment: Payment, fact: PaymentFact, now: number): PaymentPlan {
  const joined = join(payment, fact)
  if (joined === 'full') return { kind: 'ignored', reason: 'full' }
  const next = derived(joined)
  if (canonicalJson(next) === canonicalJson(payment)) return { kind: 'ignored', reason: 'repeated' }
  assertTransition(payment.status, next.status)
  const written = { ...next, ver: payment.ver + 1, updatedAt: now }
  if (next.status === payment.status) return { kind: 'recorded', next: written }
  return { kind: 'moved', from: payment.status, to: next.status, next: written }
}

/** The payment after a fact, whether or not it said anything new. */
export const afterFact = (payment: Payment, fact: PaymentFact, now: number): Payment => {
  const plan = planPaymentFact(payment, fact, now)
  return plan.kind === 'ignored' ? payment : plan.next
}

function join(payment: Payment, fact: PaymentFact): Payment | 'full' {
  switch (fact.kind) {
    case 'authorized':
    case 'processing':
      return attempted(payment, fact, 'processing')
    case 'failed':
      return attempted(payment, fact, 'failed')
    case 'expired':
      return { ...payment, progress: later(payment.progress, 'expired') }
    case 'captured':
      return onCharge(payment, fact.providerPaymentId, (charge) => captured(charge, fact))
    case 'refund':
      return onCharge(payment, fact.providerPaymentId, (charge) => refunded(charge, fact))
    case 'refundTotal':
      return onCharge(payment, fact.providerPaymentId, (charge) => ({
        ...charge,
        refundTotalMinor: Math.max(charge.refundTotalMinor, fact.totalMinor),
      }))
    case 'dispute':
      return disputed(payment, fact)
    case 'resolved':
      return onCharge(payment, fact.providerPaymentId, (charge) => ({ ...charge, resolved: lastWord(charge, fact) }))
  }
}

const later = (one: Progress, other: Progress): Progress =>
  progressSteps.indexOf(one) >= progressSteps.indexOf(other) ? one : other

type AttemptFact = Extract<PaymentFact, { kind: Attempt['state'] }>

function attempted(payment: Payment, { kind, ...said }: AttemptFact, progress: Progress): Payment {
  const attempt: Attempt = { ...said, state: kind }
  const last = payment.attempt && isAfter(payment.attempt, attempt) ? payment.attempt : attempt
  return { ...payment, attempt: last, progress: later(payment.progress, progress) }
}

/** Of one instant, what is nearer to money; of one state, any fixed order, so that all orders of arrival agree. */
const attemptRank = ['failed', 'processing', 'authorized']
function isAfter(one: Attempt, other: Attempt): boolean {
  if (one.at !== other.at) return one.at > other.at
  if (one.state !== other.state) return attemptRank.indexOf(one.state) > attemptRank.indexOf(other.state)
  return canonicalJson(one) >= canonicalJson(other)
}

function onCharge(payment: Payment, id: string, change: (charge: Charge) => Charge | 'full'): Payment | 'full' {
  const known = payment.charges.find(({ providerPaymentId }) => providerPaymentId === id)
  if (!known && payment.charges.length >= maxCharges) return 'full'
  const next = change(known ?? { providerPaymentId: id, refundTotalMinor: 0, refunds: [] })
  if (next === 'full') return 'full'
  const charges = [...payment.charges.filter((charge) => charge !== known), next]
  charges.sort((a, b) => (a.providerPaymentId < b.providerPaymentId ? -1 : 1))
  const shown = shownProviderPayment(charges)
  return { ...payment, charges, ...(shown !== undefined && { providerPaymentId: shown }) }
}

/** One payment announced with two amounts keeps the later amount, and every difference that was seen: staff look at it. */
function captured(charge: Charge, fact: Extract<PaymentFact, { kind: 'captured' }>): Charge {
  const { capture } = charge
  const said = { amountMinor: fact.amountMinor, currency: fact.currency, at: fact.at }
  const earlier = capture && { amountMinor: capture.amountMinor, currency: capture.currency, at: capture.at }
  const keeps =
    earlier && (earlier.at > said.at || (earlier.at === said.at && canonicalJson(earlier) >= canonicalJson(said)))
  return {
    ...charge,
    capture: {
      ...(keeps ? earlier : said),
      differences: union(capture?.differences ?? [], fact.differences),
      unlawful: union(capture?.unlawful ?? [], fact.unlawful === undefined ? [] : [fact.unlawful]),
    },
  }
}

const union = <T extends string>(one: readonly T[], other: readonly T[]): T[] => [...new Set([...one, ...other])].sort()

type RefundFact = Extract<PaymentFact, { kind: 'refund' }>

function refunded(charge: Charge, fact: RefundFact): Charge | 'full' {
  const ids = fact.refundId ?? fact.providerRefundId
  const evidence = ids === undefined ? byAmount(charge, fact) : evidenceOf(fact)
  const same = charge.refunds.filter((one) => isSame(one, evidence) || isUnnamed(one, evidence))
  const merged = same.map((one) => (isSame(one, evidence) ? one : withoutId(one))).reduce(merge, evidence)
  const refunds = [...charge.refunds.filter((known) => !same.includes(known)), merged]
  if (refunds.length > maxRefunds) return 'full'
  return { ...charge, refunds: refunds.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)) }
}

const keyOf = ({ refundId, providerRefundId }: RefundEvidence): string => `${refundId ?? '~'} ${providerRefundId ?? ''}`

const evidenceOf = ({ refundId, providerRefundId, amountMinor, state }: RefundFact): RefundEvidence => ({
  ...(refundId !== undefined && { refundId }),
  ...(providerRefundId !== undefined && { providerRefundId }),
  amountMinor,
  processed: state === 'processed',
  failed: state === 'failed',
})

const isSame = (one: RefundEvidence, other: RefundEvidence): boolean =>
  (one.refundId !== undefined && one.refundId === other.refundId) ||
  (one.providerRefundId !== undefined && one.providerRefundId === other.providerRefundId)

const unnamedId = (amountMinor: number): string => `outside:${amountMinor}`

/** One made outside was heard of before the provider said its id: they are one. */
const isUnnamed = ({ providerRefundId, amountMinor }: RefundEvidence, named: RefundEvidence): boolean =>
  named.refundId === undefined && amountMinor === named.amountMinor && providerRefundId === unnamedId(amountMinor)

const withoutId = ({ providerRefundId: _name, ...rest }: RefundEvidence): RefundEvidence => rest

/** One that carries both ids joins what was heard under either alone. */
const merge = (one: RefundEvidence, other: RefundEvidence): RefundEvidence => ({
  ...one,
  ...other,
  amountMinor: Math.max(one.amountMinor, other.amountMinor),
  processed: one.processed || other.processed,
  failed: one.failed || other.failed,
})

/**
 * A refund without an id: one of this amount that has not come so far yet, else one made outside. Two of one amount that
 * were made outside look like one here, until the provider's list tells them apart.
 */
function byAmount(charge: Charge, fact: RefundFact): RefundEvidence {
  const alike = charge.refunds.filter(({ amountMinor }) => amountMinor === fact.amountMinor)
  const open = alike.find((known) =>
    fact.state === 'failed' ? !known.failed : fact.state === 'processed' && !known.processed && !known.failed,
  )
  const known = open ?? alike[0]
  if (!known) return evidenceOf({ ...fact, providerRefundId: unnamedId(fact.amountMinor) })
  return {
    ...known,
    ...(open && { processed: known.processed || fact.state === 'processed', failed: fact.state === 'failed' }),
  }
}

/** A provider's codes are words; a payment is one item. */
const longestReason = 100

function disputed(payment: Payment, fact: Extract<PaymentFact, { kind: 'dispute' }>): Payment | 'full' {
  const known = payment.disputes.find(({ disputeId }) => disputeId === fact.disputeId)
  if (!known && payment.disputes.length >= maxDisputes) return 'full'
  const outcome = outcomeAfter(known?.outcome, fact)
  const id = [known?.providerPaymentId, fact.providerPaymentId].filter((one) => one !== undefined).sort()[0]
  const respondBy = Math.max(known?.respondBy ?? 0, fact.respondBy ?? 0)
  const reason = [known?.reason, fact.reason?.slice(0, longestReason)].filter((one) => one !== undefined).sort()[0]
  const next: Dispute = {
    disputeId: fact.disputeId,
    ...(id !== undefined && { providerPaymentId: id }),
    amountMinor: Math.max(known?.amountMinor ?? 0, fact.amountMinor),
    opened: true,
    ...(respondBy > 0 && { respondBy }),
    ...(reason !== undefined && { reason }),
    ...(outcome && { outcome }),
  }
  const disputes = [...payment.disputes.filter((dispute) => dispute !== known), next]
  return { ...payment, disputes: disputes.sort((a, b) => (a.disputeId < b.disputeId ? -1 : 1)) }
}

/** "Open" never takes an outcome back: providers go on sending it. Of two outcomes the later, of one instant the greater loss. */
function outcomeAfter(
  known: DisputeOutcome | undefined,
  { state, at, takenMinor }: Extract<PaymentFact, { kind: 'dispute' }>,
): DisputeOutcome | undefined {
  if (state === 'open') return known
  const won = state === 'won'
  const said: DisputeOutcome = { won, at, ...(!won && takenMinor !== undefined && { takenMinor }) }
  if (!known || said.at > known.at) return said
  return said.at === known.at && lossOf(said) > lossOf(known) ? said : known
}

/** Without a figure all of the amount is lost. */
const lossOf = ({ won, takenMinor = Number.POSITIVE_INFINITY }: DisputeOutcome): number => (won ? -1 : takenMinor)

function lastWord(
  charge: Charge,
  { as, at }: Extract<PaymentFact, { kind: 'resolved' }>,
): { as: Resolution; at: number } {
  const { resolved } = charge
  return resolved && (resolved.at > at || (resolved.at === at && resolved.as >= as)) ? resolved : { as, at }
}
