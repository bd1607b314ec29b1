import * as z from 'zod/mini'
import { paymentProviders } from '#domain/moneyCharge'
import { paymentStatuses, paymentTypes } from '#domain/payment'
import { refundStatuses } from '#domain/refund'
import { http, worker } from './definition.ts'
import { country, currency, instant, orNull, ourId, pageOf, pageQuery, text, time } from './fields.ts'
import { checkoutView, paymentView } from './payments.ts'

/** ISO 4217 minor units. */
const minor = z.int()
const paymentParams = z.strictObject({ paymentId: ourId('fpay') })

/** `from` is inside, `to` outside. `q` is contained in an id of ours or of the provider's, or in the description. */
export const paymentFilterQuery = {
  status: z.optional(z.enum(paymentStatuses)),
  type: z.optional(z.enum(paymentTypes)),
  from: z.optional(instant),
  to: z.optional(instant),
  q: z.optional(text(100)),
}

export const listPayments = http({
  id: 'listPayments',
  area: 'payments',
  summary: 'Payments, newest first; a page that a filter leaves short goes on at its cursor.',
  ifItFails: 'Customers cannot see what they have paid.',
  routes: ['GET /v1/me/payments', 'GET /v1/accounts/{accountId}/payments'],
  scope: 'payments:read',
  query: z.strictObject({
    ...paymentFilterQuery,
    /** `amount` with `from` and `to` at most 366 days apart. */
    sort: z._default(z.enum(['createdAt', 'amount']), 'createdAt'),
    order: z._default(z.enum(['asc', 'desc']), 'desc'),
    ...pageQuery,
  }),
  success: 200,
  output: pageOf(paymentView),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

export const documentView = z.object({
  id: ourId('inv'),
  kind: z.enum(['invoice', 'credit_note']),
  /** Null for the moment until it has one. */
  number: orNull(z.string()),
  refundId: orNull(ourId('rfd')),
  /** Of a lost dispute: the provider's id. */
  disputeId: orNull(z.string()),
  total: minor,
  issuedOn: z.string(),
  /** Of a plan's invoice: the time that it pays, up to the day on which the next period begins. */
  period: orNull(z.object({ from: z.string(), to: z.string() })),
})

export const paymentDetailView = z.extend(paymentView, {
  invoiceId: orNull(ourId('inv')),
  invoiceNumber: orNull(z.string()),
  /** The invoice and the credit notes, oldest first. */
  documents: z.array(documentView),
  refunds: z.array(
    z.object({
      id: ourId('rfd'),
      status: z.enum(refundStatuses),
      amount: minor,
      currency,
      reason: z.string(),
      creditNoteId: orNull(ourId('inv')),
      createdAt: time,
    }),
  ),
})

export const getPayment = http({
  id: 'getPayment',
  area: 'payments',
  summary: 'A payment with its invoice, credit notes and refunds.',
  ifItFails: 'Customers cannot see what became of a payment.',
  routes: ['GET /v1/me/payments/{paymentId}', 'GET /v1/accounts/{accountId}/payments/{paymentId}'],
  scope: 'payments:read',
  params: paymentParams,
  success: 200,
  output: paymentDetailView,
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

export const summarizePayments = http({
  id: 'summarizePayments',
  area: 'payments',
  summary: 'How many payments there were in at most 366 days, and what was spent.',
  ifItFails: 'Customers do not see what they have spent.',
  routes: ['GET /v1/me/payments/summary', 'GET /v1/accounts/{accountId}/payments/summary'],
  scope: 'payments:read',
  query: z.strictObject({ from: instant, to: instant }),
  success: 200,
  output: z.object({
    count: z.int(),
    completed: z.int(),
    failed: z.int(),
    /** Captured, less refunded, less lost in disputes. */
    spent: z.array(z.object({ currency, amount: minor })),
  }),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

export const exportPayments = http({
  id: 'exportPayments',
  area: 'payments',
  summary: 'Payments as CSV, newest first; a range with more than 2,000 rows is refused whole.',
  ifItFails: 'Customers cannot download their payments.',
  routes: ['GET /v1/me/payments.csv', 'GET /v1/accounts/{accountId}/payments.csv'],
  scope: 'payments:read',
  query: z.strictObject(paymentFilterQuery),
  success: 200,
  output: z.string(),
  outputType: 'text/csv; charset=utf-8',
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

export const getInvoice = http({
  id: 'getInvoice',
  area: 'payments',
  summary:
    'The invoice of a payment, the credit note of a refund or a lost dispute, or what takes that note back, as PDF.',
  ifItFails: 'Customers cannot download their invoices.',
  routes: [
    'GET /v1/me/payments/{paymentId}/invoice',
    'GET /v1/accounts/{accountId}/payments/{paymentId}/invoice',
    'GET /v1/admin/accounts/{accountId}/payments/{paymentId}/invoice',
  ],
  scope: 'payments:read',
  params: paymentParams,
  query: z.strictObject({
    document: z._default(z.enum(['invoice', 'credit_note']), 'invoice'),
    /** One of these with `document=credit_note`; with `document=invoice` what takes that note back: it failed, or was won, after all. */
    refundId: z.optional(ourId('rfd')),
    disputeId: z.optional(z.string().check(z.regex(/^[A-Za-z0-9_]{1,100}$/))),
  }),
  success: 200,
  output: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  outputType: 'application/pdf',
  idempotency: 'natural',
  errors: ['not_found', 'conflict'],
  grants: { table: 'read' },
  // Fonts are unpacked and subset for each document.
  limits: { timeoutSeconds: 20, memoryMegabytes: 1024 },
})

export const numberInvoices = worker({
  id: 'numberInvoices',
  area: 'payments',
  summary: 'Give the invoices of a series that wait for a number theirs, one after the other.',
  ifItFails: 'New invoices have no number and cannot be downloaded; payments go on.',
  queue: 'number',
  message: z.object({ series: z.string().check(z.regex(/^[A-Z]{2,4}-\d{4}$/)), requestId: text(128) }),
  batchSize: 1,
  // More than one would only lose each other's races. A receive that meets the one that runs counts as a try.
  maxReceives: 10,
  grants: { table: 'readWrite', writeKeys: ['SERIES#*', 'ACCOUNT#*'], send: ['number'] },
  limits: { timeoutSeconds: 60, concurrency: 1 },
})

const methodView = z.object({
  id: ourId('pmt'),
  provider: z.enum(paymentProviders),
  /** The provider's word: `card`, `upi`, `bank`. */
  kind: z.string(),
  brand: orNull(z.string()),
  last4: orNull(z.string()),
  expMonth: orNull(z.int()),
  expYear: orNull(z.int()),
  isDefault: z.boolean(),
  createdAt: time,
})
const methodParams = z.strictObject({ paymentMethodId: ourId('pmt') })

export const listPaymentMethods = http({
  id: 'listPaymentMethods',
  area: 'payments',
  summary: 'Saved payment methods, newest first; all of them, for an account has at most 20.',
  ifItFails: 'Customers cannot see or choose their saved cards; renewals go on charging the default.',
  routes: ['GET /v1/me/payment-methods', 'GET /v1/accounts/{accountId}/payment-methods'],
  scope: 'payments:read',
  success: 200,
  output: pageOf(methodView),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

export const addPaymentMethod = http({
  id: 'addPaymentMethod',
  area: 'payments',
  summary: 'Begin to save a payment method: a checkout over the provider’s smallest charge, which goes back at once.',
  ifItFails: 'Customers can save a card only by buying something.',
  routes: ['POST /v1/me/payment-methods', 'POST /v1/accounts/{accountId}/payment-methods'],
  scope: 'payments:write',
  body: z.strictObject({
    /** Default: whoever charges the account's currency. */
    provider: z.optional(z.enum(paymentProviders)),
  }),
  success: 201,
  output: checkoutView,
  idempotency: 'guard',
  errors: ['not_found', 'conflict', 'idempotency_in_progress', 'provider_unavailable'],
  grants: { table: 'readWrite', writeKeys: ['ACCOUNT#*', 'ORDER#*', 'AUDIT#*'], paymentSecret: true },
  limits: { timeoutSeconds: 29 },
})

export const deletePaymentMethod = http({
  id: 'deletePaymentMethod',
  area: 'payments',
  summary: 'Forget a saved payment method; where it was the default, the newest other one becomes that.',
  ifItFails: 'Customers cannot take their card back.',
  routes: [
    'DELETE /v1/me/payment-methods/{paymentMethodId}',
    'DELETE /v1/accounts/{accountId}/payment-methods/{paymentMethodId}',
  ],
  scope: 'payments:write',
  params: methodParams,
  success: 204,
  idempotency: 'natural',
  errors: ['not_found', 'contended'],
  grants: { table: 'readWrite', paymentSecret: true },
  limits: { timeoutSeconds: 29 },
})

export const setDefaultPaymentMethod = http({
  id: 'setDefaultPaymentMethod',
  area: 'payments',
  summary: 'Choose the payment method that is charged by default.',
  ifItFails: 'Renewals charge the card that was the default before.',
  routes: [
    'PUT /v1/me/payment-methods/{paymentMethodId}/default',
    'PUT /v1/accounts/{accountId}/payment-methods/{paymentMethodId}/default',
  ],
  scope: 'payments:write',
  params: methodParams,
  success: 200,
  output: methodView,
  idempotency: 'natural',
  errors: ['not_found', 'conflict', 'contended'],
  grants: { table: 'readWrite' },
})

const address = {
  line1: text(120),
  line2: z.exactOptional(text(120)),
  city: text(80),
  region: z.exactOptional(text(80)),
  postalCode: z.exactOptional(text(20)),
  /** ISO 3166-1 alpha-2. */
  country,
}
/** What invoices say; null where nobody said it yet. */
const profileView = z.object({
  email: orNull(z.string()),
  name: orNull(z.string()),
  address: orNull(z.object(address)),
  taxId: orNull(z.string()),
})

export const getBillingProfile = http({
  id: 'getBillingProfile',
  area: 'payments',
  summary: 'Whom invoices are made out to; until a profile is put, what the account says.',
  ifItFails: 'Billing pages stay empty; invoices go on carrying what was put.',
  routes: ['GET /v1/me/billing-profile', 'GET /v1/accounts/{accountId}/billing-profile'],
  scope: 'payments:read',
  success: 200,
  output: profileView,
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

export const putBillingProfile = http({
  id: 'putBillingProfile',
  area: 'payments',
  summary: 'Put the billing profile, whole: it holds for invoices from now on, never for those that were made.',
  ifItFails: 'Invoices go on carrying the name, address and tax id that were put before.',
  routes: ['PUT /v1/me/billing-profile', 'PUT /v1/accounts/{accountId}/billing-profile'],
  scope: 'payments:write',
  body: z.strictObject({
    email: z.email().check(z.maxLength(254)),
    name: text(120),
    address: z.strictObject(address),
    taxId: z.exactOptional(text(40)),
  }),
  success: 200,
  output: profileView,
  idempotency: 'natural',
  errors: ['not_found', 'contended', 'account_suspended'],
  grants: { table: 'readWrite', writeKeys: ['ACCOUNT#*', 'AUDIT#*'] },
})
