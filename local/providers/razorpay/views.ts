import { cards, expiryOf } from '../cards.ts'
import { type Json, type JsonObject, nulls } from '../json.ts'
import {
  type Customer,
  type Dispute,
  type Order,
  type Payment,
  type Razorpay,
  type Refund,
  seconds,
  type Token,
} from './state.ts'

/** Empty notes are an array, others an object. */
const notesView = (notes: JsonObject): Json => (Object.keys(notes).length === 0 ? [] : notes)

export const orderView = (order: Order): JsonObject => ({
  id: order.id,
  entity: 'order',
  amount: order.amount,
  amount_paid: order.amountPaid,
  amount_due: order.amount - order.amountPaid,
  currency: order.currency,
  receipt: order.receipt,
  offer_id: null,
  offers: [],
  status: order.status,
  attempts: order.attempts,
  notes: notesView(order.notes),
  created_at: seconds(order.createdAtMs),
})

/** The names of fields that old answers and samples have and nothing sets any more. */
const retired = { udf: {}, ...nulls('emi_plan_id service_tax') }

/** A payment as the API and the events show it; the card only in events and where `expand[]=card` asks for it. */
export function paymentView(payment: Payment, withCard: boolean): JsonObject {
  const { error } = payment
  return {
    id: payment.id,
    entity: 'payment',
    amount: payment.amount,
    currency: payment.currency,
    base_amount: payment.amount,
    status: payment.status,
    order_id: payment.orderId,
    invoice_id: payment.invoiceId,
    international: false,
    method: 'card',
    amount_refunded: payment.amountRefunded,
    amount_transferred: 0,
    refund_status: refundStatus(payment),
    captured: payment.capturedAtMs !== null,
    description: payment.description,
    card_id: payment.cardId,
    ...(withCard ? { card: cardView(payment) } : {}),
    bank: null,
    wallet: null,
    vpa: null,
    email: payment.email,
    contact: payment.contact,
    customer_id: payment.customerId,
    token_id: payment.tokenId,
    notes: notesView(payment.notes),
    fee: payment.fee,
    tax: payment.tax,
    error_code: error?.code ?? null,
    error_description: error?.description ?? null,
    error_source: error?.source ?? null,
    error_step: error?.step ?? null,
    error_reason: error?.reason ?? null,
    acquirer_data: { auth_code: error ? null : '828553', rrn: error ? null : '322206890934' },
    created_at: seconds(payment.createdAtMs),
    ...retired,
  }
}

function refundStatus(payment: Payment): string | null {
  if (payment.amountRefunded === 0) return null
  return payment.amountRefunded >= payment.amount ? 'full' : 'partial'
}

function cardView(payment: Payment): JsonObject {
  const card = cards[payment.card]
  const expiry = expiryOf(card, payment.createdAtMs)
  return {
    id: payment.cardId,
    entity: 'card',
    name: '',
    last4: card.last4,
    network: card.brand,
    type: 'debit',
    issuer: null,
    international: false,
    emi: false,
    sub_type: 'consumer',
    iin: '999999',
    expiry_month: expiry.month,
    expiry_year: expiry.year,
  }
}

export const refundView = (refund: Refund): JsonObject => ({
  id: refund.id,
  entity: 'refund',
  amount: refund.amount,
  currency: refund.currency,
  payment_id: refund.paymentId,
  notes: notesView(refund.notes),
  receipt: refund.receipt,
  acquirer_data: { arn: null },
  created_at: seconds(refund.createdAtMs),
  batch_id: null,
  status: refund.status,
  speed_processed: 'normal',
  speed_requested: refund.speed,
})

export const customerView = (customer: Customer): JsonObject => ({
  id: customer.id,
  entity: 'customer',
  name: customer.name,
  email: customer.email,
  contact: customer.contact,
  gstin: customer.gstin,
  notes: notesView(customer.notes),
  created_at: seconds(customer.createdAtMs),
})

export function tokenView(token: Token, nowMs: number): JsonObject {
  const card = cards[token.card]
  const expiry = expiryOf(card, nowMs)
  return {
    id: token.id,
    entity: 'token',
    token: token.token,
    bank: null,
    wallet: null,
    method: 'card',
    vpa: null,
    card: {
      entity: 'card',
      name: '',
      last4: card.last4,
      network: card.brand,
      type: 'credit',
      issuer: null,
      international: false,
      emi: false,
      sub_type: 'consumer',
      token_iin: '486924082',
      expiry_month: expiry.month,
      expiry_year: expiry.year,
      flows: { otp: true, recurring: true, iframe: false },
      cobranding_partner: null,
    },
    bank_details: null,
    recurring: token.status === 'confirmed',
    recurring_details: {
      status: token.status,
      failure_reason: token.status === 'rejected' ? 'Rejected by bank' : null,
    },
    auth_type: null,
    mrn: null,
    used_at: seconds(token.usedAtMs),
    created_at: seconds(token.createdAtMs),
    start_time: seconds(token.createdAtMs),
    expired_at: token.expiredAt,
    max_amount: token.maxAmount,
    status: token.status === 'confirmed' ? 'active' : token.status,
    error_code: null,
    error_description: null,
    notes: [],
    dcc_enabled: false,
    compliant_with_tokenisation_guidelines: true,
  }
}

