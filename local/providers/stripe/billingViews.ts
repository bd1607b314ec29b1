import { type JsonObject, nulls } from '../json.ts'
import { type Invoice, type InvoiceItem, type Stripe, type Subscription, seconds } from './state.ts'
import { address, base, priceView } from './views.ts'

const secondsOrNull = (ms: number | null): number | null => (ms === null ? null : seconds(ms))

export const invoiceItemView = (item: InvoiceItem): JsonObject => {
  const { created: date, ...row } = base('invoiceitem', item)
  return {
    ...row,
    amount: item.amount,
    currency: item.currency,
    customer: item.customer,
    date: date ?? null,
    description: item.description,
    discountable: true,
    discounts: [],
    invoice: item.invoice,
    net_amount: item.amount,
    period: { start: date ?? null, end: date ?? null },
    pricing: { type: 'price_details', unit_amount_decimal: String(item.amount) },
    proration: false,
    quantity: 1,
    quantity_decimal: '1',
    tax_rates: [],
    ...nulls('test_clock parent customer_account'),
  }
}

/** One line of an invoice, of an item or of a subscription's price. */
export const lineView = (
  stripe: Stripe,
  line: { invoice: string; amount: number; currency: string; description: string | null; quantity: number },
): JsonObject => ({
  id: stripe.shop.ids.id('il_', 24),
  object: 'line_item',
  ...line,
  discountable: true,
  discount_amounts: [],
  discounts: [],
  livemode: false,
  metadata: {},
  subtotal: line.amount,
})

export function invoiceView(stripe: Stripe, invoice: Invoice): JsonObject {
  const customer = stripe.customers.get(invoice.customer)
  const due = invoice.status === 'paid' ? 0 : invoice.amount
  const created = seconds(invoice.createdAtMs)
  return {
    ...base('invoice', invoice),
    amount_due: invoice.amount,
    amount_overpaid: 0,
    amount_paid: invoice.amount - due,
    amount_remaining: due,
    amount_shipping: 0,
    attempt_count: invoice.attempts,
    attempted: invoice.attempts > 0,
    auto_advance: false,
    automatic_tax: { enabled: false, ...nulls('disabled_reason liability provider status') },
    billing_reason: invoice.subscription === null ? 'manual' : 'subscription_create',
    collection_method: invoice.sendsToCustomer ? 'send_invoice' : 'charge_automatically',
    currency: invoice.currency,
    customer: invoice.customer,
    customer_address: address,
    customer_email: customer?.email ?? null,
    customer_name: customer?.name ?? null,
    customer_tax_exempt: 'none',
    customer_tax_ids: [],
    default_tax_rates: [],
    description: invoice.description,
    discounts: [],
    due_date: secondsOrNull(invoice.dueAtMs),
    issuer: { type: 'self' },
    lines: { object: 'list', data: invoice.lines, has_more: false, url: `/v1/invoices/${invoice.id}/lines` },
    number: invoice.status === 'draft' ? null : `${invoice.customer.slice(-8).toUpperCase()}-0001`,
    parent:
      invoice.subscription === null
        ? null
        : {
            type: 'subscription_details',
            quote_details: null,
            subscription_details: { metadata: {}, subscription: invoice.subscription },
          },
    payment_settings: nulls('default_mandate payment_method_options payment_method_types'),
    period_end: created,
    period_start: created,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    starting_balance: 0,
    status: invoice.status,
    status_transitions: {
      finalized_at: secondsOrNull(invoice.finalizedAtMs),
      marked_uncollectible_at: secondsOrNull(invoice.uncollectibleAtMs),
      paid_at: secondsOrNull(invoice.paidAtMs),
      voided_at: secondsOrNull(invoice.voidedAtMs),
    },
    subtotal: invoice.amount,
    subtotal_excluding_tax: invoice.amount,
    total: invoice.amount,
    total_discount_amounts: [],
    total_excluding_tax: invoice.amount,
    total_taxes: [],
    ...nulls(`account_country account_name account_tax_ids application custom_fields customer_account customer_phone
      customer_shipping default_payment_method default_source effective_at ending_balance footer from_invoice
      hosted_invoice_url invoice_pdf last_finalization_error latest_revision next_payment_attempt on_behalf_of
      receipt_number rendering shipping_cost shipping_details statement_descriptor subscription test_clock
      webhooks_delivered_at automatically_finalizes_at total_pretax_credit_amounts`),
  }
}

export function subscriptionView(stripe: Stripe, subscription: Subscription): JsonObject {
  const { id, periodStartMs, periodEndMs, trialEndMs, createdAtMs } = subscription
  const items = subscription.prices.map(({ itemId, price, quantity }): JsonObject => {
    const row = stripe.prices.get(price)
    return {
      id: itemId,
      object: 'subscription_item',
      created: seconds(createdAtMs),
      current_period_end: seconds(periodEndMs),
      current_period_start: seconds(periodStartMs),
      discounts: [],
      metadata: {},
      price: row ? priceView(row) : null,
      quantity,
      subscription: id,
      tax_rates: [],
    }
  })
  return {
    ...base('subscription', subscription),
    automatic_tax: { enabled: false, ...nulls('disabled_reason liability') },
    billing_cycle_anchor: seconds(trialEndMs ?? createdAtMs),
    billing_mode: { type: 'flexible', flexible: {} },
    cancel_at_period_end: subscription.cancelAtPeriodEnd,
    canceled_at: secondsOrNull(subscription.canceledAtMs),
    cancellation_details: {
      ...nulls('comment feedback'),
      reason: subscription.canceledAtMs === null ? null : 'cancellation_requested',
    },
    collection_method: 'charge_automatically',
    currency: subscription.currency,
    customer: subscription.customer,
    default_payment_method: subscription.defaultPaymentMethod,
    default_tax_rates: [],
    discounts: [],
    ended_at: subscription.status === 'canceled' ? secondsOrNull(subscription.canceledAtMs) : null,
    invoice_settings: { issuer: { type: 'self' }, ...nulls('account_tax_ids custom_fields description footer') },
    items: { object: 'list', data: items, has_more: false, url: `/v1/subscription_items?subscription=${id}` },
    latest_invoice: subscription.latestInvoice,
    payment_settings: nulls('payment_method_options payment_method_types save_default_payment_method'),
    start_date: seconds(createdAtMs),
    status: subscription.status,
    trial_end: secondsOrNull(trialEndMs),
    trial_settings: { end_behavior: { missing_payment_method: subscription.withoutMethod } },
    trial_start: trialEndMs === null ? null : seconds(createdAtMs),
    ...nulls(`application application_fee_percent billing_cycle_anchor_config billing_schedules billing_thresholds cancel_at
      customer_account days_until_due default_source description managed_payments next_pending_invoice_item_invoice
      on_behalf_of pause_collection pending_invoice_item_interval pending_setup_intent pending_update schedule test_clock
      transfer_data`),
  }
}
