import * as z from 'zod/mini'
import { amount, count, currency, id, maybe, minorOf, ownPaymentId, present, seconds, shown, text } from './fields.ts'
import type { PaymentState, ProviderDispute, ProviderMode, ProviderPayment, ProviderRefund } from './gateway.ts'

/**
 * Razorpay's entities, as the API answers with them and as webhooks carry them. A payment is judged by `status`:
 * `captured` is true on failed and merely authorised ones in Razorpay's own samples, and elsewhere the string "1".
 */

const card = z.object({
  network: shown(text),
  last4: shown(text),
  expiry_month: shown(count),
  expiry_year: shown(count),
})

export const paymentEntity = z.object({
  id,
  order_id: maybe(id),
  invoice_id: shown(id),
  amount,
  currency,
  status: z.enum(['created', 'pending', 'authorized', 'captured', 'refunded', 'failed']),
  amount_refunded: maybe(amount),
  method: shown(text),
  card: shown(card),
  token_id: shown(id),
  customer_id: shown(id),
  contact: shown(z.string().check(z.regex(/^\+?\d{8,14}$/))),
  error_code: shown(text),
  error_reason: shown(text),
  error_description: shown(text),
  created_at: shown(seconds),
})
export type PaymentEntity = z.output<typeof paymentEntity>

/** `pending` is cash on delivery. */
const states: Record<PaymentEntity['status'], PaymentState> = {
  created: 'created',
  pending: 'processing',
  authorized: 'authorized',
  captured: 'captured',
  refunded: 'refunded',
  failed: 'failed',
}

/**
 * `reference` is given only by who has the order at hand: a payment's notes can be set in the browser. International
 * payments carry `base_amount` in rupees beside; what was asked for is `amount` in `currency`.
 */
export function paymentOf(entity: PaymentEntity, mode: ProviderMode, reference?: string): ProviderPayment {
  return present({
    provider: 'razorpay' as const,
    providerPaymentId: entity.id,
    providerOrderId: entity.order_id,
    reference,
    status: states[entity.status],
    amountMinor: minorOf('razorpay', entity.amount, entity.currency),
    currency: entity.currency,
    refundedMinor: minorOf('razorpay', entity.amount_refunded ?? 0, entity.currency),
    mode,
    method: methodOf(entity),
    failure: entity.status === 'failed' ? failureOf(entity) : undefined,
    createdAt: entity.created_at,
    // Our orders have no invoice of Razorpay's.
    isOwnCycle: entity.invoice_id === undefined ? undefined : (true as const),
  })
}

/** A token without its customer cannot be charged again. */
const methodOf = (entity: PaymentEntity) =>
  entity.method === undefined
    ? undefined
    : present({
        kind: entity.method,
        brand: entity.card?.network?.toLowerCase(),
        last4: entity.card?.last4,
        expMonth: entity.card?.expiry_month,
        expYear: entity.card?.expiry_year,
        token: entity.token_id,
        // A debit on the token has to name it, and a customer made without one has none.
        contact: entity.token_id === undefined ? undefined : entity.contact,
        reusable: entity.token_id !== undefined && entity.customer_id !== undefined,
        gatewayCustomerId: entity.customer_id,
      })

const failureOf = (entity: PaymentEntity) => ({
  code: entity.error_reason ?? entity.error_code ?? 'failed',
  reason: entity.error_description ?? 'The payment failed.',
})

export const orderEntity = z.object({
  id,
  amount,
  currency,
  status: z.enum(['created', 'attempted', 'paid']),
  receipt: z.catch(z.nullish(z.string()), undefined),
  customer_id: shown(id),
})
export type OrderEntity = z.output<typeof orderEntity>
export const referenceOf = (order: OrderEntity): string | undefined => ownPaymentId(order.receipt)

export const refundEntity = z.object({
  id,
  payment_id: maybe(id),
  amount,
  currency,
  status: maybe(z.enum(['pending', 'processed', 'failed'])),
  receipt: shown(text),
  created_at: shown(seconds),
})
type RefundEntity = z.output<typeof refundEntity>

/** Without a status (old answers) nothing is confirmed. */
export const refundOf = (entity: RefundEntity): ProviderRefund =>
  present({
    provider: 'razorpay' as const,
    providerRefundId: entity.id,
    providerPaymentId: entity.payment_id,
    reference: entity.receipt,
    status: entity.status ?? 'pending',
    amountMinor: minorOf('razorpay', entity.amount, entity.currency),
    currency: entity.currency,
    failure: entity.status === 'failed' ? { code: 'refund_failed', reason: 'The refund failed.' } : undefined,
    createdAt: entity.created_at,
  })

export const disputeEntity = z.object({
  id,
  payment_id: maybe(id),
  amount,
  currency,
  amount_deducted: maybe(amount),
  reason_code: shown(text),
  respond_by: shown(seconds),
  status: z.enum(['open', 'under_review', 'won', 'lost', 'closed']),
})

export const disputeOf = (entity: z.output<typeof disputeEntity>): ProviderDispute =>
  present({
    provider: 'razorpay' as const,
    providerDisputeId: entity.id,
    providerPaymentId: entity.payment_id,
    status: entity.status,
    amountMinor: minorOf('razorpay', entity.amount, entity.currency),
    currency: entity.currency,
    deductedMinor: minorOf('razorpay', entity.amount_deducted ?? 0, entity.currency),
    reason: entity.reason_code,
    respondBy: entity.respond_by,
  })

export const tokenEntity = z.object({
  id,
  method: shown(text),
  card: shown(card),
  customer_id: shown(id),
  recurring: z.catch(z.nullish(z.boolean()), undefined),
  recurring_details: shown(z.object({ status: shown(text), failure_reason: shown(text) })),
})
type TokenEntity = z.output<typeof tokenEntity>

export const tokenMethod = (entity: TokenEntity) =>
  present({
    kind: entity.method ?? 'unknown',
    brand: entity.card?.network?.toLowerCase(),
    last4: entity.card?.last4,
    expMonth: entity.card?.expiry_month,
    expYear: entity.card?.expiry_year,
    token: entity.id,
    reusable: entity.recurring === true && (entity.recurring_details?.status ?? 'confirmed') === 'confirmed',
    gatewayCustomerId: entity.customer_id,
  })

export const subscriptionEntity = z.object({
  id,
  status: text,
  customer_id: shown(id),
  current_start: shown(seconds),
  current_end: shown(seconds),
  has_scheduled_changes: z.catch(z.nullish(z.boolean()), undefined),
})

const subscriptionStates: Record<string, 'pending' | 'active' | 'past_due' | 'paused' | 'ended'> = {
  created: 'pending',
  authenticated: 'pending',
  active: 'active',
  pending: 'past_due',
  halted: 'past_due',
  paused: 'paused',
  cancelled: 'ended',
  completed: 'ended',
  expired: 'ended',
}

/** @returns undefined for a state that is not documented. */
export function subscriptionOf(entity: z.output<typeof subscriptionEntity>) {
  const state = subscriptionStates[entity.status]
  return state === undefined
    ? undefined
    : present({
        provider: 'razorpay' as const,
        providerSubscriptionId: entity.id,
        state,
        status: entity.status,
        periodStart: entity.current_start,
        periodEnd: entity.current_end,
        // A cancellation at the cycle's end shows nowhere: the state stays active until it is over.
        endsAtPeriodEnd: false,
        gatewayCustomerId: entity.customer_id,
      })
}
