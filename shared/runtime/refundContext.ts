import { ulidOf } from '#domain/guard'
import type { Invoice } from '#domain/invoice'
import { isVisitor, type Payment } from '#domain/payment'
import type { Refund } from '#domain/refund'
import type { RefundContext } from '#domain/refundDraft'
import { type ObservedRefund, outsideRefundId, unnamed } from '#domain/refundFact'
import { isBought } from '#domain/settlementPlan'
import { initialZones } from '#domain/time'
import { findAccountCredit } from '#table/accountCredit'
import { findAccount } from '#table/accounts'
import { invoicesOfPayment } from '#table/invoices'
import { walletKey } from '#table/keys'
import { findPurchase } from '#table/purchases'
import { refundsOf } from '#table/refunds'
import { findSubscription } from '#table/subscriptions'
import { readWallet, type StoredWallet } from '#table/wallets'
import { fallbackTerms } from './account.ts'
import type { Deps } from './deps.ts'

export interface LoadedRefund {
  context: RefundContext
  /** With the image that the wallet was read from, whose creation time its next state keeps. */
  stored: StoredWallet | undefined
}

/** Reads what the provider's word on a refund is decided on, consistently: of a payment's effect only what it has. */
export async function loadRefund(
  deps: Deps,
  payment: Payment,
  seen: ObservedRefund,
  now: number,
): Promise<LoadedRefund> {
  const { table } = deps
  const refunds = await refundsOf(table, payment.accountId, payment.id)
  const refund = refundSeen(refunds, payment, seen)
  const as = payment.charges.find(({ providerPaymentId }) => providerPaymentId === seen.providerPaymentId)?.as
  const [effect, credit, documents, settings] = await Promise.all([
    as === 'granted' ? loadEffect(deps, payment) : undefined,
    as === 'account_credit' ? findAccountCredit(table, payment.accountId, currencyOf(payment, seen)) : undefined,
    as === 'granted' ? invoicesOfPayment(table, payment.accountId, payment.id) : [],
    deps.settings(),
  ])
  const { stored, ...rest } = effect ?? nothing
  return {
    stored,
    context: {
      payment,
      refund,
      others: refunds.filter(({ id }) => id !== refund?.id),
      ...rest,
      wallet: stored?.wallet,
      credit,
      invoice: invoiceAmong(documents),
      creditNote: refund && documents.find(({ kind, refundId }) => kind === 'credit_note' && refundId === refund.id),
      disputeNotes: documents.filter(({ disputeId }) => disputeId !== undefined),
      document: {
        id: `inv_${ulidOf(now, deps.ids.random())}`,
        zones: initialZones(settings.seller.timeZone),
      },
    },
  }
}

/** The payment's own: what takes a note back is an invoice too, and names its refund or dispute. */
export const invoiceAmong = (documents: readonly Invoice[]): Invoice | undefined =>
  documents.find(
    ({ kind, refundId, disputeId }) => kind === 'invoice' && refundId === undefined && disputeId === undefined,
  )

const nothing = {
  stored: undefined,
  account: undefined,
  subscription: undefined,
  purchase: undefined,
  fallback: null,
}

/** What the payment granted and a refund takes back. A visitor has neither account nor wallet. */
export async function loadEffect(deps: Deps, { accountId, subject, settled }: Payment) {
  const { table } = deps
  const reference = settled?.reference ?? ''
  const isPlan = subject.kind === 'plan' || subject.kind === 'subscription'
  const hasWallet = (isPlan || subject.kind === 'credit_pack') && !isVisitor(accountId)
  const [account, item, found, purchase, fallback] = await Promise.all([
    hasWallet ? findAccount(table, accountId, { consistent: true }) : undefined,
    hasWallet ? table.get(walletKey(accountId), { consistent: true }) : undefined,
    isPlan ? findSubscription(table, accountId, reference) : undefined,
    subject.kind === 'item' ? findPurchase(table, accountId, reference) : undefined,
    isPlan ? fallbackTerms(deps) : null,
  ])
  return {
    stored: item && readWallet(item),
    account,
    subscription: found && isBought(found) ? found : undefined,
    purchase,
    fallback,
  }
}

/** Of the money that was paid; where that is not known yet, of the payment. */
const currencyOf = (payment: Payment, { providerPaymentId }: ObservedRefund): string =>
  payment.charges.find((charge) => charge.providerPaymentId === providerPaymentId)?.capture?.currency ??
  payment.currency

/**
 * The refund that an observation is of: by our id, by the provider's, by the id that one made outside has. Paystack's
 * events mostly carry none: those are of a refund of that amount, one that has not come so far yet before any other.
 */
function refundSeen(refunds: readonly Refund[], payment: Payment, seen: ObservedRefund): Refund | undefined {
  const { refundId, providerRefundId, providerPaymentId, amountMinor } = seen
  const named =
    refunds.find(({ id }) => id === refundId) ??
    refunds.find((one) => providerRefundId !== undefined && one.providerRefundId === providerRefundId)
  if (named) return named
  const alike = refunds.filter((one) => one.providerPaymentId === providerPaymentId && one.amountMinor === amountMinor)
  if (providerRefundId === undefined) return alike.find((one) => isBehind(one, seen)) ?? alike[0]
  // Paystack alone may name a refund of ours by its own id without our note; elsewhere such a refund was made outside.
  const isUnclear = payment.provider === 'paystack' && !seen.listed
  const unheard = isUnclear ? alike.find((one) => isUnheard(one)) : undefined
  const outside = outsideRefundId(payment, providerRefundId)
  return unheard ?? refunds.find(({ id }) => id === outside) ?? alike.find((one) => isUnnamed(one, payment, seen))
}

/** Made outside and heard of before the provider said its id. */
const isUnnamed = ({ id, providerRefundId }: Refund, payment: Payment, seen: ObservedRefund): boolean =>
  providerRefundId === undefined && id === outsideRefundId(payment, unnamed(seen))

const isBehind = ({ status }: Refund, { state }: ObservedRefund): boolean => {
  if (state === 'failed') return status !== 'failed'
  return status === 'requested' || (state === 'processed' && status === 'pending')
}

const isUnheard = ({ status, providerRefundId }: Refund): boolean =>
  status === 'requested' && providerRefundId === undefined
