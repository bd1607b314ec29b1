import { guardOf, idOf } from './guard.ts'
import type { Invoice, InvoiceContext } from './invoice.ts'
import { creditNoteOf, reversalOf } from './invoiceCreditNote.ts'
import type { Charge, Payment } from './payment.ts'
import { chargeOfDispute, lostOf } from './paymentState.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import { type AccountCredit, noCredit, planCredit } from './settlementCredit.ts'
import { planGround } from './subscriptionRefund.ts'
import type { SubscriptionScene } from './subscriptionWrite.ts'

/** What following a loss needs to have been read. */
export interface LossContext {
  /** As it was before the word that moved the loss. */
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

/** The payment after a word on a dispute or a refund, and what is written beside it. */
export interface LossDraft {
  readonly context: LossContext
  /** The dispute or the refund that was heard of. */
  readonly about: string
  next: Payment
  writes: PaymentWrite[]
  readonly now: number
}

/**
 * Lets credit, books and plan follow what is lost of a charge by now. A dispute moves it, and so does a refund beside one:
 * what goes back cannot be lost, and a refund that fails leaves more to lose.
 */
export function followLoss(draft: LossDraft, providerPaymentId: string): void {
  const charge = draft.next.charges.find((one) => one.providerPaymentId === providerPaymentId)
  if (charge?.as === 'account_credit') return moveCredit(draft, charge)
  // Held money has done nothing yet.
  if (charge?.as !== 'granted') return
  noteMoney(draft, charge)
  const { scene } = draft.context
  if (scene) draft.writes.push(...planGround(scene, draft.next, draft.now).writes)
}

/** What was spent of the credit is not there to be taken. What was taken is never more than what is lost: the rest comes back. */
function moveCredit(draft: LossDraft, charge: Charge): void {
  const { providerPaymentId, capture, lostCreditMinor: before = 0 } = charge
  const { context, next, now } = draft
  const lostMinor = lostOf(next, charge)
  const known = context.payment.charges.find((one) => one.providerPaymentId === providerPaymentId)
  const moved = lostMinor - (known ? lostOf(context.payment, known) : 0)
  const credit = context.credit ?? noCredit(next.accountId, capture?.currency ?? next.currency)
  const after = moved > 0 ? before + Math.min(moved, credit.balanceMinor) : Math.min(before, lostMinor)
  if (after === before) return
  const cause = after > before ? ('withdrawn' as const) : ('released' as const)
  // An outcome may be taken back, and that again: each word is a cause of its own, and the payment's version is its guard.
  const about = `${disputeOf(draft, charge)}:${versionOf(draft)}`
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
function noteMoney(draft: LossDraft, charge: Charge): void {
  const { context, next, about } = draft
  const { invoice, notes } = context
  if (!invoice) return
  const standing = notes.filter(
    (one) => one.kind === 'credit_note' && !notes.some(({ invoiceId }) => invoiceId === one.id),
  )
  const own = ({ disputeId }: Invoice) => Number(disputeId === about)
  let notedMinor = standing.reduce((sum, { totalMinor }) => sum + totalMinor, 0)
  const lostMinor = lostOf(next, charge)
  for (const note of standing.toSorted((one, other) => own(other) - own(one))) {
    if (notedMinor <= lostMinor) break
    draft.writes.push({ row: 'invoice', next: reversalOf(note, documentOf(draft)) })
    draft.next = { ...draft.next, notedMinor: draft.next.notedMinor - note.totalMinor }
    notedMinor -= note.totalMinor
  }
  noteLoss(draft, invoice, charge, lostMinor - notedMinor)
}

function noteLoss(draft: LossDraft, invoice: Invoice, charge: Charge, lostMinor: number): void {
  const { next } = draft
  const amountMinor = Math.min(lostMinor, invoice.totalMinor - next.notedMinor)
  if (amountMinor < 1) return
  const disputeId = disputeOf(draft, charge)
  const loss = { about: { disputeId }, amountMinor, reason: 'Lost in a dispute', creditedMinor: next.notedMinor }
  draft.writes.push({ row: 'invoice', next: creditNoteOf(invoice, loss, documentOf(draft)) })
  draft.next = { ...next, notedMinor: next.notedMinor + amountMinor }
}

/** The dispute that the loss is of: the one heard of, unless that one took nothing and another did. */
function disputeOf({ next, about }: LossDraft, { providerPaymentId: id }: Charge): string {
  const own = next.disputes.filter((one) => chargeOfDispute(next, one)?.providerPaymentId === id)
  const lost = own.filter(({ outcome }) => outcome?.won === false)
  const heard = (one: { disputeId: string }) => one.disputeId === about
  return (lost.find(heard) ?? lost[0] ?? own.find(heard) ?? own[0])?.disputeId ?? about
}

/** Of the payment once this word is written. */
const versionOf = ({ context }: LossDraft): number => context.payment.ver + 1

/** Its id follows from the word that it documents, and from what of that was written before it. */
function documentOf(draft: LossDraft): Pick<InvoiceContext, 'id' | 'zones' | 'at'> {
  const { context, about, next, writes, now } = draft
  const name = [next.id, about, versionOf(draft), writes.length].join(' ')
  return { id: idOf('inv', now, guardOf('i', 'dispute document', name)), zones: context.zones, at: now }
}
