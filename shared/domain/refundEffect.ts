import { MoreIsDue } from './accountWallet.ts'
import { guardOf, idOf } from './guard.ts'
import type { Charge, Payment } from './payment.ts'
import { derived } from './paymentState.ts'
import type { Refund } from './refund.ts'
import { chargeOfRefund, type RefundDraft } from './refundDraft.ts'
import { noCredit, planCredit } from './settlementCredit.ts'
import { planGround, planRefundOf } from './subscriptionRefund.ts'
import { windowAt } from './time.ts'
import { decide } from './walletDecide.ts'

/** What a refund takes once the provider has taken it on: the part of the effect that it pays back. */
export function refundEffect(draft: RefundDraft): void {
  const { payment, refund, now } = draft
  draft.refund = { ...refund, effectAt: now }
  // A second charge, or one that was held or credited, gave nothing that could be taken.
  if (chargeOfRefund(payment, refund)?.as !== 'granted') return
  switch (payment.subject.kind) {
    case 'plan':
    case 'subscription':
      takePlan(draft)
      break
    case 'credit_pack':
      takeCredits(draft)
      break
    case 'item':
      revokeItem(draft)
      break
    case 'method':
      // It gave nothing: the method stays.
      break
  }
  draft.payment = { ...draft.payment, reversedMinor: draft.payment.reversedMinor + refund.amountMinor }
}

/** Access, renewal, and the ground of later credits: the rule of subscriptions. */
function takePlan(draft: RefundDraft): void {
  const { context, payment, refund, now } = draft
  const { account, subscription, wallet, fallback } = context
  if (!account || !subscription || !wallet) return
  const { amountMinor, plan } = refund
  const historyId = idOf('his', now, guardOf('i', 'refund history', refund.id))
  const asked = { amountMinor, plan, historyId }
  draft.writes.push(...planRefundOf({ account, wallet, subscription, fallback }, payment, asked, now).writes)
}

/**
 * A part refund takes its part of the pack, so that the parts add up to the whole: the part of all the money that is back or
 * on its way, less what the refunds before it were for. By the payment's totals alone, refunds that fail in another order than
 * they were made would leave credits over.
 */
function takeCredits(draft: RefundDraft): void {
  const { context, payment, refund, now } = draft
  const { wallet } = context
  const { settled, amountMinor } = payment
  const credits = creditsOf(payment)
  if (credits === undefined || !wallet || settled?.reference === undefined) return
  const reversedMinor = payment.reversedMinor + refund.amountMinor
  const granted = partOf(credits, reversedMinor, amountMinor) - goneBefore(context.others)
  if (granted < 1) return
  const decision = decide(
    wallet,
    {
      kind: 'takeBack',
      guard: guardOf('i', 'refund', refund.id),
      grantId: settled.reference,
      granted,
      ends: reversedMinor < amountMinor ? 0 : credits,
      reason: `Refund: ${refund.reason}`,
    },
    now,
    windowAt,
  )
  if (decision.kind === 'partial') throw new MoreIsDue()
  if (decision.kind !== 'accepted') throw new Error(`a wallet ${decision.kind} a refund`)
  const { taken, spent, expiresAt } = decision.answer
  draft.refund = {
    ...draft.refund,
    creditsTaken: taken,
    creditsSpent: spent,
    ...(expiresAt !== undefined && { creditsExpireAt: expiresAt }),
  }
  draft.writes.push({
    row: 'wallet',
    accountId: payment.accountId,
    change: { wallet: decision.wallet, entries: decision.entries },
    seenVersion: wallet.version,
  })
}

/** What a pack gave in all; undefined: the payment is for something else. */
const creditsOf = ({ subject }: Payment): number | undefined =>
  subject.kind === 'credit_pack' ? subject.credits * subject.quantity : undefined

/** Taken, or found to be spent, by refunds that have not failed. */
const goneBefore = (others: readonly Refund[]): number =>
  others
    .filter(({ status }) => status !== 'failed')
    .reduce((sum, { creditsTaken = 0, creditsSpent = 0 }) => sum + creditsTaken + creditsSpent, 0)

const partOf = (credits: number, refundedMinor: number, amountMinor: number): number =>
  Number((BigInt(credits) * BigInt(Math.min(refundedMinor, amountMinor))) / BigInt(amountMinor))

/** An item goes when all of its money does: there is no half of one. */
function revokeItem(draft: RefundDraft): void {
  const { context, payment, refund, now } = draft
  const { purchase } = context
  if (!purchase || purchase.revokedAt !== undefined) return
  if (payment.reversedMinor + refund.amountMinor < payment.amountMinor) return
  draft.writes.push({
    row: 'purchase',
    next: { ...purchase, revokedAt: now, ver: purchase.ver + 1 },
    seenVer: purchase.ver,
  })
}

