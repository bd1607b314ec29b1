import { cards, expiryOf } from '../cards.ts'
import { type JsonObject, nulls } from '../json.ts'
import {
  type Charge,
  type Customer,
  type Dispute,
  type Intent,
  type PaymentMethod,
  type Price,
  type Product,
  type Refund,
  type Session,
  type SetupIntent,
  type Stripe,
  seconds,
} from './state.ts'

export const base = (object: string, row: { id: string; createdAtMs: number; metadata: JsonObject }): JsonObject => ({
  id: row.id,
  object,
  created: seconds(row.createdAtMs),
  livemode: false,
  metadata: row.metadata,
})

export const address = nulls('city country line1 line2 postal_code state')

export function customerView(customer: Customer): JsonObject {
  if (customer.deleted) return { id: customer.id, object: 'customer', deleted: true }
  return {
    ...base('customer', customer),
    address: null,
    balance: 0,
    currency: null,
    default_source: null,
    delinquent: false,
    description: customer.description,
    discount: null,
    email: customer.email,
    invoice_prefix: customer.id.slice(-8).toUpperCase(),
    invoice_settings: {
      default_payment_method: customer.defaultPaymentMethod,
      ...nulls('custom_fields footer rendering_options'),
    },
    name: customer.name,
    next_invoice_sequence: 1,
    phone: customer.phone,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  }
}

const cardPart = (stripe: Stripe, method: PaymentMethod): JsonObject => {
  const card = cards[method.card]
  const expiry = expiryOf(card, stripe.shop.due.now())
  return {
    brand: card.brand.toLowerCase(),
    checks: { ...nulls('address_line1_check address_postal_code_check'), cvc_check: 'pass' },
    country: 'US',
    exp_month: expiry.month,
    exp_year: expiry.year,
    fingerprint: `fp${method.card}`,
    funding: 'credit',
    last4: card.last4,
    wallet: null,
    regulated_status: 'unregulated',
  }
}

export function methodView(stripe: Stripe, method: PaymentMethod): JsonObject {
  const card = cardPart(stripe, method)
  return {
    ...base('payment_method', method),
    allow_redisplay: 'unspecified',
    billing_details: { address, ...nulls('email name phone tax_id'), ...method.billing },
    customer: method.customer,
    customer_account: null,
    type: method.type,
    ...(method.type === 'sepa_debit'
      ? { sepa_debit: { bank_code: '37040044', country: 'DE', last4: '3000', fingerprint: 'fpsepa' } }
      : {
          card: {
            ...card,
            display_brand: card.brand ?? null,
            generated_from: null,
            networks: { available: [card.brand ?? null], preferred: null },
            three_d_secure_usage: { supported: true },
          },
        }),
  }
}

export const intentView = (stripe: Stripe, intent: Intent): JsonObject => ({
  ...base('payment_intent', intent),
  amount: intent.amount,
  amount_capturable: intent.status === 'requires_capture' ? intent.amount : 0,
  amount_details: { tip: {} },
  amount_received: intent.amountReceived,
  automatic_payment_methods: null,
  canceled_at: intent.canceledAtMs === null ? null : seconds(intent.canceledAtMs),
  cancellation_reason: intent.cancellationReason,
  capture_method: intent.manualCapture ? 'manual' : 'automatic',
  client_secret: `${intent.id}_secret_fake`,
  confirmation_method: 'automatic',
  currency: intent.currency,
  customer: intent.customer,
  description: intent.description,
  last_payment_error: intent.lastError,
  latest_charge: intent.latestCharge,
  next_action:
    intent.status === 'requires_action'
      ? {
          type: 'redirect_to_url',
          redirect_to_url: { url: `${stripe.shop.url()}/_fake/checkout/${intent.id}`, return_url: null },
        }
      : null,
  payment_method: intent.paymentMethod,
  payment_method_options: {},
  payment_method_types: ['card'],
  receipt_email: intent.receiptEmail,
  setup_future_usage: intent.setupFutureUsage,
  status: intent.status,
  ...nulls(`application application_fee_amount on_behalf_of payment_method_configuration_details processing review shipping
    statement_descriptor statement_descriptor_suffix transfer_data transfer_group source excluded_payment_method_types
    customer_account managed_payments`),
})

