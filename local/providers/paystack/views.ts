import { createHash } from 'node:crypto'
import { cards, expiryOf } from '../cards.ts'
import { isObject, type JsonObject, nulls } from '../json.ts'
import {
  type Authorization,
  type Customer,
  customerOf,
  type Dispute,
  integration,
  iso,
  type Paystack,
  type Refund,
  type Transaction,
} from './state.ts'

/** Identifies the card, whoever pays with it. */
const signatureOf = (card: string): string => `SIG_${createHash('sha256').update(card).digest('hex').slice(0, 20)}`

function authorizationView(authorization: Authorization, nowMs: number): JsonObject {
  const card = cards[authorization.card]
  const expiry = expiryOf(card, nowMs)
  return {
    authorization_code: authorization.code,
    bin: '408408',
    last4: card.last4,
    exp_month: String(expiry.month).padStart(2, '0'),
    exp_year: String(expiry.year),
    channel: 'card',
    card_type: card.brand.toLowerCase(),
    bank: 'TEST BANK',
    country_code: 'NG',
    brand: card.brand.toLowerCase(),
    reusable: authorization.reusable,
    signature: signatureOf(authorization.card),
    account_name: null,
  }
}

const customerPart = (customer: Customer): JsonObject => ({
  id: customer.id,
  first_name: customer.firstName,
  last_name: customer.lastName,
  email: customer.email,
  customer_code: customer.code,
  phone: customer.phone,
  metadata: customer.metadata,
  risk_action: 'default',
  international_format_phone: customer.phone,
})

const logView = (transaction: Transaction): JsonObject => ({
  start_time: Math.floor(transaction.createdAtMs / 1000),
  time_spent: 4,
  attempts: 1,
  errors: transaction.status === 'failed' ? 1 : 0,
  success: transaction.status === 'success',
  mobile: false,
  input: [],
  history: [{ type: 'action', message: 'Attempted to pay with card', time: 3 }],
})

/** What every form of a transaction shares. `authorization` is `{}` before anybody paid. */
function common(paystack: Paystack, transaction: Transaction): JsonObject {
  const { authorization } = transaction
  return {
    id: transaction.id,
    domain: 'test',
    status: transaction.status,
    reference: transaction.reference,
    receipt_number: null,
    amount: transaction.amount,
    message: null,
    gateway_response: transaction.gatewayResponse,
    paid_at: transaction.paidAtMs === null ? null : iso(transaction.paidAtMs),
    created_at: iso(transaction.createdAtMs),
    channel: 'card',
    currency: transaction.currency,
    ip_address: '127.0.0.1',
    metadata: transaction.metadata,
    log: transaction.authorization ? logView(transaction) : null,
    fees: transaction.fees,
    fees_split: null,
    authorization: authorization ? authorizationView(authorization, paystack.shop.due.now()) : {},
    customer: customerPart(customerOf(paystack, transaction)),
    plan: null,
    split: {},
    subaccount: {},
    order_id: null,
    paidAt: transaction.paidAtMs === null ? null : iso(transaction.paidAtMs),
    createdAt: iso(transaction.createdAtMs),
    requested_amount: transaction.requestedAmount,
    ...nulls('pos_transaction_data source fees_breakdown connect'),
  }
}

export const verifyView = (paystack: Paystack, transaction: Transaction): JsonObject => ({
  ...common(paystack, transaction),
  transaction_date: iso(transaction.createdAtMs),
  plan_object: {},
})

const noAuthorization = {
  ...nulls(`authorization_code bin last4 exp_month exp_year channel card_type bank country_code brand signature
    account_name`),
  reusable: false,
}

/** In lists, `paidAt` is never null in the published description, and metadata is an object or null. */
export function listView(paystack: Paystack, transaction: Transaction): JsonObject {
  const view = common(paystack, transaction)
  return {
    ...view,
    metadata: isObject(transaction.metadata) ? transaction.metadata : null,
    authorization: transaction.authorization ? (view.authorization ?? null) : noAuthorization,
    paidAt: view.paidAt ?? '',
    plan: {},
  }
}

/** Fetched by id. The published description knows no unpaid transaction here: what it wants as text is empty then. */
export function fetchView(paystack: Paystack, transaction: Transaction): JsonObject {
  const view = common(paystack, transaction)
  return {
    ...view,
    helpdesk_link: null,
    paid_at: view.paid_at ?? '',
    paidAt: view.paidAt ?? '',
    fees: view.fees ?? 0,
    metadata: { custom_fields: [], ...(isObject(transaction.metadata) ? transaction.metadata : {}) },
    authorization: {
      ...(transaction.authorization ? {} : noAuthorization),
      ...(isObject(view.authorization) ? view.authorization : {}),
      receiver_bank_account_number: null,
      receiver_bank: null,
    },
    plan: {},
    source: { type: 'api', source: 'merchantApi', identifier: null },
  }
}

/** The answer to a charge without the customer: metadata is text there. */
export function chargeView(paystack: Paystack, transaction: Transaction): JsonObject {
  const { metadata } = transaction
  const view = common(paystack, transaction)
  return {
    amount: transaction.amount,
    currency: transaction.currency,
    transaction_date: iso(transaction.createdAtMs),
    status: transaction.status,
    reference: transaction.reference,
    domain: 'test',
    metadata: typeof metadata === 'string' ? metadata : JSON.stringify(metadata),
    gateway_response: transaction.gatewayResponse,
    message: null,
    channel: 'card',
    ip_address: null,
    log: null,
    fees: transaction.fees,
    authorization: view.authorization ?? {},
    customer: view.customer ?? {},
    plan: null,
    id: transaction.id,
    requested_amount: transaction.requestedAmount,
  }
}

