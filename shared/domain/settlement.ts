import type { Account } from './account.ts'
import type { Invoice, InvoiceContext } from './invoice.ts'
import { captures, type Difference, isVisitor, type Payment, type Settled, type Unlawful } from './payment.ts'
import { afterFact, type PaymentFact, type PaymentPlan, planPaymentFact } from './paymentFact.ts'
import { type HoldsNow, releaseWrites, retakeWrites, withOneCredit } from './paymentHolds.ts'
import type { RenewalMethod } from './paymentMethod.ts'
import { derived } from './paymentState.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import { compareCapture, type ObservedPayment, unlawfulNow } from './settlementCompare.ts'
import { type AccountCredit, noCredit, planCredit } from './settlementCredit.ts'
import type { OtherEffect } from './settlementEffect.ts'
import { grantedWrites } from './settlementGrant.ts'
import type { PlanTerms } from './terms.ts'
import type { Wallet } from './walletState.ts'

export interface SettlementInput {
  payment: Payment
  /** As fetched from the provider; null: there was nothing to pay. */
  seen: ObservedPayment | null
  /** Stored; absent: gone. A visitor's is one that is not stored, and gone with whoever claimed the session. */
  account: Account | undefined
  /** A visitor's: the account that has claimed the session, and has what is bought. */
  claimedBy?: string
  wallet: Wallet | undefined
  /** Of the payment's currency. */
  credit: AccountCredit | undefined
  /** Where the payment's holds were given back: who has them by now; else the manual discount that it holds. */
  holds?: HoldsNow
  /** Of the plan bought, at the catalogue version of the checkout. */
  terms?: PlanTerms
  fallback: PlanTerms | null
  /** What the rules of subscriptions make of a renewal, a change or overage. */
  other?: OtherEffect
  invoice: Pick<InvoiceContext, 'id' | 'seller' | 'buyer' | 'zones'>
  ids: { subscription: string; purchase: string; history: string }
  /** May be charged again: the provider handed it over; or it was named, and there was nothing to pay. */
  savedMethod?: RenewalMethod
  /** What paid, in words. */
  methodLabel?: string
}

export type SettlementPlan =
  /** This provider payment was settled before: answer with the payment as it is. `plan`: news of it, a refund say. */
  | { kind: 'repeated'; payment: Payment; plan?: PaymentPlan }
  /** Money is not in: what was heard, for the payment alone. */
  | { kind: 'waiting'; plan: PaymentPlan }
  /** It is ours to take: capture, then settle what the provider answers. */
  | { kind: 'capture'; plan: PaymentPlan }
  /** Authorised, but not what we asked for, or without a lawful effect: it is not taken, and goes back by itself. */
  | { kind: 'withheld'; differences: Difference[] }
  /** One transaction. `as`: what became of the money. */
  | { kind: 'settle'; as: Settled['as']; next: Payment; writes: PaymentWrite[]; invoice?: Invoice }

/**
 * The one settlement, reached from the browser's verify call, from the webhook and from the reconciler. Money that is in
 * is never refused and never counted twice: its guard is the provider's payment id, and the effect happens only in the
 * plan that puts that guard.
 * What differs from what was asked for grants nothing and is held for staff. What is no longer lawful becomes account
 * credit, and staff look at it.
 * @throws MoreIsDue when the wallet has to be settled first.
 */
export function planSettlement(input: SettlementInput, now: number): SettlementPlan {
  const { payment, seen } = input
  if (seen === null) return settleFree(input, now)
  switch (seen.status) {
    case 'captured':
    case 'refunded':
      return settleCaptured(input, seen, now)
    case 'authorized':
      return settleAuthorized(input, seen, now)
    case 'failed':
      return { kind: 'waiting', plan: planPaymentFact(payment, attemptFact(payment, seen, 'failed', now), now) }
    case 'processing':
      return { kind: 'waiting', plan: planPaymentFact(payment, attemptFact(payment, seen, 'processing', now), now) }
    case 'abandoned':
    case 'paused':
      return settleGivenUp(payment, seen, now)
    case 'created':
      return nothingNew
  }
}

const nothingNew: SettlementPlan = { kind: 'waiting', plan: { kind: 'ignored', reason: 'repeated' } }

/**
 * Nobody is at it. Of an order this is also said before anybody has come, so it is news only where an attempt was under
 * way, or a saved method was charged, which has no page to be opened first. An approval is waited for as long as the order
 * lives. A failure, because it may still be paid.
 */
function settleGivenUp(payment: Payment, seen: ObservedPayment, now: number): SettlementPlan {
  if (!isTried(payment, seen) || (seen.status === 'paused' && now < payment.expiresAt)) return nothingNew
  const failure = seen.status === 'paused' ? unapproved : givenUp
  return {
    kind: 'waiting',
    plan: planPaymentFact(payment, attemptFact(payment, { ...seen, failure }, 'failed', now), now),
  }
}
function isTried(payment: Payment, { providerPaymentId: seen }: ObservedPayment): boolean {
  const { attempt, method } = payment
  if (captures(payment).length > 0 || attempt?.state === 'failed') return false
  return attempt ? (attempt.providerPaymentId ?? seen) === seen : method !== undefined
}

