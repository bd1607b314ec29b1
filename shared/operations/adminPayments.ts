import * as z from 'zod/mini'
import { paymentProviders } from '#domain/moneyCharge'
import { paymentStatuses, paymentTypes } from '#domain/payment'
import { paymentSettingsSchema } from '#domain/paymentSettings'
import { refundStatuses } from '#domain/refund'
import { http } from './definition.ts'
import { catalogueId, currency, instant, orNull, ourId, pageOf, pageQuery, text, time } from './fields.ts'
import { documentView } from './paymentHistory.ts'

const paymentParams = z.strictObject({ paymentId: ourId('fpay') })
/** An id of a provider's making, as it enters: all three use letters, digits, underscores and hyphens. */
const providerId = z.string().check(z.regex(/^[A-Za-z0-9_.=-]{1,128}$/))
/** ISO 4217 minor units, above zero. */
const amount = z.int().check(z.minimum(1), z.maximum(1_000_000_000_000))
const minor = z.int()

/** A payment as staff see it; amounts are minor units of its currency. */
const paymentRow = {
  id: ourId('fpay'),
  accountId: z.string(),
  type: z.enum(paymentTypes),
  status: z.enum(paymentStatuses),
  amount: minor,
  currency,
  captured: minor,
  refunded: minor,
  /** Taken back for good by a lost dispute. */
  lost: minor,
  refundPending: minor,
  refundable: minor,
  provider: orNull(z.enum(paymentProviders)),
  providerOrderId: orNull(z.string()),
  providerPaymentId: orNull(z.string()),
  description: z.string(),
  failure: orNull(z.object({ code: orNull(z.string()), reason: orNull(z.string()) })),
  flags: z.array(z.string()),
  createdAt: time,
  expiresAt: time,
  completedAt: orNull(time),
}
const anyPayment = z.object(paymentRow)

const refundView = z.object({
  id: ourId('rfd'),
  paymentId: ourId('fpay'),
  providerPaymentId: z.string(),
  providerRefundId: orNull(z.string()),
  status: z.enum(refundStatuses),
  amount: minor,
  currency,
  reason: z.string(),
  /** What it does to a plan that the payment bought. */
  plan: z.enum(['now', 'period_end', 'keep']),
  creditsTaken: orNull(z.int()),
  creditsSpent: orNull(z.int()),
  creditNoteId: orNull(ourId('inv')),
  createdAt: time,
  updatedAt: time,
})

export const refundPayment = http({
  id: 'refundPayment',
  area: 'payments',
  summary: 'Refund a payment, whole or in part; the provider’s confirmation follows.',
  ifItFails: 'Customers do not get their money back until staff use the provider’s dashboard.',
  routes: ['POST /v1/admin/payments/{paymentId}/refund'],
  params: paymentParams,
  body: z.strictObject({
    /** Absent: all that is left. */
    amount: z.optional(amount),
    reason: text(250),
    /** Required where the payment bought a plan. */
    plan: z.optional(z.enum(['now', 'period_end', 'keep'])),
    /** Of a payment that was paid more than once: which. */
    providerPaymentId: z.optional(providerId),
  }),
  success: 202,
  output: refundView,
  idempotency: 'guard',
  errors: ['not_found', 'conflict'],
  grants: { table: 'readWrite', paymentSecret: true },
  // Two rounds of writing and the provider's own eight seconds.
  limits: { timeoutSeconds: 29 },
})

