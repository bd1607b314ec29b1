import type { ObservedPayment } from '#domain/settlementCompare'
import type { ProviderPayment } from '#gateways/gateway'

/** What a provider's API says of a payment, as the settlement's rules take it. A provider carries no account of ours. */
export const observedOf = (seen: ProviderPayment): ObservedPayment => ({
  provider: seen.provider,
  providerPaymentId: seen.providerPaymentId,
  providerOrderId: seen.providerOrderId,
  reference: seen.reference,
  status: seen.status,
  amountMinor: seen.amountMinor,
  currency: seen.currency,
  refundedMinor: seen.refundedMinor,
  mode: seen.mode,
  failure: seen.failure,
  at: seen.createdAt,
})
