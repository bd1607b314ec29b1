import type { PaymentProvider } from '#domain/moneyCharge'
import type { ProviderPayment } from '#gateways/gateway'
import { findCharge } from '#table/charges'
import { findOrder } from '#table/orders'
import { findPaymentById } from '#table/payments'
import type { Deps } from './deps.ts'

/** How a provider names a payment. Every member is looked up; none of them proves that money is in. */
export interface ProviderNames {
  providerPaymentId?: string
  providerOrderId?: string
  /** Our payment id, where our server put it. */
  reference?: string
}

export interface WebhookSubject {
  accountId: string
  paymentId: string
  /** This provider payment's guard is there: its money has had its effect. */
  isSettled: boolean
}

/**
 * Our payment that an event is about: by the charge's guard, by the order's pointer, by our id. Undefined: nobody's, or
 * not yet ours: the pointer may be written after the event comes, and the index behind our id lags.
 */
export async function findWebhookSubject(
  deps: Pick<Deps, 'table'>,
  provider: PaymentProvider,
  { providerPaymentId, providerOrderId, reference }: ProviderNames,
): Promise<WebhookSubject | undefined> {
  const charge = providerPaymentId === undefined ? undefined : await findCharge(deps.table, provider, providerPaymentId)
  if (charge) return { accountId: charge.accountId, paymentId: charge.paymentId, isSettled: true }
  const order = providerOrderId === undefined ? undefined : await findOrder(deps.table, provider, providerOrderId)
  if (order) return { accountId: order.accountId, paymentId: order.paymentId, isSettled: false }
  const payment = reference === undefined ? undefined : await findPaymentById(deps.table, reference)
  // Another provider's event that names our payment is nobody's: our provider would be asked about a stranger's id.
  if (payment?.provider !== provider) return undefined
  return { accountId: payment.accountId, paymentId: payment.id, isSettled: false }
}

/** The names that a provider's payment carries. */
export const namesOf = ({ providerPaymentId, providerOrderId, reference }: ProviderPayment): ProviderNames => ({
  providerPaymentId,
  ...(providerOrderId !== undefined && { providerOrderId }),
  ...(reference !== undefined && { reference }),
})

/** The members of the second stand in where the first has none. */
export const joinedNames = (first: ProviderNames, second: ProviderNames | undefined): ProviderNames => ({
  ...second,
  ...first,
})
