import type { Account } from './account.ts'
import { type Coupon, carriedCoupon } from './coupon.ts'
import type { ManualDiscount } from './discount.ts'
import type { PaymentProvider } from './moneyCharge.ts'
import { assertOrder, creditUsed } from './order.ts'
import { holdWrites } from './orderCheckout.ts'
import { type Holds, newPayment, orderLifeMs, type Payment, type PaymentSubject, type PaymentType } from './payment.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import { type ChangeContext, type ChangePlan, planChange } from './planChange.ts'
import { changeSubject } from './planChangePaid.ts'
import { type ChangeQuote, changeQuoteFault } from './planChangeQuote.ts'
import type { AccountCredit } from './settlementCredit.ts'
import { isBought } from './subscriptionState.ts'
import type { PlanTerms } from './terms.ts'

/** What a change is decided on: what it is priced on, and whose it is. */
export interface ChangeInput extends Omit<ChangeContext, 'coupon' | 'creditMinor'> {
  account: Account
  /** The one that was given for this change, where it holds. */
  coupon?: Coupon
  /** Of the subscription's currency; absent: none. */
  credit?: AccountCredit
  /** Open ones, for what a quote has. */
  openDiscounts: readonly ManualDiscount[]
}

type Accepted = Exclude<ChangePlan, { kind: 'refused' }>
export type ChangeRefusal = {
  kind: 'refused'
  code: 'conflict' | 'validation_failed' | 'quote_expired'
  detail: string
}

/** A change with its price at this instant, for a preview and for the change itself. The coupon goes on to renewals. */
export function priceChange({ coupon, credit, ...context }: ChangeInput, now: number): Accepted | ChangeRefusal {
  const creditMinor = credit?.balanceMinor ?? 0
  const plan = planChange({ ...context, creditMinor, ...(coupon && { coupon }) }, now)
  if (plan.kind === 'refused') return { ...plan, code: 'conflict' }
  const carried = coupon && carriedCoupon(coupon)
  return plan.kind === 'now' && carried ? { ...plan, change: { ...plan.change, coupon: carried } } : plan
}

/** The change as a quote promised it. */
export function quotedChange(
  { subscription, account, credit, openDiscounts, rule }: ChangeInput,
  quote: ChangeQuote,
  { priceId, couponCode }: { priceId: string; couponCode?: string },
  now: number,
): Accepted | ChangeRefusal {
  if (!subscription || !isBought(subscription))
    return { kind: 'refused', code: 'conflict', detail: 'There is no live subscription: buy a plan.' }
  const { manualDiscountId: id, plan } = quote
  const fault = changeQuoteFault(
    quote,
    { accountId: account.id, priceId, ...(couponCode !== undefined && { couponCode }) },
    {
      subscription,
      creditMinor: credit?.balanceMinor ?? 0,
      takenDiscounts: id === undefined || openDiscounts.some((one) => one.id === id) ? [] : [id],
    },
    now,
  )
  if (fault !== undefined && fault !== 'quote_expired')
    return { kind: 'refused', code: 'validation_failed', detail: `token: is of ${fault.replace('_', ' ')}` }
  // Another provider than the one that the preview had in mind may not take the amount as it is.
  const due = plan.kind === 'now' ? plan.order.dueMinor : 0
  const isCharged = due === 0 || (due >= rule.minimum && due % rule.step === 0)
  if (fault === undefined && isCharged) return plan
  return { kind: 'refused', code: 'quote_expired', detail: 'The preview no longer holds: ask for a new one.' }
}

/** A payment for a subscription as it begins: pay it, or settle it with nothing to pay, in the transaction of `writes`. */
export interface BegunFor {
  kind: 'pay' | 'free'
  payment: Payment
  writes: PaymentWrite[]
}

export interface Begin {
  type: Extract<PaymentType, 'plan_change' | 'renewal'>
  account: Pick<Account, 'id'>
  order: Payment['order']
  subject: PaymentSubject
  provider: PaymentProvider
  catalogueVersion: number
  mode: Payment['mode']
  /** `fpay_<ULID>` */
  paymentId: string
  credit?: AccountCredit
  /** Beside account credit, which the order itself names. */
  holds: Holds
  couponMax?: number
}

/** The pending payment of a change or a renewal, with what it takes under conditions, as a checkout's. */
export function beginFor(what: Begin, now: number): BegunFor {
  const { order, provider, account, subject, type, mode, catalogueVersion } = what
  assertOrder(order)
  const creditMinor = creditUsed(order)
  const isFree = order.dueMinor === 0
  const payment = newPayment({
    id: what.paymentId,
    accountId: account.id,
    type,
    mode,
    amountMinor: order.dueMinor,
    currency: order.currency,
    order,
    subject,
    provider: isFree ? null : provider,
    catalogueVersion,
    holds: { ...what.holds, ...(creditMinor > 0 && { creditMinor }) },
    createdAt: now,
    expiresAt: now + orderLifeMs,
  })
  const held = holdWrites(what, payment, now)
  if (isFree) return { kind: 'free', payment, writes: held }
  const stored = { ...payment, ver: 1 }
  return { kind: 'pay', payment: stored, writes: [{ row: 'payment', next: stored, seenVer: 0 }, ...held] }
}

/** The payment of a change that happens now. @throws Error without the subscription that it was priced on: a defect. */
export function beginChange(
  input: Pick<ChangeInput, 'account' | 'subscription' | 'credit'>,
  plan: Extract<ChangePlan, { kind: 'now' }>,
  to: PlanTerms,
  rest: Pick<Begin, 'provider' | 'mode' | 'paymentId' | 'holds' | 'couponMax'>,
  now: number,
): BegunFor {
  const { subscription, account, credit } = input
  if (!subscription || !isBought(subscription)) throw new Error('a change without what it changes')
  return beginFor(
    {
      ...rest,
      type: 'plan_change',
      account,
      order: plan.order,
      subject: changeSubject(subscription, to, plan),
      catalogueVersion: to.catalogueVersion,
      ...(credit && { credit }),
    },
    now,
  )
}
