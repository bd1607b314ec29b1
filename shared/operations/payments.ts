import * as z from 'zod/mini'
import { paymentStatuses, paymentTypes } from '#domain/payment'
import { differenceKinds } from '#domain/reconciliation'
import { http, job, worker } from './definition.ts'
import { accountId, catalogueId, currency, email, orNull, ourId, text, time } from './fields.ts'

const provider = z.enum(['razorpay', 'paystack', 'stripe'])
const amount = z.int()

/** A payment as every answer shows it; amounts in minor units. */
export const paymentView = z.object({
  id: ourId('fpay'),
  type: z.enum(paymentTypes),
  status: z.enum(paymentStatuses),
  amount,
  currency,
  /** Given back so far, on its way back, and what may still be given back. */
  refunded: amount,
  /** Taken back for good by a lost dispute. */
  lost: amount,
  refundPending: amount,
  refundable: amount,
  provider: orNull(provider),
  providerOrderId: orNull(z.string()),
  providerPaymentId: orNull(z.string()),
  description: z.string(),
  failure: orNull(z.object({ code: orNull(z.string()), reason: orNull(z.string()) })),
  flags: z.array(z.string()),
  createdAt: time,
  expiresAt: time,
  completedAt: orNull(time),
})

/** What is bought, whoever buys it. */
export const purchaseFields = {
  productId: z.optional(catalogueId),
  quantity: z.optional(z.int().check(z.minimum(1), z.maximum(100))),
  couponCode: z.optional(text(64)),
  /** The token of `GET /discounts/quote`: the purchase costs what the quote said. */
  quote: z.optional(z.string().check(z.maxLength(8_000), z.regex(/^[A-Za-z0-9_-]+$/))),
  /** Asks the provider to keep the method for later charges. Absent: for a plan that renews, not for anything else. */
  saveMethod: z.optional(z.boolean()),
  /** Of whoever pays, where the provider needs one (Paystack) and no account of ours has it; it goes there and is not kept. */
  email: z.optional(email),
}

export const checkoutView = z.object({
  paymentId: ourId('fpay'),
  provider: orNull(provider),
  providerOrderId: orNull(z.string()),
  amount,
  currency,
  /** What the provider's browser library needs; null when there is nothing to pay, or when a saved method was charged. */
  checkout: orNull(z.record(z.string(), z.unknown())),
  payment: paymentView,
})

export const createCheckout = http({
  id: 'createCheckout',
  area: 'payments',
  summary: 'Begin to buy a plan, a credit pack or an item: the answer opens the provider’s checkout.',
  ifItFails: 'Nobody can buy anything.',
  routes: ['POST /v1/me/checkout', 'POST /v1/accounts/{accountId}/checkout', 'POST /v1/visitor/checkout'],
  scope: 'payments:write',
  body: z.strictObject({
    priceId: z.optional(catalogueId),
    ...purchaseFields,
    /** Charged at once, without the customer. */
    paymentMethodId: z.optional(ourId('pmt')),
  }),
  success: 201,
  output: checkoutView,
  idempotency: 'guard',
  errors: [
    'not_found',
    'conflict',
    'coupon_invalid',
    'amount_too_small',
    'quote_expired',
    'idempotency_in_progress',
    'provider_unavailable',
  ],
  grants: { table: 'readWrite', paymentSecret: true },
  limits: { timeoutSeconds: 29 },
})

/** Ids and signatures as providers write them. */
const providerWord = (most: number) => z.string().check(z.regex(/^[A-Za-z0-9_.:=+/-]+$/), z.maxLength(most))

export const verifyPayment = http({
  id: 'verifyPayment',
  area: 'payments',
  summary: 'Settle what the provider’s browser library says was paid; the provider is asked, not the browser.',
  ifItFails: 'Customers see their purchase only when the provider’s webhook arrives.',
  routes: [
    'POST /v1/me/payments/verify',
    'POST /v1/accounts/{accountId}/payments/verify',
    'POST /v1/visitor/payments/verify',
  ],
  scope: 'payments:write',
  body: z.strictObject({
    paymentId: z.optional(ourId('fpay')),
    razorpay_order_id: z.optional(providerWord(60)),
    razorpay_payment_id: z.optional(providerWord(60)),
    razorpay_signature: z.optional(providerWord(200)),
    /** Paystack. */
    reference: z.optional(providerWord(120)),
    /** Stripe. */
    sessionId: z.optional(providerWord(255)),
  }),
  success: 200,
  output: paymentView,
  idempotency: 'guard',
  errors: ['not_found', 'conflict', 'invalid_signature', 'provider_unavailable'],
  grants: { table: 'readWrite', paymentSecret: true },
  limits: { timeoutSeconds: 29 },
})

export const reconcilePayment = worker({
  id: 'reconcilePayment',
  area: 'payments',
  summary:
    'Ask the provider about a payment that has been open for a while: settle it, look its order up, or expire it.',
  ifItFails: 'Payments whose webhook was lost stay open; their coupons and discounts stay taken.',
  queue: 'payment',
  message: z.object({
    accountId,
    paymentId: ourId('fpay'),
    requestId: text(128),
  }),
  batchSize: 5,
  maxReceives: 5,
  grants: { table: 'readWrite', paymentSecret: true },
  limits: { timeoutSeconds: 120 },
})

export const comparePayments = job({
  id: 'comparePayments',
  area: 'payments',
  summary:
    'Compare the payments of the last four days with the providers’ own lists, and settle or report every difference.',
  ifItFails: 'A payment that neither webhook nor look-up told of would stay unseen for a day.',
  schedule: 'cron(0 3 * * ? *)',
  grants: { table: 'readWrite', paymentSecret: true },
  limits: { timeoutSeconds: 900 },
})

export const getReconciliation = http({
  id: 'getReconciliation',
  area: 'payments',
  summary:
    'What the comparison of a day with the providers’ own lists found, last night or earlier; yesterday’s where no day is named.',
  ifItFails: 'Staff do not see differences between the providers’ books and ours; they are found all the same.',
  routes: ['GET /v1/admin/reconciliation'],
  query: z.strictObject({ day: z.optional(z.iso.date()) }),
  success: 200,
  output: z.object({
    day: z.iso.date(),
    /** Provider payments looked at. */
    compared: z.int(),
    /** Settled by the comparison itself. */
    settled: z.int(),
    /** On a list in a form or a currency that cannot be read: another shop's on the same merchant account, mostly. */
    unreadable: z.int(),
    /** How many differed; at most 500 are listed. */
    differing: z.int(),
    differences: z.array(
      z.object({
        /** `not_compared`: the provider's list was not read to its end; the run is tried again. */
        kind: z.enum(differenceKinds),
        provider,
        providerPaymentId: orNull(z.string()),
        paymentId: orNull(z.string()),
        detail: z.string(),
      }),
    ),
    comparedAt: time,
  }),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})