export function chargeView(stripe: Stripe, charge: Charge): JsonObject {
  const method = stripe.methods.get(charge.paymentMethod)
  const card = method ? cardPart(stripe, method) : {}
  const failed = charge.status === 'failed'
  return {
    ...base('charge', charge),
    amount: charge.amount,
    amount_captured: charge.amountCaptured,
    amount_refunded: charge.amountRefunded,
    balance_transaction: failed ? null : charge.id.replace('ch_', 'txn_'),
    billing_details: { address, ...nulls('email name phone tax_id'), ...method?.billing },
    captured: charge.amountCaptured > 0,
    currency: charge.currency,
    customer: charge.customer,
    description: charge.description,
    disputed: charge.disputed,
    failure_code: charge.failure?.code ?? null,
    failure_message: charge.failure?.message ?? null,
    fraud_details: {},
    outcome: {
      ...nulls('advice_code network_advice_code network_decline_code'),
      network_status: failed ? 'declined_by_network' : 'approved_by_network',
      reason: charge.failure?.declineCode ?? null,
      seller_message: failed ? 'The bank did not return any further details.' : 'Payment complete.',
      type: failed ? 'issuer_declined' : 'authorized',
    },
    paid: !failed,
    payment_intent: charge.intent,
    payment_method: charge.paymentMethod,
    payment_method_details: {
      type: 'card',
      card: {
        ...card,
        amount_authorized: charge.amount,
        network: card.brand ?? null,
        network_token: { used: false },
        ...nulls(`extended_authorization incremental_authorization installments mandate multicapture overcapture
          three_d_secure authorization_code network_transaction_id transaction_link_id`),
      },
    },
    receipt_url: null,
    refunded: charge.amountRefunded > 0 && charge.amountRefunded >= charge.amountCaptured,
    refunds: {
      object: 'list',
      data: [...stripe.refunds.values()].filter((one) => one.charge === charge.id).map(refundView),
      has_more: false,
      url: `/v1/charges/${charge.id}/refunds`,
    },
    status: charge.status,
    ...nulls(`application application_fee application_fee_amount calculated_statement_descriptor
      failure_balance_transaction on_behalf_of receipt_email receipt_number review shipping source_transfer
      statement_descriptor statement_descriptor_suffix transfer_data transfer_group source`),
  }
}

export const setupIntentView = (intent: SetupIntent): JsonObject => ({
  ...base('setup_intent', intent),
  automatic_payment_methods: null,
  cancellation_reason: intent.cancellationReason,
  client_secret: `${intent.id}_secret_fake`,
  customer: intent.customer,
  description: intent.description,
  last_setup_error: intent.lastError,
  next_action: intent.status === 'requires_action' ? { type: 'redirect_to_url' } : null,
  payment_method: intent.paymentMethod,
  payment_method_options: {},
  payment_method_types: ['card'],
  status: intent.status,
  usage: 'off_session',
  ...nulls(`application flow_directions latest_attempt mandate on_behalf_of payment_method_configuration_details
    single_use_mandate excluded_payment_method_types`),
})