/** A refund that failed after it was taken on: credits, item and the ground of prorations come back; an ended plan does not. */
export function refundUndone(draft: RefundDraft): void {
  const { payment, refund } = draft
  if (refund.effectAt === undefined || chargeOfRefund(payment, refund)?.as !== 'granted') return
  returnCredits(draft)
  const { purchase } = draft.context
  if (payment.subject.kind === 'item' && purchase?.revokedAt !== undefined) {
    const { revokedAt: _revoked, ...held } = purchase
    draft.writes.push({ row: 'purchase', next: { ...held, ver: purchase.ver + 1 }, seenVer: purchase.ver })
  }
  draft.payment = { ...draft.payment, reversedMinor: draft.payment.reversedMinor - refund.amountMinor }
  returnGround(draft)
}

/** The money is here again: it is the ground of credits as before. What the refund ended is over until somebody takes it up again. */
function returnGround({ context, payment, writes, now }: RefundDraft): void {
  const { account, subscription, wallet, fallback } = context
  if (!account || !subscription || !wallet) return
  writes.push(...planGround({ account, wallet, subscription, fallback }, payment, now).writes)
}

/**
 * Money that became account credit is there less what went back of it. What staff refund here left the credit when it was
 * asked for, and what was gone before they kept the rest never entered it; one made at the provider takes it now, as far
 * as it is there. One that fails gives back what was taken for it, and no more than is still here.
 */
export function moveCredit(draft: RefundDraft): void {
  const { context, payment, refund, now } = draft
  const charge = chargeOfRefund(payment, refund)
  if (charge?.as !== 'account_credit') return
  const { capture, creditShortMinor = 0 } = charge
  const before = backOf(chargeOfRefund(context.payment, refund))
  const after = backOf(charge)
  if (after === before) return
  const known = draft.writes.findLast((write) => write.row === 'credit')?.change.next ?? context.credit
  const credit = known ?? noCredit(payment.accountId, capture?.currency ?? payment.currency)
  const takenBefore = before - creditShortMinor
  const taken =
    after > before ? takenBefore + Math.min(after - before, credit.balanceMinor) : Math.min(takenBefore, after)
  draft.payment = withShortCredit(payment, charge, after - taken)
  if (taken === takenBefore) return
  const movement = { amountMinor: takenBefore - taken, paymentId: payment.id, about: wordOf(draft) }
  const change = planCredit(credit, { cause: taken > takenBefore ? 'withdrawn' : 'released', ...movement }, now)
  if (!change) throw new Error('a refund takes more credit than there is')
  draft.writes.push({ row: 'credit', change })
}

/** Known one by one, and not failed: what is under way has left the credit too. */
const backOf = (charge: Charge | undefined): number =>
  Math.min(
    (charge?.refunds ?? []).reduce((sum, { amountMinor, failed }) => sum + (failed ? 0 : amountMinor), 0),
    charge?.capture?.amountMinor ?? 0,
  )

function withShortCredit(payment: Payment, charge: Charge, shortMinor: number): Payment {
  const { creditShortMinor: _before, ...rest } = charge
  const next: Charge = { ...rest, ...(shortMinor > 0 && { creditShortMinor: shortMinor }) }
  return derived({ ...payment, charges: payment.charges.map((one) => (one === charge ? next : one)) })
}

/** A refund is taken once and fails once; any other word that moves credit is a cause of its own. */
function wordOf({ context, refund, payment }: RefundDraft): string {
  const isFirst = context.refund === undefined
  const fails = refund.status === 'failed' && context.refund?.status !== 'failed'
  return isFirst || fails ? refund.id : `${refund.id}:${payment.ver}`
}

/** Into the pack's own grant, with the expiry that it had: a next refund of this payment finds them there. */
function returnCredits(draft: RefundDraft): void {
  const { context, payment, refund, now } = draft
  const { wallet } = context
  const { creditsTaken: taken, creditsExpireAt: expiresAt } = refund
  const grantId = payment.settled?.reference
  // Without an expiry there was no grant to take from: everything had been spent.
  if (!wallet || taken === undefined || expiresAt === undefined || grantId === undefined) return
  const decision = decide(
    wallet,
    {
      kind: 'returnTaken',
      guard: guardOf('i', 'refund_failed', refund.id),
      grantId,
      taken,
      granted: creditsOf(payment) ?? taken,
      expiresAt,
      reason: 'A refund failed',
    },
    now,
    windowAt,
  )
  if (decision.kind === 'partial') throw new MoreIsDue()
  if (decision.kind !== 'accepted') throw new Error(`a wallet ${decision.kind} returned credits`)
  draft.writes.push({
    row: 'wallet',
    accountId: payment.accountId,
    change: { wallet: decision.wallet, entries: decision.entries },
    seenVersion: wallet.version,
  })
}
