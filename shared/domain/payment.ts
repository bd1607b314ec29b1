import type { CarriedCoupon } from './coupon.ts'
import { idTime, ulidOf } from './guard.ts'
import type { PaymentProvider } from './moneyCharge.ts'
import type { Order } from './order.ts'
import type { CarriedItem } from './subscriptionState.ts'
import type { TaxRule } from './tax.ts'
import type { Interval } from './terms.ts'

export const paymentTypes = [
  'plan_purchase',
  'plan_change',
  'renewal',
  'credit_pack',
  'item',
  'overage',
  /** Shows that a method can be charged: grants nothing, and goes back at once. */
  'method_setup',
] as const
export type PaymentType = (typeof paymentTypes)[number]

export const paymentStatuses = [
  'pending',
  'processing',
  'failed',
  'expired',
  'completed',
  'review',
  'partially_refunded',
  'refunded',
  'disputed',
] as const
export type PaymentStatus = (typeof paymentStatuses)[number]

/** Where a payment stands before money is in. Later in this list never goes back to earlier. */
export const progressSteps = ['pending', 'processing', 'failed', 'expired'] as const
export type Progress = (typeof progressSteps)[number]

/** How a captured provider payment differs from the payment that it was made for. */
export const differences = ['provider', 'amount', 'currency', 'order', 'mode'] as const
export type Difference = (typeof differences)[number]

/** Why the effect of money that is in is no longer lawful: the money becomes account credit. */
export const unlawfulReasons = [
  /** Another order gave the account a live subscription meanwhile. */
  'already_subscribed',
  /** The order had expired, or had given its coupon, discounts and credit back and others have them by now. */
  'order_expired',
  /** The subscription that it renews or changes is over, or on another plan by now. */
  'overtaken',
  /** The order was paid before, by another provider payment. */
  'second_charge',
  /** The account's currency was fixed by another payment meanwhile. */
  'other_currency',
  /** The provider had given money back before we heard of the payment: nothing is granted or credited. */
  'already_refunded',
  /** The account is gone or was erased. */
  'no_account',
] as const
export type Unlawful = (typeof unlawfulReasons)[number]

/** One refund as far as the provider has told. Every member only ever turns from false to true. */
export interface RefundEvidence {
  /** Ours: `rfd_<ULID>`; absent: made outside, in the provider's dashboard. */
  refundId?: string
  providerRefundId?: string
  amountMinor: number
  processed: boolean
  /** May follow `processed`: the bank sent it back. */
  failed: boolean
}

/** Money in: what the provider says of it, and how it compares. */
export interface Capture {
  amountMinor: number
  currency: string
  /** The provider's time, epoch milliseconds. */
  at: number
  differences: Difference[]
  unlawful: Unlawful[]
}

/** One provider payment made on this payment's order. Nearly always there is one. */
export interface Charge {
  providerPaymentId: string
  capture?: Capture
  /** The greatest running total of refunds that the provider named. */
  refundTotalMinor: number
  refunds: RefundEvidence[]
  /** What settlement made of it; absent: nothing yet. */
  as?: Settled['as']
  /** Account credit that went with what disputes took, as far as it was there: it comes back if they are won after all. */
  lostCreditMinor?: number
  /** Of what went back of money that became account credit: what had been spent of it, so that nobody could take it. */
  creditShortMinor?: number
  /** Staff have looked at what was wrong with it. */
  resolved?: { as: Resolution; at: number }
}
/** `settled`: the effect was granted after all; `kept`: the account credit stays; `returned`: refunded, or dealt with outside. */
export type Resolution = 'settled' | 'kept' | 'returned'

export interface Dispute {
  disputeId: string
  providerPaymentId?: string
  amountMinor: number
  opened: boolean
  /** It is lost unless it is answered by then, epoch milliseconds: the latest that was named. */
  respondBy?: number
  /** The provider's word for why. */
  reason?: string
  outcome?: DisputeOutcome
}