const givenUp = { code: 'abandoned', reason: 'The customer did not finish the payment.' }
const unapproved = { code: 'authentication_required', reason: 'The customer did not approve this payment.' }

/**
 * What the provider says of an attempt as of now: a payment's own time is that of its creation, by which a debit that has
 * failed would never come after the word that it was under way. The same word again is nothing new.
 */
function attemptFact(
  { attempt }: Payment,
  { providerPaymentId, failure }: ObservedPayment,
  kind: 'failed' | 'processing' | 'authorized',
  now: number,
): PaymentFact {
  const isKnown = attempt?.state === kind && attempt.providerPaymentId === providerPaymentId
  return { kind, at: isKnown ? attempt.at : now, providerPaymentId, ...(kind === 'failed' && failure) }
}

function settleAuthorized(input: SettlementInput, seen: ObservedPayment, now: number): SettlementPlan {
  const { payment } = input
  // Money is in for this order: another authorisation is left to lapse instead of being taken and given back.
  if (payment.settled || captures(payment).length > 0) return { kind: 'withheld', differences: [] }
  const differences = compareCapture(payment, seen)
  if (differences.length > 0) return { kind: 'withheld', differences }
  // So is one whose effect is no longer lawful. What was to be captured before may be in by now: that is asked for again.
  const isBegun =
    payment.attempt?.state === 'authorized' && payment.attempt.providerPaymentId === seen.providerPaymentId
  if (!isBegun && unlawfulOf(input, seen, retakenHolds(input, seen.providerPaymentId, now), now))
    return { kind: 'withheld', differences }
  return { kind: 'capture', plan: planPaymentFact(payment, attemptFact(payment, seen, 'authorized', now), now) }
}

/** Why money has no effect any more: by the order and its account, by the subscription, or because others have what it held. */
const unlawfulOf = (
  { payment, account, other }: SettlementInput,
  seen: ObservedPayment,
  retaken: PaymentWrite[] | undefined,
  now: number,
): Unlawful | undefined =>
  unlawfulNow(payment, seen, account, now) ?? unlawfulBy(other) ?? (retaken ? undefined : 'order_expired')

function settleFree(input: SettlementInput, now: number): SettlementPlan {
  const { payment, account } = input
  if (payment.amountMinor !== 0 || payment.provider !== null)
    throw new Error('a payment with an amount needs the provider')
  if (payment.settled) return { kind: 'repeated', payment }
  // It is settled in the transaction of its checkout, which decides anew when anything has moved.
  if (!account || isOvertaken(input, now)) throw new Error('nothing was paid, and it is not lawful any more')
  return granted(input, account, payment, null, now)
}

/** Whether something else has happened between a decision with nothing to pay and its settlement: it is to be decided anew. */
export const isOvertaken = ({ payment, account, other }: SettlementInput, now: number): boolean =>
  (unlawfulNow(payment, null, account, now) ?? unlawfulBy(other)) !== undefined

function settleCaptured(input: SettlementInput, seen: ObservedPayment, now: number): SettlementPlan {
  const { payment, account } = input
  const known = captures(payment).some((charge) => charge.providerPaymentId === seen.providerPaymentId)
  if (known) return repeated(payment, seen, now)
  const differences = compareCapture(payment, seen)
  const retaken = retakenHolds(input, seen.providerPaymentId, now)
  const unlawful = unlawfulOf(input, seen, retaken, now)
  const paid = capturedPayment(payment, seen, differences, unlawful, now)
  if (differences.length > 0 || !account || unlawful === 'already_refunded') return held(input, paid, seen, now)
  return unlawful ? credited(input, paid, seen, now) : granted(input, account, paid, seen, now, retaken)
}

/** What an order had given back and needs again for its effect; nothing where it holds it still. Undefined: it is gone. */
export const retakenHolds = (
  { payment, credit, holds = {} }: SettlementInput,
  providerPaymentId: string,
  now: number,
): PaymentWrite[] | undefined => (payment.released ? retakeWrites(payment, credit, holds, providerPaymentId, now) : [])

const unlawfulBy = (other: OtherEffect | undefined): Unlawful | undefined =>
  other?.kind === 'unlawful' ? other.reason : undefined

/** The payment was settled; a running total of refunds may be news all the same. */
function repeated(
  payment: Payment,
  { providerPaymentId, refundedMinor }: ObservedPayment,
  now: number,
): SettlementPlan {
  const plan = planPaymentFact(payment, { kind: 'refundTotal', providerPaymentId, totalMinor: refundedMinor }, now)
  return plan.kind === 'ignored' ? { kind: 'repeated', payment } : { kind: 'repeated', payment, plan }
}