export const sessionView = (stripe: Stripe, session: Session): JsonObject => ({
  ...base('checkout.session', session),
  amount_subtotal: session.amountTotal,
  amount_total: session.amountTotal,
  automatic_tax: { enabled: false, ...nulls('liability status provider') },
  cancel_url: session.cancelUrl,
  client_reference_id: session.clientReferenceId,
  currency: session.currency,
  custom_fields: [],
  custom_text: nulls('after_submit shipping_address submit terms_of_service_acceptance'),
  customer: session.customer,
  customer_details: session.status === 'complete' ? customerDetails(stripe, session) : null,
  customer_email: session.customerEmail,
  expires_at: seconds(session.expiresAtMs),
  mode: session.mode,
  payment_intent: session.intent,
  payment_method_options: {},
  payment_method_types: ['card'],
  payment_status: session.paymentStatus,
  phone_number_collection: { enabled: false },
  setup_intent: session.setupIntent,
  shipping_options: [],
  status: session.status,
  success_url: session.successUrl,
  total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
  ui_mode: 'hosted',
  url: session.status === 'open' ? `${stripe.shop.url()}/_fake/checkout/${session.id}` : null,
  ...nulls(`after_expiration allow_promotion_codes billing_address_collection client_secret consent consent_collection
    customer_creation invoice invoice_creation locale payment_link payment_method_collection
    payment_method_configuration_details recovered_from saved_payment_method_options shipping_address_collection
    shipping_cost submit_type subscription adaptive_pricing discounts collected_information permissions wallet_options
    origin_context currency_conversion customer_account integration_identifier managed_payments`),
})

const customerDetails = (stripe: Stripe, session: Session): JsonObject => ({
  address,
  email: session.customerEmail ?? stripe.customers.get(session.customer ?? '')?.email ?? 'customer@example.com',
  tax_exempt: 'none',
  ...nulls('name phone tax_ids business_name individual_name'),
})

/** Refunds have no `livemode`. */
export function refundView(refund: Refund): JsonObject {
  const { livemode: _, ...row } = base('refund', refund)
  return {
    ...row,
    amount: refund.amount,
    charge: refund.charge,
    currency: refund.currency,
    destination_details: { card: { type: 'refund' }, type: 'card' },
    payment_intent: refund.intent,
    reason: refund.reason,
    status: refund.status,
    ...(refund.status === 'failed' ? { failure_reason: 'lost_or_stolen_card' } : {}),
    ...nulls(`balance_transaction receipt_number source_transfer_reversal transfer_reversal customer customer_account
      payment_method`),
  }
}

const evidenceNames = `access_activity_log billing_address cancellation_policy cancellation_policy_disclosure
  cancellation_rebuttal customer_communication customer_email_address customer_name customer_purchase_ip
  customer_signature duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description
  receipt refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation
  shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number uncategorized_file
  uncategorized_text`

export const disputeView = (dispute: Dispute): JsonObject => ({
  ...base('dispute', dispute),
  amount: dispute.amount,
  balance_transactions: [],
  charge: dispute.charge,
  currency: dispute.currency,
  evidence: { ...nulls(evidenceNames), enhanced_evidence: {} },
  evidence_details: {
    due_by: seconds(dispute.createdAtMs) + 7 * 24 * 3600,
    enhanced_eligibility: {},
    has_evidence: false,
    past_due: false,
    submission_count: 0,
  },
  is_charge_refundable: false,
  payment_intent: dispute.intent,
  payment_method_details: {
    card: { brand: 'visa', case_type: 'chargeback', network: 'visa', network_reason_code: '10.4' },
    type: 'card',
  },
  reason: 'fraudulent',
  status: dispute.status,
  enhanced_eligibility_types: [],
})

export const productView = (product: Product): JsonObject => ({
  ...base('product', product),
  active: true,
  default_price: null,
  description: product.description,
  images: [],
  marketing_features: [],
  name: product.name,
  type: 'service',
  updated: seconds(product.createdAtMs),
  ...nulls('package_dimensions shippable statement_descriptor tax_code unit_label url'),
})

export const priceView = (price: Price): JsonObject => ({
  ...base('price', price),
  active: true,
  billing_scheme: 'per_unit',
  currency: price.currency,
  product: price.product,
  tax_behavior: 'unspecified',
  recurring:
    price.interval === null
      ? null
      : { interval: price.interval, interval_count: 1, usage_type: 'licensed', ...nulls('meter trial_period_days') },
  type: price.interval === null ? 'one_time' : 'recurring',
  unit_amount: price.unitAmount,
  unit_amount_decimal: String(price.unitAmount),
  ...nulls('custom_unit_amount lookup_key nickname tiers_mode transform_quantity'),
})