export const disputeView = (dispute: Dispute): JsonObject => ({
  id: dispute.id,
  entity: 'dispute',
  payment_id: dispute.paymentId,
  amount: dispute.amount,
  currency: dispute.currency,
  amount_deducted: dispute.amountDeducted,
  reason_code: 'goods_or_services_not_received_or_partially_received',
  respond_by: seconds(dispute.createdAtMs) + 6 * 24 * 3600,
  status: dispute.status,
  phase: 'chargeback',
  created_at: seconds(dispute.createdAtMs),
  evidence: {
    amount: dispute.amount,
    ...nulls(`summary shipping_proof billing_proof cancellation_proof customer_communication proof_of_service
      explanation_letter refund_confirmation access_activity_log refund_cancellation_policy term_and_conditions others
      submitted_at`),
    ...dispute.evidence,
  },
})

/** The stand-ins for what five events on one charge need: the invoice and subscription of a Razorpay-owned plan. */
export function invoiceView(razorpay: Razorpay, payment: Payment, order: Order): JsonObject {
  const paidAt = seconds(payment.capturedAtMs ?? payment.createdAtMs)
  const customer = { id: payment.customerId, name: null, email: payment.email, contact: payment.contact, gstin: null }
  return {
    id: payment.invoiceId ?? razorpay.shop.ids.id('inv_'),
    entity: 'invoice',
    receipt: order.receipt,
    invoice_number: order.receipt,
    customer_id: payment.customerId,
    customer_details: {
      ...customer,
      billing_address: null,
      shipping_address: null,
      customer_name: null,
      customer_email: payment.email,
      customer_contact: payment.contact,
    },
    order_id: order.id,
    payment_id: payment.id,
    status: 'paid',
    issued_at: paidAt,
    paid_at: paidAt,
    date: paidAt,
    created_at: paidAt,
    sms_status: 'sent',
    email_status: 'sent',
    partial_payment: false,
    gross_amount: payment.amount,
    tax_amount: 0,
    taxable_amount: payment.amount,
    amount: payment.amount,
    amount_paid: payment.amount,
    amount_due: 0,
    currency: payment.currency,
    notes: [],
    view_less: true,
    type: 'invoice',
    group_taxes_discounts: false,
    ...nulls(`expire_by cancelled_at expired_at terms first_payment_min_amount description comment short_url billing_start
      billing_end supply_state_code user_id idempotency_key`),
  }
}

const monthSeconds = 30 * 24 * 3600

export function subscriptionView(razorpay: Razorpay, payment: Payment): JsonObject {
  const start = seconds(payment.capturedAtMs ?? payment.createdAtMs)
  return {
    id: razorpay.shop.ids.id('sub_'),
    entity: 'subscription',
    plan_id: razorpay.shop.ids.id('plan_'),
    customer_id: payment.customerId,
    status: 'active',
    type: 2,
    current_start: start,
    current_end: start + monthSeconds,
    ended_at: null,
    quantity: 1,
    notes: [],
    charge_at: start + monthSeconds,
    start_at: start,
    end_at: start + 12 * monthSeconds,
    auth_attempts: 0,
    total_count: 12,
    paid_count: 1,
    remaining_count: 11,
    customer_notify: true,
    created_at: start,
    expire_by: null,
    short_url: null,
    has_scheduled_changes: false,
    change_scheduled_at: null,
    source: 'api',
    offer_id: null,
  }
}

/** `{entity: "collection", count, items}` by `from`, `to` (seconds), `count` (10, at most 100) and `skip`, newest first. */
export function collection<Row extends { createdAtMs: number }>(
  rows: Row[],
  query: URLSearchParams,
  view: (row: Row) => JsonObject,
): JsonObject {
  const whole = (name: string, usual: number) => {
    const text = query.get(name)
    return text !== null && /^\d{1,12}$/.test(text) ? Number(text) : usual
  }
  const from = whole('from', 0)
  const to = whole('to', Number.MAX_SAFE_INTEGER)
  const skip = whole('skip', 0)
  const items = rows
    .filter((row) => seconds(row.createdAtMs) >= from && seconds(row.createdAtMs) <= to)
    .slice(skip, skip + Math.min(whole('count', 10), 100))
    .map(view)
  return { entity: 'collection', count: items.length, items }
}
