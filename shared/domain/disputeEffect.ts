import { guardOf, idOf } from './guard.ts'
import type { Invoice, InvoiceContext } from './invoice.ts'
import { creditNoteOf, reversalOf } from './invoiceCreditNote.ts'
import type { Charge, Dispute, Payment } from './payment.ts'
import { type PaymentFact, planPaymentFact } from './paymentFact.ts'
import { chargeOfDispute, lostOf } from './paymentState.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import { type AccountCredit, noCredit, planCredit } from './settlementCredit.ts'
import { planGround } from './subscriptionRefund.ts'
import type { SubscriptionScene } from './subscriptionWrite.ts'

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
export interface DisputeContext {
  payment: Payment
  /** Where the charge gave the account a plan. */
  scene: SubscriptionScene | undefined
  /** Where the charge became account credit: in its currency. */
  credit: AccountCredit | undefined
  /** The payment's own; absent: nothing was granted. */
  invoice: Invoice | undefined
  /** The credit notes of the payment's disputes and what took them back. */
  notes: readonly Invoice[]
  /** The seller's. */
  zones: InvoiceContext['zones']
}

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
  const moved = charge ? lostOf(plan.next, charge) - lostOf(payment, charge) : 0
  const draft: Draft = { context, seen, next: plan.next, writes: [], now }
  if (charge && moved !== 0) moveMoney(draft, charge, moved)
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

interface Draft {
  readonly context: DisputeContext
  readonly seen: ObservedDispute
  next: Payment
  writes: PaymentWrite[]
  readonly now: number
}

/** `moved`: what the dispute has taken, or below zero given back, since it was last heard of. */
function moveMoney(draft: Draft, charge: Charge, moved: number): void {
  if (charge.as === 'account_credit') return moveCredit(draft, charge, moved)
  // Held money has done nothing yet.
  if (charge.as !== 'granted') return
  noteMoney(draft, charge)
  const { scene } = draft.context
  if (scene) draft.writes.push(...planGround(scene, draft.next, draft.now).writes)
}

/** What was spent of the credit is not there to be taken. What was taken is never more than what is lost: the rest comes back. */
function moveCredit(draft: Draft, charge: Charge, moved: number): void {
  const { providerPaymentId, capture, lostCreditMinor: before = 0 } = charge
  const { context, next, seen, now } = draft
  const credit = context.credit ?? noCredit(next.accountId, capture?.currency ?? next.currency)
  const after = moved > 0 ? before + Math.min(moved, credit.balanceMinor) : Math.min(before, lostOf(next, charge))
  if (after === before) return
  const cause = after > before ? ('withdrawn' as const) : ('released' as const)
  // An outcome may be taken back, and that again: each word is a cause of its own, and the payment's version is its guard.
  const about = `${seen.disputeId}:${next.ver}`
  const change = planCredit(credit, { cause, amountMinor: before - after, paymentId: next.id, about }, now)
  if (!change) throw new Error('a dispute takes more credit than there is')
  draft.writes.push({ row: 'credit', change })
  const charges = next.charges.map((one) =>
    one.providerPaymentId === providerPaymentId ? { ...one, lostCreditMinor: after } : one,
  )
  draft.next = { ...next, charges }
}

/**
 * The books follow the money, as with a refund: a note of what was lost, and an invoice that takes it back. The notes that
 * stand are what is lost by now, whichever dispute took it: several that are lost never take more than there was.
 */
function noteMoney(draft: Draft, charge: Charge): void {
  const { context, next, seen } = draft
  const { invoice, notes } = context
  if (!invoice) return
  const standing = notes.filter(
    (one) => one.kind === 'credit_note' && !notes.some(({ invoiceId }) => invoiceId === one.id),
  )
  const own = ({ disputeId }: Invoice) => Number(disputeId === seen.disputeId)
  let notedMinor = standing.reduce((sum, { totalMinor }) => sum + totalMinor, 0)
  const lostMinor = lostOf(next, charge)
  for (const note of standing.toSorted((one, other) => own(other) - own(one))) {
    if (notedMinor <= lostMinor) break
    draft.writes.push({ row: 'invoice', next: reversalOf(note, documentOf(draft)) })
    draft.next = { ...draft.next, notedMinor: draft.next.notedMinor - note.totalMinor }
    notedMinor -= note.totalMinor
  }
  noteLoss(draft, invoice, lostMinor - notedMinor)
}

function noteLoss(draft: Draft, invoice: Invoice, lostMinor: number): void {
  const { next, seen } = draft
  const amountMinor = Math.min(lostMinor, invoice.totalMinor - next.notedMinor)
  if (amountMinor < 1) return
  const isLost = ({ outcome }: Dispute) => outcome?.won === false
  const disputeId = seen.state === 'lost' ? seen.disputeId : (next.disputes.find(isLost)?.disputeId ?? seen.disputeId)
  const loss = { about: { disputeId }, amountMinor, reason: 'Lost in a dispute', creditedMinor: next.notedMinor }
  draft.writes.push({ row: 'invoice', next: creditNoteOf(invoice, loss, documentOf(draft)) })
  draft.next = { ...next, notedMinor: next.notedMinor + amountMinor }
}

/** Its id follows from the word that it documents, and from what of that was written before it. */
function documentOf({ context, seen, next, writes, now }: Draft): Pick<InvoiceContext, 'id' | 'zones' | 'at'> {
  const name = [next.id, seen.disputeId, next.ver, writes.length].join(' ')
  return { id: idOf('inv', now, guardOf('i', 'dispute document', name)), zones: context.zones, at: now }
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