/** The last outcome by the provider's time. */
export interface DisputeOutcome {
  won: boolean
  at: number
  /** Of a lost one: what was taken, where that is not all of its amount. */
  takenMinor?: number
}

/** The provider's last word on an attempt to pay, by its own time. It does not set the status alone. */
export interface Attempt {
  state: 'failed' | 'processing' | 'authorized'
  at: number
  providerPaymentId?: string
  code?: string
  reason?: string
}

/** What is bought, as it was at checkout. */
export type PaymentSubject =
  | { kind: 'plan'; planId: string; priceId: string; name: string; interval: Interval; coupon?: CarriedCoupon }
  | { kind: 'credit_pack'; productId: string; name: string; quantity: number; credits: number; expiresAfter?: string }
  | { kind: 'item'; productId: string; name: string; quantity: number; group: string }
  /** Nothing is bought: the method that pays is what is wanted. */
  | { kind: 'method'; name: string }
  | {
      kind: 'subscription'
      subscriptionId: string
      planId: string
      priceId: string
      /** A renewal's: the period that it pays. */
      periodIndex: number
      /** What was too small to be charged: a line of the next order. */
      carried?: CarriedItem
      /** A change's: what its settlement needs. */
      change?: PricedChange
    }

/** A change of plan as it was priced. Amounts are minor units before tax. */
export interface PricedChange {
  which: 'upgrade' | 'other_interval'
  /** The subscription's state that it was priced on (`groundOf`). */
  ground: string
  pricedAt: number
  /** Of the new plan, after discounts: what the time from here on was paid with. */
  chargeMinor: number
  /** What the old plan's credit is more than the new one's price: becomes account credit, tax included. */
  surplusMinor: number
  /** That the new plan was taxed with; absent: none. */
  tax?: TaxRule
  /** For the renewals under the new plan. */
  coupon?: CarriedCoupon
}

/** What the checkout took that others may want: given back when the payment expires unpaid, or has no effect. */
export interface Holds {
  coupon?: { code: string }
  manualDiscountId?: string
  discount?: { group: string; windowId: string; free: number; percent: number }
  /** Account credit, minor units of the payment's currency. */
  creditMinor?: number
}

/** The saved method that a payment charges, as far as the charge is to be found again, also once the method is gone. */
export interface ChargedMethod {
  id: string
  /** The provider's customer, whose charges it is looked for among. */
  gatewayCustomerId?: string
}

export interface Settled {
  at: number
  /** `granted`: the plan, credits or item; `account_credit`: money, kept for the account; `held`: nothing yet, staff decide. */
  as: 'granted' | 'account_credit' | 'held'
  /** Null: there was nothing to pay. */
  providerPaymentId: string | null
  /** What was granted: subscription, credit grant, purchase. */
  reference?: string
}

export type PaymentFlag =
  | Difference
  | Unlawful
  | 'dispute_open'
  | 'dispute_won'
  | 'dispute_lost'
  /** It expired without its provider being asked: that was turned off, or has other keys by now. */
  | 'not_asked'
  | 'refund_failed'
  | 'refunded_outside'
  | 'credit_spent'

/** A payment, from checkout on. Money is minor units (ISO 4217), times are epoch milliseconds. */
export interface Payment {
  /** `fpay_<ULID>`: also the provider's receipt or reference. */
  id: string
  /** Of a visitor: `anon_…`. */
  accountId: string
  type: PaymentType
  mode: 'test' | 'live'
  amountMinor: number
  currency: string
  order: Order
  subject: PaymentSubject
  /** Null: there is nothing to pay. */
  provider: PaymentProvider | null
  /** The subscription that it renews names it, and looks after it until it has ended: the reconciler need not. */
  followed?: true
  /** Absent: the customer pays at the provider's page. */
  method?: ChargedMethod
  providerOrderId?: string
  providerPaymentId?: string
  status: PaymentStatus
  catalogueVersion: number
  holds: Holds
  /** The holds were given back. */
  released: boolean
  createdAt: number
  updatedAt: number
  /** From here on it may expire. */
  expiresAt: number
  /** Evidence: what was heard, in any order. `status`, the sums and the flags follow from it. */
  progress: Progress
  attempt?: Attempt
  charges: Charge[]
  disputes: Dispute[]
  settled?: Settled
  capturedMinor: number
  refundedMinor: number
  flags: PaymentFlag[]
  /** Of refunds whose effect was taken: what part of the plan, credits or item is gone. */
  reversedMinor: number
  /** Sum of the credit notes. */
  notedMinor: number
  /** Raised by every write; a write requires the version it saw. */
  ver: number
}

