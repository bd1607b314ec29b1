import type { PaymentProvider } from '#domain/moneyCharge'
import { ownPaymentId } from './fields.ts'
import type { ProviderRefund, RefundLookup } from './gateway.ts'
import { GatewayError } from './gatewayError.ts'

/**
 * Ids are checked before they reach an address: `../customers/cust_1` is an id to a careless client.
 * @throws GatewayError `refused` with `id_invalid`
 */
export function checkedId(provider: PaymentProvider, pattern: RegExp, id: string): string {
  if (!pattern.test(id)) throw new GatewayError(provider, 'refused', { code: 'id_invalid' })
  return id
}

/** Ours, 31 characters: fits Razorpay's 40 for a receipt. */
export function checkedPaymentId(provider: PaymentProvider, id: string): string {
  if (ownPaymentId(id) === undefined) throw new GatewayError(provider, 'refused', { code: 'id_invalid' })
  return id
}

/** Razorpay wants at least ten characters of its idempotency key, and 40 are the most of a receipt. */
export const checkedRefundId = (provider: PaymentProvider, id: string): string =>
  checkedId(provider, /^[A-Za-z0-9_-]{10,40}$/, id)

/** Ours by our id; one that was made there by the provider's. */
export const isRefund =
  ({ refundId, providerRefundId }: RefundLookup) =>
  (seen: ProviderRefund): boolean =>
    seen.reference === refundId || (providerRefundId !== undefined && seen.providerRefundId === providerRefundId)
