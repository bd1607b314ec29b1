import type { Payment } from '#domain/payment'
import { type ObservedRefund, planRefundFact, type RefundOutcome } from '#domain/refundFact'
import type { ProviderRefund } from '#gateways/gateway'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { type SettlementCall, writePayment } from './paymentCommit.ts'
import { loadRefund } from './refundContext.ts'
import { onSettledWallet } from './settled.ts'
import { loadPayment, type PaymentAddress } from './settlePayment.ts'

/**
 * Writes what the provider says of a refund, whoever heard it: our own request's answer, a webhook, the reconciler. Each
 * of its effects happens once, in whatever order and however often it is told.
 * Answers the payment as it then is.
 * @throws Error when there is no such payment.
 */
export async function applyRefund(
  deps: Deps,
  at: PaymentAddress,
  seen: ObservedRefund,
  call: SettlementCall,
): Promise<Payment> {
  return (await writeRefundFact(deps, at, seen, call)).payment
}

/** The same, with the refund as it then is. */
export function writeRefundFact(
  deps: Deps,
  at: PaymentAddress,
  seen: ObservedRefund,
  call: SettlementCall,
): Promise<RefundOutcome> {
  const attempt = async (): Promise<RefundOutcome | typeof again> => {
    const payment = await loadPayment(deps, at)
    const now = deps.clock.now()
    const { context, stored } = await loadRefund(deps, payment, seen, now)
    const outcome = planRefundFact(context, seen, now)
    if (outcome.kind === 'full') deps.metric('PaymentEvidenceFull', 1, { what: 'refund' })
    if (outcome.kind !== 'write') return outcome
    const written = await writePayment(deps, outcome.writes, call, stored?.createdAt)
    if (!written.committed) return again
    if (outcome.refund.status === 'failed') deps.metric('RefundFailed', 1, { provider: payment.provider ?? 'none' })
    if (!context.refund) deps.metric('RefundOutside', 1, { provider: payment.provider ?? 'none' })
    return outcome
  }
  return contend(deps, () => onSettledWallet(deps, at.accountId, attempt))
}

/** A gateway's refund as the rules take it; of the charge named, where it names none itself. */
export const observedRefund = (
  seen: ProviderRefund,
  { providerPaymentId }: { providerPaymentId: string },
): ObservedRefund => ({
  providerPaymentId: seen.providerPaymentId ?? providerPaymentId,
  ...(seen.reference !== undefined && { refundId: seen.reference }),
  ...(seen.providerRefundId !== undefined && { providerRefundId: seen.providerRefundId }),
  amountMinor: seen.amountMinor,
  currency: seen.currency,
  state: seen.status,
})

/** The same, from the provider's list. */
export const listedRefund = (seen: ProviderRefund, providerPaymentId: string): ObservedRefund => ({
  ...observedRefund(seen, { providerPaymentId }),
  listed: true,
})
