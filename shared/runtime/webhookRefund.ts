import type { PaymentProvider } from '#domain/moneyCharge'
import { type RefundStatus, refundStatuses } from '#domain/refund'
import type { ObservedRefund } from '#domain/refundFact'
import type { WebhookResult } from '#domain/webhook'
import type { ProviderPayment, ProviderRefund } from '#gateways/gateway'
import { findPayment } from '#table/payments'
import type { Deps } from './deps.ts'
import type { SettlementCall } from './paymentCommit.ts'
import { applyRefund, listedRefund } from './refundFact.ts'
import type { PaymentAddress } from './settlePayment.ts'
import { findWebhookSubject, joinedNames, namesOf, type ProviderNames } from './webhookSubject.ts'

/**
 * A refund's news. What is signed is used as it is where it names its refund: evidence only ever grows, and the running
 * total, where the event carries it, is set and never added.
 */
export async function actOnRefund(
  deps: Deps,
  provider: PaymentProvider,
  about: { refund: ProviderRefund; providerPaymentId?: string; payment?: ProviderPayment },
  call: SettlementCall,
): Promise<WebhookResult> {
  const { refund, payment } = about
  const told = refund.providerPaymentId ?? about.providerPaymentId
  const names: ProviderNames = {
    ...(told !== undefined && { providerPaymentId: told }),
    ...(refund.providerOrderId !== undefined && { providerOrderId: refund.providerOrderId }),
    ...(refund.paymentReference !== undefined && { reference: refund.paymentReference }),
  }
  const found = await findWebhookSubject(deps, provider, joinedNames(names, payment && namesOf(payment)))
  if (!found) return { kind: 'unmatched' }
  const at = { accountId: found.accountId, paymentId: found.paymentId }
  const providerPaymentId = told ?? (await paymentOfOrder(deps, provider, at, refund.providerOrderId))
  if (providerPaymentId === undefined) return { kind: 'unmatched' }
  const seen = seenRefund(providerPaymentId, refund, payment?.refundedMinor ?? 0)
  if (!(await isListed(deps, at, provider, seen, call))) await applyRefund(deps, at, seen, call)
  return { kind: 'processed', ...at }
}

/**
 * Most of Paystack's events name no refund, and its list does: what stands there of that payment is taken up, each under
 * its own id. False: the list has none that has come as far as the event says; the amount has to tell.
 */
async function isListed(
  deps: Deps,
  at: PaymentAddress,
  provider: PaymentProvider,
  about: ObservedRefund,
  call: SettlementCall,
): Promise<boolean> {
  const { refundId, providerRefundId, providerPaymentId, amountMinor, state } = about
  if (refundId !== undefined || providerRefundId !== undefined) return false
  const { refundLists } = (await deps.payments()).gateway(provider)
  if (!refundLists) return false
  const found = await refundLists.of(providerPaymentId)
  const listed = found.toSorted((a, b) => stepOf(b.status) - stepOf(a.status))
  // What has come furthest is first: it is what an earlier event without a name was about.
  for (const one of listed) await applyRefund(deps, at, listedRefund(one, providerPaymentId), call)
  return listed.some((one) => one.amountMinor === amountMinor && stepOf(one.status) >= stepOf(state))
}

const stepOf = (status: RefundStatus): number => refundStatuses.indexOf(status)

const seenRefund = (providerPaymentId: string, refund: ProviderRefund, totalMinor: number): ObservedRefund => ({
  providerPaymentId,
  ...(refund.reference !== undefined && { refundId: refund.reference }),
  ...(refund.providerRefundId !== undefined && { providerRefundId: refund.providerRefundId }),
  amountMinor: refund.amountMinor,
  currency: refund.currency,
  state: refund.status,
  ...(totalMinor > 0 && { totalMinor }),
})

/** Paystack names the transaction by its reference alone: of a payment with one charge that is it, else the provider says. */
async function paymentOfOrder(
  deps: Deps,
  provider: PaymentProvider,
  { accountId, paymentId }: PaymentAddress,
  providerOrderId: string | undefined,
): Promise<string | undefined> {
  const payment = await findPayment(deps.table, accountId, paymentId, { consistent: true })
  const [charge, ...others] = payment?.charges ?? []
  if (charge && others.length === 0) return charge.providerPaymentId
  if (providerOrderId === undefined) return undefined
  const { payments } = await (await deps.payments()).gateway(provider).fetchOrder(providerOrderId)
  return payments[0]?.providerPaymentId
}