/** The body of `charge.success`. */
export const chargeEventView = (paystack: Paystack, transaction: Transaction): JsonObject => ({
  ...common(paystack, transaction),
  plan: {},
})

export const customerView = (customer: Customer): JsonObject => ({
  ...customerPart(customer),
  integration,
  domain: 'test',
  identified: false,
  identifications: null,
  createdAt: iso(customer.createdAtMs),
  updatedAt: iso(customer.createdAtMs),
})

export const customerFetchView = (paystack: Paystack, customer: Customer): JsonObject => ({
  ...customerView(customer),
  transactions: [],
  subscriptions: [],
  authorizations: [...paystack.authorizations.values()]
    .filter(({ email, reusable }) => reusable && email === customer.email)
    .map((authorization) => authorizationView(authorization, paystack.shop.due.now())),
  created_at: iso(customer.createdAtMs),
  updated_at: iso(customer.createdAtMs),
  total_transactions: 0,
  total_transaction_value: [],
  dedicated_account: null,
  dedicated_accounts: [],
})

const workDaysMs = 10 * 24 * 3600 * 1000

/** The answer to a refund just asked for. */
export function refundCreateView(paystack: Paystack, refund: Refund, transaction: Transaction): JsonObject {
  const view = common(paystack, transaction)
  const paidAt = view.paid_at ?? ''
  return {
    transaction: {
      ...view,
      paid_at: paidAt,
      paidAt,
      plan: {},
      subaccount: { currency: null },
      authorization: { exp_month: null, exp_year: null, account_name: null },
      customer: { international_format_phone: null },
    },
    integration,
    deducted_amount: 0,
    channel: null,
    merchant_note: refund.merchantNote,
    customer_note: refund.customerNote,
    status: refund.status,
    refunded_by: 'merchant@example.com',
    expected_at: iso(refund.createdAtMs + workDaysMs),
    currency: refund.currency,
    domain: 'test',
    amount: refund.amount,
    fully_deducted: false,
    id: refund.id,
    createdAt: iso(refund.createdAtMs),
    updatedAt: iso(refund.createdAtMs),
  }
}

export function refundView(paystack: Paystack, refund: Refund, transaction: Transaction): JsonObject {
  const done = refund.status === 'processed'
  return {
    integration,
    transaction: transaction.id,
    dispute: null,
    settlement: null,
    id: refund.id,
    domain: 'test',
    currency: refund.currency,
    amount: refund.amount,
    status: refund.status,
    refunded_at: done ? iso(refund.createdAtMs) : null,
    refunded_by: 'merchant@example.com',
    customer_note: refund.customerNote,
    merchant_note: refund.merchantNote,
    deducted_amount: done ? refund.amount : 0,
    fully_deducted: done ? 1 : 0,
    createdAt: iso(refund.createdAtMs),
    updatedAt: iso(refund.createdAtMs),
    created_at: iso(refund.createdAtMs),
    updated_at: iso(refund.createdAtMs),
    expected_at: iso(refund.createdAtMs + workDaysMs),
    channel: 'migs',
    bank_reference: refund.bankReference,
    transaction_reference: transaction.reference,
    reason: '',
    customer: { ...customerPart(customerOf(paystack, transaction)), metadata: '' },
    refund_type: refund.amount < transaction.amount ? 'partial' : 'full',
    transaction_amount: transaction.amount,
    initiated_by: 'merchant@example.com',
    refund_channel: 'card',
    session_id: null,
    collect_account_number: false,
  }
}

/** The body of `refund.*`: no id of the refund, and the amount is text except where it failed. */
export function refundEventView(paystack: Paystack, refund: Refund, transaction: Transaction): JsonObject {
  const customer = customerOf(paystack, transaction)
  return {
    status: refund.status,
    transaction_reference: transaction.reference,
    refund_reference: refund.bankReference,
    amount: refund.status === 'failed' ? refund.amount : String(refund.amount),
    currency: refund.currency,
    processor: 'mpgs_zen',
    customer: { first_name: customer.firstName, last_name: customer.lastName, email: customer.email },
    integration,
    domain: 'test',
  }
}

export function disputeView(paystack: Paystack, dispute: Dispute, transaction: Transaction): JsonObject {
  const at = iso(dispute.createdAtMs)
  const by = customerOf(paystack, transaction).email
  return {
    id: dispute.id,
    refund_amount: transaction.amount,
    currency: transaction.currency,
    status: dispute.status,
    resolution: dispute.resolution,
    domain: 'test',
    transaction: { ...common(paystack, transaction), authorization: {}, plan: {} },
    transaction_reference: null,
    category: 'chargeback',
    customer: customerPart(customerOf(paystack, transaction)),
    bin: '408408',
    last4: cards[transaction.authorization?.card ?? 'success'].last4,
    dueAt: iso(dispute.createdAtMs + 24 * 3600 * 1000),
    resolvedAt: dispute.status === 'resolved' ? iso(paystack.shop.due.now()) : null,
    ...nulls('evidence attachments note'),
    history: [{ status: 'pending', by, createdAt: at }],
    messages: [{ sender: by, body: 'The customer does not recognise the payment', createdAt: at }],
    created_at: at,
    updated_at: at,
  }
}
