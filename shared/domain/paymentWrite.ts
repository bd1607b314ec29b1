import type { Account } from './account.ts'
import type { WalletChange } from './accountWallet.ts'
import type { DiscountUse } from './discount.ts'
import type { Invoice } from './invoice.ts'
import type { PaymentProvider } from './moneyCharge.ts'
import type { Payment, Settled } from './payment.ts'
import type { Refund } from './refund.ts'
import type { CreditChange } from './settlementCredit.ts'
import type { BoughtSubscription } from './settlementPlan.ts'

/** Something bought once. A visitor's moves to the account that claims it. */
export interface Purchase {
  /** `pur_<ULID>` */
  id: string
  accountId: string
  paymentId: string
  productId: string
  name: string
  group: string
  quantity: number
  amountMinor: number
  currency: string
  createdAt: number
  /** Refunded: it counts no longer. */
  revokedAt?: number
  /** A visitor's, that an account has claimed: it lies there under the same id, and this row only says where. */
  claimedBy?: string
  ver: number
}

/** A line of `GET /subscription/history`. */
export interface HistoryEntry {
  id: string
  planId: string
  previousPlanId: string | null
  priceId: string
  kind: 'new' | 'renewal' | 'upgrade' | 'downgrade' | 'cancel' | 'expire' | 'grant' | 'import'
  startedAt: number
  endedAt: number | null
  amountMinor: number
  currency: string
  paymentId: string | null
  providerPaymentId: string | null
  /** Whose own cycle it was paid in; absent: the payment says, where there is one. */
  provider?: PaymentProvider
  /** The saved method that paid; absent: the provider handed over none that may be charged again. */
  methodId?: string
  /** What paid, as far as it was told: `visa •••• 4242`. */
  methodLabel?: string
}

export const noticeKinds = [
  'payment.completed',
  'payment.failed',
  'payment.review',
  'payment.expired',
  'payment.disputed',
  'subscription.started',
  'subscription.ended',
  'subscription.renewed',
  'subscription.renewal_failed',
  'subscription.changed',
  'subscription.change_scheduled',
  'subscription.cancel_scheduled',
  'subscription.reactivated',
  'subscription.trial_started',
  'subscription.reminder',
  'credits.purchased',
  'refund.completed',
  'refund.failed',
] as const
export type PaymentNotice = (typeof noticeKinds)[number]

/**
 * What a plan wants written, as data: the table room turns each into one conditional write, all of them into one
 * transaction. `seenVer` 0 means that no row may be there yet; otherwise the row's `ver` is still this one.
 */
export type PaymentWrite =
  | { row: 'payment'; next: Payment; seenVer: number }
  /** The guard of a provider payment: only where there is none. Whoever finds it answers with what it names. */
  | {
      row: 'charge'
      provider: PaymentProvider
      providerPaymentId: string
      paymentId: string
      accountId: string
      as: Settled['as']
    }
  | { row: 'account'; next: Account; seenVer: number }
  /** The wallet on the version seen, each entry only where there is none. */
  | { row: 'wallet'; accountId: string; change: WalletChange; seenVersion: number }
  | { row: 'subscription'; accountId: string; next: BoughtSubscription; seenVer: number }
  | { row: 'priceCount'; priceId: string; by: 1 | -1 }
  /** Only where there is none. */
  | { row: 'history'; accountId: string; next: HistoryEntry }
  | { row: 'purchase'; next: Purchase; seenVer: number }
  /** A condition alone: nobody has claimed what the visitor buys, or, with `by`, the account that has is still there. */
  | { row: 'claim'; visitor: string; by?: string }
  /** The balance on the version seen, the entry only where there is none. */
  | { row: 'credit'; change: CreditChange }
  /** Only where there is none; it waits for its number. */
  | { row: 'invoice'; next: Invoice }
  | { row: 'refund'; next: Refund; seenVer: number }
  /** `by: 1` only while the count is below `max`; without `max` it just counts. `by: -1` gives one back. */
  | { row: 'coupon'; code: string; by: 1 | -1; max?: number }
  /** Taken while nobody has it; freed while this payment has it. */
  | { row: 'manualDiscount'; accountId: string; id: string; paymentId: string; take: boolean }
  /** `seen` present: sets what is used where it is still `seen`. Absent: gives `by` back. */
  | { row: 'discountUse'; accountId: string; group: string; windowId: string; by: DiscountUse; seen?: DiscountUse }
  /** An outbox row. */
  | { row: 'notice'; accountId: string; kind: PaymentNotice; data: Record<string, string | number | null> }