export const listRefunds = http({
  id: 'listRefunds',
  area: 'payments',
  summary: 'The refunds of a payment, newest first, those made at the provider included.',
  ifItFails: 'Staff cannot see whether a refund has arrived.',
  routes: ['GET /v1/admin/payments/{paymentId}/refunds'],
  params: paymentParams,
  success: 200,
  output: z.object({ data: z.array(refundView) }),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

export const reviewPayment = http({
  id: 'reviewPayment',
  area: 'payments',
  summary:
    'Decide on a payment in review: grant what was bought, keep the money as account credit, or mark it dealt with.',
  ifItFails: 'Payments in review stay there; customers have paid and wait.',
  routes: ['POST /v1/admin/payments/{paymentId}/review'],
  params: paymentParams,
  body: z.strictObject({
    providerPaymentId: providerId,
    as: z.enum(['settled', 'kept', 'returned']),
    reason: z.optional(text(250)),
  }),
  success: 200,
  output: anyPayment,
  idempotency: 'record',
  errors: ['not_found', 'conflict'],
  grants: { table: 'readWrite', paymentSecret: true },
  limits: { timeoutSeconds: 29 },
})

export const listAllPayments = http({
  id: 'listAllPayments',
  area: 'payments',
  summary: 'Payments of all accounts, newest first; without "from" those of the last twelve months.',
  ifItFails: 'Staff cannot look through payments.',
  routes: ['GET /v1/admin/payments'],
  query: z.strictObject({
    ...pageQuery,
    status: z.optional(z.enum(paymentStatuses)),
    provider: z.optional(z.enum(paymentProviders)),
    type: z.optional(z.enum(paymentTypes)),
    /** A payment's id, a provider's order or payment id, or an account's id. */
    q: z.optional(z.string().check(z.regex(/^[A-Za-z0-9._:|@=-]{1,128}$/))),
    /** Inclusive. */
    from: z.optional(instant),
    /** Exclusive. */
    to: z.optional(instant),
  }),
  success: 200,
  output: pageOf(anyPayment),
  idempotency: 'natural',
  errors: [],
  grants: { table: 'read' },
})

const chargeView = z.object({
  providerPaymentId: z.string(),
  captured: orNull(z.object({ amount: minor, currency, at: time })),
  differences: z.array(z.string()),
  unlawful: z.array(z.string()),
  /** What settlement made of it: nothing yet, what was bought, account credit, or held for staff. */
  as: orNull(z.enum(['granted', 'account_credit', 'held'])),
  refunded: minor,
  /** In disputes. */
  lost: minor,
  /** Went back at the provider while the account credit that it had become was spent: nobody could take it. */
  creditShort: minor,
  refundable: minor,
  resolved: orNull(z.object({ as: z.enum(['settled', 'kept', 'returned']), at: time })),
})

export const getAnyPayment = http({
  id: 'getAnyPayment',
  area: 'payments',
  summary: 'One payment with its order, charges, refunds, disputes and documents.',
  ifItFails: 'Staff cannot see what became of a payment.',
  routes: ['GET /v1/admin/payments/{paymentId}'],
  params: paymentParams,
  success: 200,
  output: z.object({
    ...paymentRow,
    lines: z.array(
      z.object({ kind: z.string(), description: z.string(), quantity: z.int(), net: minor, tax: minor, total: minor }),
    ),
    adjustments: z.array(z.object({ kind: z.string(), amount: minor })),
    charges: z.array(chargeView),
    refunds: z.array(refundView),
    disputes: z.array(
      z.object({
        id: z.string(),
        providerPaymentId: orNull(z.string()),
        amount: minor,
        state: z.enum(['open', 'won', 'lost']),
        /** It is lost unless it is answered by then. */
        respondBy: orNull(time),
        /** The provider's word. */
        reason: orNull(z.string()),
        /** For good. */
        taken: minor,
        decidedAt: orNull(time),
      }),
    ),
    invoices: z.array(documentView),
  }),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

const discountView = z.object({
  id: ourId('dsc'),
  accountId: z.string(),
  percentOff: orNull(z.int()),
  amountOff: orNull(minor),
  currency: orNull(currency),
  planId: orNull(z.string()),
  productId: orNull(z.string()),
  group: orNull(z.string()),
  reason: z.string(),
  expiresAt: time,
  /** The payment that took it. */
  paymentId: orNull(ourId('fpay')),
  status: z.enum(['open', 'used', 'expired']),
  createdAt: time,
})

export const createDiscount = http({
  id: 'createDiscount',
  area: 'payments',
  summary: 'Give an account a discount, once, until an instant; it is shown with its reason on the order.',
  ifItFails: 'Staff cannot give a customer a discount.',
  routes: ['POST /v1/admin/accounts/{accountId}/discounts'],
  body: z
    .strictObject({
      percentOff: z.optional(z.int().check(z.minimum(1), z.maximum(100))),
      amountOff: z.optional(amount),
      currency: z.optional(currency),
      /** What it is for; absent members: any. */
      planId: z.optional(catalogueId),
      productId: z.optional(catalogueId),
      group: z.optional(catalogueId),
      expiresAt: instant,
      reason: text(120),
    })
    .check(
      z.refine(
        ({ percentOff, amountOff, currency: of }) =>
          percentOff === undefined
            ? amountOff !== undefined && of !== undefined
            : amountOff === undefined && of === undefined,
        'has either "percentOff", or "amountOff" with "currency"',
      ),
    ),
  success: 201,
  output: discountView,
  idempotency: 'record',
  errors: ['not_found', 'conflict'],
  grants: { table: 'readWrite', writeKeys: ['ACCOUNT#*', 'AUDIT#*', 'STAFF#*'] },
})

export const listDiscounts = http({
  id: 'listDiscounts',
  area: 'payments',
  summary: 'The discounts that staff gave an account, newest first, used and expired ones included.',
  ifItFails: 'Staff cannot see which discounts an account was given.',
  routes: ['GET /v1/admin/accounts/{accountId}/discounts'],
  query: z.strictObject(pageQuery),
  success: 200,
  output: pageOf(discountView),
  idempotency: 'natural',
  errors: [],
  grants: { table: 'read' },
})

export const deleteDiscount = http({
  id: 'deleteDiscount',
  area: 'payments',
  summary: 'Take a discount back that no order has used.',
  ifItFails: 'A discount given by mistake can be used.',
  routes: ['DELETE /v1/admin/accounts/{accountId}/discounts/{discountId}'],
  params: z.strictObject({ discountId: ourId('dsc') }),
  success: 204,
  idempotency: 'natural',
  errors: ['not_found', 'conflict'],
  grants: { table: 'readWrite', writeKeys: ['ACCOUNT#*', 'AUDIT#*'] },
})

const settingParams = z.strictObject({ key: z.string().check(z.regex(/^[a-z][a-z0-9-]{0,39}$/)) })
const settingView = z.object({
  key: z.string(),
  /** 0: nothing was ever set, and the value is what holds without it. */
  version: z.int(),
  value: paymentSettingsSchema,
  updatedAt: orNull(time),
  /** The member of staff, by the login's subject. */
  updatedBy: orNull(z.string()),
})

export const getSetting = http({
  id: 'getSetting',
  area: 'payments',
  summary: 'A setting as it holds, with its version.',
  ifItFails: 'Staff cannot see the settings.',
  routes: ['GET /v1/admin/settings/{key}'],
  params: settingParams,
  success: 200,
  output: settingView,
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

export const putSetting = http({
  id: 'putSetting',
  area: 'payments',
  summary: 'Set a setting as a whole; it holds everywhere within a minute. Earlier versions are kept.',
  ifItFails: 'Seller, taxes and providers cannot be changed.',
  routes: ['PUT /v1/admin/settings/{key}'],
  params: settingParams,
  body: z.strictObject({
    value: paymentSettingsSchema,
    /** The version that was read; another one by now is a conflict. Absent: whatever is there. */
    version: z.optional(z.int().check(z.minimum(0), z.maximum(999_999))),
  }),
  success: 200,
  output: settingView,
  idempotency: 'natural',
  errors: ['not_found', 'conflict'],
  grants: { table: 'readWrite', writeKeys: ['SETTING#*', 'AUDIT#*'] },
})
