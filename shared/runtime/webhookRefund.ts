import type { PaymentProvider } from '#domain/moneyCharge'
import { refundStatuses } from '#domain/refund'
import type { ObservedRefund } from '#domain/refundFact'
import type { WebhookResult } from '#domain/webhook'
import type { ProviderPayment, ProviderRefund } from '#gateways/gateway'
import { findPayment } from '#table/payments'
import { refundsOf } from '#table/refunds'
import type { Deps } from './deps.ts'
import { lookUpRefund } from './refund.ts'
import { applyRefund } from './refundFact.ts'
import type { PaymentAddress, SettlementCall } from './settlePayment.ts'
import { findWebhookSubject, joinedNames, namesOf, type ProviderNames } from './webhookSubject.ts'

/**
 * A refund's news. What is signed is used as it is: a refund's evidence only ever grows, no provider has a look-up for one
 * that was made in its dashboard, and the running total, where the event carries it, is set and never added.
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
  }
  const found = await findWebhookSubject(deps, provider, joinedNames(names, payment && namesOf(payment)))
  if (!found) return { kind: 'unmatched' }
  const at = { accountId: found.accountId, paymentId: found.paymentId }
  const providerPaymentId = told ?? (await paymentOfOrder(deps, provider, at, refund.providerOrderId))
  if (providerPaymentId === undefined) return { kind: 'unmatched' }
  if (await isLookedUp(deps, at, providerPaymentId, refund, call)) return { kind: 'processed', ...at }
  await applyRefund(deps, at, seenRefund(providerPaymentId, refund, payment?.refundedMinor ?? 0), call)
  return { kind: 'processed', ...at }
}

/**
 * Most of Paystack's events name no refund. Where several of ours have its amount, late news of one would be taken for news
 * of another: each is looked up instead. False: none stands where the event says, or beyond; its amount has to tell.
 */
async function isLookedUp(
  deps: Deps,
  { accountId, paymentId }: PaymentAddress,
  providerPaymentId: string,
  { reference, providerRefundId, amountMinor, status }: ProviderRefund,
  call: SettlementCall,
): Promise<boolean> {
  if (reference !== undefined || providerRefundId !== undefined) return false
  const all = await refundsOf(deps.table, accountId, paymentId)
  const alike = all.filter((one) => one.providerPaymentId === providerPaymentId && one.amountMinor === amountMinor)
  if (alike.length < 2) return false
  let isKnown = false
  for (const one of alike) {
    const found = await lookUpRefund(deps, one, call)
    if (found && refundStatuses.indexOf(found.status) >= refundStatuses.indexOf(status)) isKnown = true
  }
  return isKnown
}

const seenRefund = (providerPaymentId: string, refund: ProviderRefund, totalMinor: number): ObservedRefund => ({
  providerPaymentId,
  ...(refund.reference !== undefined && { refundId: refund.reference }),
  ...(refund.providerRefundId !== undefined && { providerRefundId: refund.providerRefundId }),
  amountMinor: refund.amountMinor,
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