/** How long an order may be paid: the reconciler expires it afterwards. */
export const orderLifeMs = 24 * 3_600_000
/** An order whose provider cannot be asked is waited for so much longer: keys are put right within it, or never. */
export const unaskedMs = 3 * 24 * 3_600_000
/** The code of the attempt of one that was given up so. */
export const notAskedCode = 'not_asked'
/** No call of a provider takes so long, whoever makes it. */
const lastChargeMs = 15 * 60_000
/** Evidence is bounded: a payment is one item. What is beyond these is refused loudly, never dropped in silence. */
export const maxCharges = 8
export const maxRefunds = 50
export const maxDisputes = 10

const prefix = 'fpay_'
/** `fpay_`: the providers' own ids start `pay_`. */
export const paymentId = (timeMs: number, random16: string): string => `${prefix}${ulidOf(timeMs, random16)}`
export const isPaymentId = (id: string): boolean => paymentTime(id) !== undefined
/** The instant in a payment's id; undefined when it is none. */
export const paymentTime = (id: string): number | undefined => (id.startsWith(prefix) ? idTime(id) : undefined)

/** An anonymous visitor, who buys items by session and may claim them later. */
export const isVisitor = (accountId: string): boolean => accountId.startsWith('anon_')

export const captures = ({ charges }: Pick<Payment, 'charges'>): (Charge & { capture: Capture })[] =>
  charges.flatMap((charge) => (charge.capture ? [{ ...charge, capture: charge.capture }] : []))

/** The provider payment that answers show: the first one with money, else the first. */
export function shownProviderPayment(charges: readonly Charge[]): string | undefined {
  const paid = captures({ charges: [...charges] }).toSorted((one, other) => one.capture.at - other.capture.at)
  return (paid[0] ?? charges[0])?.providerPaymentId
}

/** A provider still works on it (a bank debit, an approval): neither expire it nor start another. */
export const isInFlight = ({ attempt, charges }: Pick<Payment, 'attempt' | 'charges'>): boolean =>
  attempt !== undefined && attempt.state !== 'failed' && !charges.some(({ capture }) => capture)

/** Whether a saved method may be charged for it still: who gives it up when its time is over must not meet who charges it. */
export const isChargeable = ({ expiresAt }: Pick<Payment, 'expiresAt'>, now: number): boolean =>
  now < expiresAt - lastChargeMs

export type NewPayment = Omit<
  Payment,
  | 'status'
  | 'released'
  | 'updatedAt'
  | 'progress'
  | 'charges'
  | 'disputes'
  | 'capturedMinor'
  | 'refundedMinor'
  | 'flags'
  | 'reversedMinor'
  | 'notedMinor'
  | 'ver'
>

/** A payment before anything was heard of it. `ver` 0: nothing is stored yet. */
export const newPayment = (fields: NewPayment): Payment => ({
  ...fields,
  status: 'pending',
  released: false,
  updatedAt: fields.createdAt,
  progress: 'pending',
  charges: [],
  disputes: [],
  capturedMinor: 0,
  refundedMinor: 0,
  flags: [],
  reversedMinor: 0,
  notedMinor: 0,
  ver: 0,
})
