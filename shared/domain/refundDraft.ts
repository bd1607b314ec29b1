import type { Account } from './account.ts'
import type { Invoice, InvoiceContext } from './invoice.ts'
import type { Charge, Payment } from './payment.ts'
import type { PaymentWrite, Purchase } from './paymentWrite.ts'
import type { Refund } from './refund.ts'
import type { AccountCredit } from './settlementCredit.ts'
import type { BoughtSubscription } from './settlementPlan.ts'
import type { PlanTerms } from './terms.ts'
import type { Wallet } from './walletState.ts'

/** What deciding on a refund needs to have been read. */
export interface RefundContext {
  payment: Payment
  /** Found by our id, or by the provider's; absent: made outside. */
  refund: Refund | undefined
  /** The payment's other refunds: what they took of a pack counts, unless they failed. */
  others: readonly Refund[]
  account: Account | undefined
  wallet: Wallet | undefined
  subscription: BoughtSubscription | undefined
  purchase: Purchase | undefined
  credit: AccountCredit | undefined
  /** Of the payment; absent: there is none (nothing was granted). */
  invoice: Invoice | undefined
  /** The one of this refund. */
  creditNote: Invoice | undefined
  /** Of the payment's disputes: their notes, and what took them back. */
  disputeNotes: readonly Invoice[]
  fallback: PlanTerms | null
  document: Pick<InvoiceContext, 'id' | 'zones'>
}

/** What one plan gathers: the next payment and refund, and the rows beside them. */
export interface RefundDraft {
  readonly context: RefundContext
  payment: Payment
  refund: Refund
  writes: PaymentWrite[]
  readonly now: number
}

/** The charge that a refund is of. */
export const chargeOfRefund = (payment: Payment, { providerPaymentId }: Refund): Charge | undefined =>
  payment.charges.find((charge) => charge.providerPaymentId === providerPaymentId)
