import { followLoss, type LossDraft } from './disputeLoss.ts'
import { guardOf, ulidOf } from './guard.ts'
import { creditNoteOf, reversalOf } from './invoiceCreditNote.ts'
import { captures, type Payment } from './payment.ts'
import { afterFact, planPaymentFact } from './paymentFact.ts'
import { withOneCredit } from './paymentHolds.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import { type Refund, type RefundStatus, refundStatuses } from './refund.ts'
import { chargeOfRefund, type RefundContext, type RefundDraft } from './refundDraft.ts'
import { moveCredit, refundEffect, refundUndone } from './refundEffect.ts'

/** A refund as the provider tells it: an answer to our request, an event, or a look-up. */
export interface ObservedRefund {
  providerPaymentId: string
  /** Ours, where the provider carries it. */
  refundId?: string
  providerRefundId?: string
  amountMinor: number
  /** Of `amountMinor`, where the provider tells it. */
  currency?: string
  state: 'pending' | 'processed' | 'failed'
  /** The payment's running total, where the provider tells it. */
  totalMinor?: number
  /** Read from the provider's own list, which says of each of ours that it is ours. */
  listed?: true
}

export interface RefundOutcome {
  /** `full`: the payment has no room for it, so nothing of it is written: an alarm, see `payment.ts`. */
  kind: 'write' | 'ignored' | 'full'
  payment: Payment
  refund: Refund
  /** Empty unless it is to be written. */
  writes: PaymentWrite[]
}

/**
 * What the provider's word on a refund does, in any order and any number of times. The first that says it was taken on
 * takes the plan, the credits or the item; `processed` makes the credit note; `failed`, also after that, gives credits and
 * item back and takes the note back. A plan that was ended is not started again: staff are told.
 * @throws MoreIsDue when the wallet has to be settled first; Error for an amount in another currency than was paid: it says
 * nothing of how much of the charge went back, so it is for people to look at.
 */
export function planRefundFact(context: RefundContext, seen: ObservedRefund, now: number): RefundOutcome {
  assertCurrency(context.payment, seen)
  const refund = context.refund ?? outsideRefund(context.payment, seen, now)
  const evidence = withEvidence(context.payment, refund, seen, now)
  if (!evidence) return { kind: 'full', payment: context.payment, refund, writes: [] }
  const status = laterOf(refund.status, seen.state)
  const known = context.refund !== undefined && status === refund.status
  if (known && evidence === context.payment) return { kind: 'ignored', payment: context.payment, refund, writes: [] }
  const draft: RefundDraft = {
    context,
    payment: evidence,
    refund: { ...refund, ...providerIdOf(refund, seen), status },
    writes: [],
    now,
  }
  // What a loss took is there again before a refund takes it; one that fails has given back before a loss takes more.
  if (status !== 'failed') followLost(draft)
  moveCredit(draft)
  if (!known) follow(draft, refund.status)
  if (status === 'failed') followLost(draft)
  return written(draft)
}

/** What a refund takes is not lost in a dispute, and what it gives back when it fails is. */
function followLost(draft: RefundDraft): void {
  const { context, payment, refund, now } = draft
  if (payment.disputes.length === 0) return
  const { account, subscription, wallet, fallback, invoice, disputeNotes, document } = context
  const credit = draft.writes.findLast((write) => write.row === 'credit')?.change.next ?? context.credit
  // A refund that was taken on moves the ground by itself, and one made outside takes none.
  const hasGround = refund.status === 'failed' && refund.effectAt === undefined
  const scene = hasGround && account && subscription && wallet && { account, subscription, wallet, fallback }
  const loss: LossDraft = {
    context: {
      payment: context.payment,
      scene: scene || undefined,
      credit,
      invoice,
      notes: disputeNotes,
      zones: document.zones,
    },
    about: refund.id,
    next: payment,
    writes: [],
    now,
  }
  followLoss(loss, refund.providerPaymentId)
  draft.payment = loss.next
  draft.writes.push(...loss.writes)
}

const captureOf = ({ charges }: Payment, seen: ObservedRefund) =>
  charges.find(({ providerPaymentId }) => providerPaymentId === seen.providerPaymentId)?.capture

function assertCurrency(payment: Payment, seen: ObservedRefund): void {
  const paid = captureOf(payment, seen)
  if (paid && seen.currency !== undefined && seen.currency !== paid.currency)
    throw new Error(`a refund of ${payment.id} is told in ${seen.currency}, and ${paid.currency} was paid`)
}

const laterOf = (one: RefundStatus, other: RefundStatus): RefundStatus =>
  refundStatuses.indexOf(one) >= refundStatuses.indexOf(other) ? one : other

const providerIdOf = (refund: Refund, { providerRefundId }: ObservedRefund): Partial<Refund> =>
  refund.providerRefundId === undefined && providerRefundId !== undefined ? { providerRefundId } : {}

/** One made outside has an id that follows from the provider's, so that all its events find one row. What it does to plan, credits and item is staff's. */
function outsideRefund(payment: Payment, seen: ObservedRefund, now: number): Refund {
  return {
    id: outsideRefundId(payment, seen.providerRefundId ?? unnamed(seen)),
    paymentId: payment.id,
    accountId: payment.accountId,
    providerPaymentId: seen.providerPaymentId,
    amountMinor: seen.amountMinor,
    currency: captureOf(payment, seen)?.currency ?? seen.currency ?? payment.currency,
    reason: 'Refunded at the provider',
    plan: 'keep',
    status: 'requested',
    createdAt: now,
    updatedAt: now,
    ver: 0,
  }
}
/** What one is called until the provider says its id. */
export const unnamed = ({ providerPaymentId, amountMinor }: ObservedRefund): string =>
  `${providerPaymentId}:${amountMinor}`

