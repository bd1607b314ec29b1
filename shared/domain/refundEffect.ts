import type { Account } from './account.ts'
import { MoreIsDue, withPlan } from './accountWallet.ts'
import { guardOf } from './guard.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import { chargeOfRefund, type RefundDraft } from './refundDraft.ts'
import { planCredit } from './settlementCredit.ts'
import type { BoughtSubscription } from './settlementPlan.ts'
import { isLive } from './subscription.ts'
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
      endPlan(draft)
      break
    case 'credit_pack':
      takeCredits(draft)
      break
    case 'item':
      revokeItem(draft)
      break
    case 'subscription':
      // Renewals, changes and overage: what their refund takes is the rule of subscriptions.
      break
  }
  draft.payment = { ...draft.payment, reversedMinor: draft.payment.reversedMinor + refund.amountMinor }
}

/** Now: access and what is free of the included credits end. At the period's end: it does not renew. */
function endPlan(draft: RefundDraft): void {
  const { context, refund, now } = draft
  const { account, subscription, wallet, fallback } = context
  if (refund.plan === 'keep' || !account || !subscription || !wallet) return
  if (!isLive(subscription) || account.subscriptionId !== subscription.id) return
  const endsNow = refund.plan === 'now'
  const next = endsNow ? canceled(subscription, now) : { ...subscription, autoRenew: false, ver: subscription.ver + 1 }
  const after = endsNow ? fallenBack(account, fallback, now) : untilPeriodEnd(account, subscription, now)
  draft.writes.push(
    { row: 'subscription', accountId: account.id, next, seenVer: subscription.ver },
    { row: 'account', next: after, seenVer: account.ver },
    {
      row: 'wallet',
      accountId: account.id,
      change: withPlan(wallet, after, fallback, endsNow, now),
      seenVersion: wallet.version,
    },
    ...(endsNow ? ended(account.id, subscription) : []),
  )
}

const canceled = (subscription: BoughtSubscription, now: number): BoughtSubscription => ({
  ...subscription,
  status: 'canceled',
  autoRenew: false,
  canceledAt: now,
  cancelReason: 'Refunded',
  endedAt: now,
  ver: subscription.ver + 1,
})

function fallenBack(account: Account, fallback: RefundDraft['context']['fallback'], now: number): Account {
  const { accessEnd: _access, subscriptionId: _subscription, period, ...rest } = account
  return {
    ...rest,
    plan: fallback,
    // The period ends with the plan; late events still fall into it.
    ...(period && { period: { ...period, until: now } }),
    ver: account.ver + 1,
    updatedAt: now,
  }
}

const untilPeriodEnd = (account: Account, { periodEnd }: BoughtSubscription, now: number): Account => ({
  ...account,
  ...(periodEnd !== null && { accessEnd: periodEnd }),
  ver: account.ver + 1,
  updatedAt: now,
})

const ended = (accountId: string, { id, planId, priceId }: BoughtSubscription): PaymentWrite[] => [
  { row: 'priceCount', priceId, by: -1 },
  { row: 'notice', accountId, kind: 'subscription.ended', data: { subscriptionId: id, planId, reason: 'refunded' } },
]

/** A part refund takes its part of the pack, by running totals, so that the parts add up to the whole. */
function takeCredits(draft: RefundDraft): void {
  const { context, payment, refund, now } = draft
  const { wallet } = context
  const { subject, settled, reversedMinor, amountMinor } = payment
  if (subject.kind !== 'credit_pack' || !wallet || settled?.reference === undefined) return
  const credits = subject.credits * subject.quantity
  const granted =
    partOf(credits, reversedMinor + refund.amountMinor, amountMinor) - partOf(credits, reversedMinor, amountMinor)
  if (granted === 0) return
  const decision = decide(
    wallet,
    {
      kind: 'takeBack',
      guard: guardOf('i', 'refund', refund.id),
      grantId: settled.reference,
      granted,
      reason: `Refund: ${refund.reason}`,
    },
    now,
    windowAt,
  )
  if (decision.kind === 'partial') throw new MoreIsDue()
  if (decision.kind !== 'accepted') throw new Error(`a wallet ${decision.kind} a refund`)
  const { taken, spent } = decision.answer
  draft.refund = { ...draft.refund, creditsTaken: taken, creditsSpent: spent }
  draft.writes.push({
    row: 'wallet',
    accountId: payment.accountId,
    change: { wallet: decision.wallet, entries: decision.entries },
    seenVersion: wallet.version,
  })
}

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

/** A refund that failed after it was taken on: credits, item and account credit come back; an ended plan does not. */
export function refundUndone(draft: RefundDraft): void {
  const { payment, refund } = draft
  returnCredit(draft)
  if (refund.effectAt === undefined || chargeOfRefund(payment, refund)?.as !== 'granted') return
  returnCredits(draft)
  const { purchase } = draft.context
  if (payment.subject.kind === 'item' && purchase?.revokedAt !== undefined) {
    const { revokedAt: _revoked, ...held } = purchase
    draft.writes.push({ row: 'purchase', next: { ...held, ver: purchase.ver + 1 }, seenVer: purchase.ver })
  }
  draft.payment = { ...draft.payment, reversedMinor: draft.payment.reversedMinor - refund.amountMinor }
}

/** Money that had left the account credit when the refund was asked for. */
function returnCredit(draft: RefundDraft): void {
  const { context, payment, refund, now } = draft
  if (chargeOfRefund(payment, refund)?.as !== 'account_credit' || !context.credit) return
  const change = planCredit(
    context.credit,
    { cause: 'released', amountMinor: refund.amountMinor, paymentId: payment.id, about: refund.id },
    now,
  )
  if (change) draft.writes.push({ row: 'credit', change })
}

function returnCredits(draft: RefundDraft): void {
  const { context, payment, refund, now } = draft
  const { wallet } = context
  if (!wallet || refund.creditsTaken === undefined || refund.creditsTaken === 0) return
  const decision = decide(
    wallet,
    {
      kind: 'grant',
      guard: guardOf('i', 'refund_failed', refund.id),
      amount: refund.creditsTaken,
      source: 'purchase',
      merge: true,
      reason: 'A refund failed',
      reference: payment.id,
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