function capturedPayment(
  payment: Payment,
  seen: ObservedPayment,
  found: Difference[],
  unlawful: Unlawful | undefined,
  now: number,
): Payment {
  const { providerPaymentId, amountMinor, currency, refundedMinor } = seen
  const plan = planPaymentFact(
    payment,
    {
      kind: 'captured',
      at: seen.at ?? now,
      providerPaymentId,
      amountMinor,
      currency,
      differences: found,
      ...(unlawful !== undefined && { unlawful }),
    },
    now,
  )
  if (plan.kind === 'ignored') throw new Error('a payment has more charges than it can hold')
  const known =
    payment.providerOrderId === undefined && seen.providerOrderId !== undefined && !found.includes('order')
      ? { ...plan.next, providerOrderId: seen.providerOrderId }
      : plan.next
  return afterFact(known, { kind: 'refundTotal', providerPaymentId, totalMinor: refundedMinor }, now)
}

/** Nothing is granted and nothing credited: staff settle or refund it. */
function held(input: SettlementInput, paid: Payment, seen: ObservedPayment, now: number): SettlementPlan {
  return withoutEffect(input, paid, seen, 'held', [], now)
}

/**
 * Money without an effect: what the order held for it goes back at once, and is taken again if it is settled after all.
 * A second charge leaves an order that had its effect as it is.
 */
function withoutEffect(
  input: SettlementInput,
  paid: Payment,
  seen: ObservedPayment,
  as: 'held' | 'account_credit',
  effects: PaymentWrite[],
  now: number,
): SettlementPlan {
  const { payment, credit, holds } = input
  const isKept = payment.released || payment.settled?.as === 'granted'
  const back = isKept ? [] : releaseWrites(payment, { credit, manual: holds?.manual }, now)
  const next = { ...paid, released: payment.settled?.as !== 'granted' }
  return settledAs(input, next, seen, as, [...effects, ...back, reviewNotice(paid)], now)
}

/** The money stays the account's. A visitor has no account to credit: held. */
function credited(input: SettlementInput, paid: Payment, seen: ObservedPayment, now: number): SettlementPlan {
  if (isVisitor(paid.accountId)) return held(input, paid, seen, now)
  const change = planCredit(
    input.credit ?? noCredit(paid.accountId, paid.currency),
    { cause: 'paid_in', amountMinor: seen.amountMinor, paymentId: paid.id, about: seen.providerPaymentId },
    now,
  )
  if (!change) throw new Error('money in makes no credit smaller')
  return withoutEffect(input, paid, seen, 'account_credit', [{ row: 'credit', change }], now)
}

function granted(
  input: SettlementInput,
  account: Account,
  paid: Payment,
  seen: ObservedPayment | null,
  now: number,
  retaken: PaymentWrite[] = [],
): SettlementPlan {
  const { writes, invoice, reference } = grantedWrites({ ...input, payment: paid }, account, now)
  const plan = settledAs(input, { ...paid, released: false }, seen, 'granted', [...retaken, ...writes], now, reference)
  return plan.kind === 'settle' ? { ...plan, invoice } : plan
}

/** The payment, its guard and what goes with them. A second charge leaves what the first one did as it is. */
function settledAs(
  { payment }: SettlementInput,
  paid: Payment,
  seen: ObservedPayment | null,
  as: Settled['as'],
  effects: PaymentWrite[],
  now: number,
  reference?: string,
): SettlementPlan {
  const providerPaymentId = seen?.providerPaymentId ?? null
  const fresh: Settled = { at: now, as, providerPaymentId, ...(reference !== undefined && { reference }) }
  const settled = payment.settled && payment.settled.as !== 'held' ? payment.settled : fresh
  const charges = paid.charges.map((charge) =>
    charge.providerPaymentId === providerPaymentId ? { ...charge, as } : charge,
  )
  const next = { ...derived({ ...paid, charges, settled }), ver: payment.ver + 1, updatedAt: now }
  const guard: PaymentWrite[] = seen
    ? [
        {
          row: 'charge',
          provider: seen.provider,
          providerPaymentId: seen.providerPaymentId,
          paymentId: next.id,
          accountId: next.accountId,
          as,
        },
      ]
    : []
  const writes = withOneCredit([{ row: 'payment', next, seenVer: payment.ver }, ...guard, ...effects])
  if (!writes) throw new Error('a settlement takes more credit than there is')
  return { kind: 'settle', as, next, writes }
}

const reviewNotice = ({ id, accountId, flags, amountMinor, currency }: Payment): PaymentWrite => ({
  row: 'notice',
  accountId,
  kind: 'payment.review',
  data: { paymentId: id, amountMinor, currency, reasons: flags.join(' ') },
})