export const outsideRefundId = (payment: Payment, name: string): string =>
  `rfd_${ulidOf(payment.createdAt, guardOf('i', 'refund', `${payment.provider}:${name}`).bits)}`

/** The facts that the observation carries; a refund of ours is told by our id. Undefined: there is no room for them. */
function withEvidence(payment: Payment, refund: Refund, seen: ObservedRefund, now: number): Payment | undefined {
  const { providerPaymentId, providerRefundId, amountMinor, state, totalMinor } = seen
  const ours = captures(payment).some(({ refunds }) => refunds.some(({ refundId }) => refundId === refund.id))
  const plan = planPaymentFact(
    payment,
    {
      kind: 'refund',
      providerPaymentId,
      ...(ours && { refundId: refund.id }),
      ...(providerRefundId !== undefined && { providerRefundId }),
      amountMinor,
      state,
    },
    now,
  )
  if (plan.kind === 'ignored' && plan.reason === 'full') return undefined
  const next = plan.kind === 'ignored' ? payment : plan.next
  return totalMinor === undefined ? next : afterFact(next, { kind: 'refundTotal', providerPaymentId, totalMinor }, now)
}

function follow(draft: RefundDraft, before: RefundStatus): void {
  const { refund, context, now } = draft
  if (refund.status === 'failed') return undo(draft)
  const isOurs = context.refund !== undefined
  if (isOurs && before === 'requested') refundEffect(draft)
  if (refund.status !== 'processed') return
  noteCredit(draft)
  draft.writes.push(notice(draft, 'refund.completed'))
  draft.refund = { ...draft.refund, updatedAt: now }
}

/** The books follow the money: the note is made when the refund is done, not when it is asked for. */
function noteCredit(draft: RefundDraft): void {
  const { context, payment, refund, now } = draft
  const { invoice, document, others } = context
  // The invoice is the granted charge's: money that was held or credited was never invoiced.
  if (!invoice || refund.creditNoteId !== undefined || chargeOfRefund(payment, refund)?.as !== 'granted') return
  const left = invoice.totalMinor - payment.notedMinor
  // More is said to be back than was paid: one of them has failed, and its word is still to come. The note waits for it.
  if (left < refund.amountMinor && others.some((one) => isOfSameCharge(one, refund) && isNoted(one))) return
  // What was paid by account credit is on the invoice too, so a refund never passes its total.
  const amountMinor = Math.min(refund.amountMinor, left)
  if (amountMinor < 1) return
  const { id: refundId, reason } = refund
  const note = creditNoteOf(
    invoice,
    { about: { refundId }, amountMinor, reason, creditedMinor: payment.notedMinor },
    { ...document, at: now },
  )
  draft.writes.push({ row: 'invoice', next: note })
  draft.refund = { ...draft.refund, creditNoteId: note.id }
  draft.payment = { ...payment, notedMinor: payment.notedMinor + amountMinor }
}

const isNoted = ({ status, creditNoteId }: Refund): boolean => status === 'processed' && creditNoteId !== undefined
const isOfSameCharge = (one: Refund, other: Refund): boolean => one.providerPaymentId === other.providerPaymentId

/** Notes that waited for a failure: there is room for them once what failed is taken back. */
function noteWaiting(draft: RefundDraft): void {
  const { context, refund: failed, now } = draft
  const done = context.others.filter((one) => isOfSameCharge(one, failed) && one.status === 'processed')
  for (const one of done.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const id = `inv_${ulidOf(now, guardOf('i', 'late credit note', one.id).bits)}`
    const others = [failed, ...done.filter((other) => other !== one)]
    const own = { ...draft, context: { ...context, others, document: { ...context.document, id } }, refund: one }
    noteCredit(own)
    if (own.refund === one) continue
    draft.payment = own.payment
    draft.writes.push({ row: 'refund', next: { ...own.refund, updatedAt: now, ver: one.ver + 1 }, seenVer: one.ver })
  }
}

function undo(draft: RefundDraft): void {
  const { context, refund, now } = draft
  refundUndone(draft)
  const { creditNote, document } = context
  if (refund.creditNoteId !== undefined && creditNote) {
    draft.writes.push({ row: 'invoice', next: reversalOf(creditNote, { ...document, at: now }) })
    draft.payment = { ...draft.payment, notedMinor: draft.payment.notedMinor - creditNote.totalMinor }
    noteWaiting(draft)
  }
  draft.writes.push(notice(draft, 'refund.failed'))
}

const notice = ({ payment, refund }: RefundDraft, kind: 'refund.completed' | 'refund.failed'): PaymentWrite => ({
  row: 'notice',
  accountId: payment.accountId,
  kind,
  data: { paymentId: payment.id, refundId: refund.id, amountMinor: refund.amountMinor, currency: refund.currency },
})

/** The payment is written with every step of a refund: its version keeps two refunds' effects apart. */
function written({ context, payment, refund, now, ...draft }: RefundDraft): RefundOutcome {
  const writes = withOneCredit(draft.writes)
  if (!writes) throw new Error('a refund takes more credit than there is')
  const next = { ...payment, ver: context.payment.ver + 1, updatedAt: now }
  const row = { ...refund, updatedAt: now, ver: refund.ver + 1 }
  return {
    kind: 'write',
    payment: next,
    refund: row,
    writes: [
      { row: 'payment', next, seenVer: context.payment.ver },
      { row: 'refund', next: row, seenVer: context.refund?.ver ?? 0 },
      ...writes,
    ],
  }
}
