import * as z from 'zod/mini'
import { authorizer, http } from './definition.ts'
import { catalogueId, currency, orNull, ourId, pageOf, pageQuery, text, time } from './fields.ts'
import { checkoutView, purchaseFields } from './payments.ts'

const amount = z.int()

export const purchaseView = z.object({
  id: ourId('pur'),
  paymentId: ourId('fpay'),
  productId: catalogueId,
  name: z.string(),
  group: catalogueId,
  quantity: z.int(),
  amount,
  currency,
  createdAt: time,
  /** Refunded: it counts no longer. */
  revokedAt: orNull(time),
})

export const createPurchase = http({
  id: 'createPurchase',
  area: 'purchases',
  summary: 'Buy an item; one that the plan gives free is the account’s at once.',
  ifItFails: 'Nobody can buy items or take the free ones of their plan.',
  routes: ['POST /v1/me/purchases', 'POST /v1/accounts/{accountId}/purchases', 'POST /v1/visitor/purchases'],
  scope: 'payments:write',
  body: z.strictObject({ ...purchaseFields, productId: catalogueId, paymentMethodId: z.optional(ourId('pmt')) }),
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

export const listPurchases = http({
  id: 'listPurchases',
  area: 'purchases',
  summary: 'The items that were bought, newest first.',
  ifItFails: 'Customers cannot see or open what they bought.',
  routes: ['GET /v1/me/purchases', 'GET /v1/accounts/{accountId}/purchases', 'GET /v1/visitor/purchases'],
  scope: 'payments:read',
  query: z.strictObject({ ...pageQuery, productId: z.optional(catalogueId) }),
  success: 200,
  output: pageOf(purchaseView),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

const quoteLine = z.object({ kind: z.enum(['plan', 'manual', 'coupon']), label: z.string(), amount })

export const quoteDiscount = http({
  id: 'quoteDiscount',
  area: 'purchases',
  summary: 'What a product would cost this account now; the purchase that brings the token pays exactly that.',
  ifItFails: 'Customers do not see their discounts before they buy; they get them all the same.',
  routes: [
    'GET /v1/me/discounts/quote',
    'GET /v1/accounts/{accountId}/discounts/quote',
    'GET /v1/visitor/discounts/quote',
  ],
  scope: 'payments:read',
  query: z.strictObject({
    productId: catalogueId,
    quantity: z.optional(z.string().check(z.regex(/^([1-9][0-9]?|100)$/, 'is a whole number from 1 to 100'))),
    couponCode: z.optional(text(64)),
  }),
  success: 200,
  output: z.object({
    productId: catalogueId,
    quantity: z.int(),
    currency,
    gross: amount,
    discounts: z.array(quoteLine),
    tax: amount,
    total: amount,
    expiresAt: time,
    quote: z.string(),
  }),
  idempotency: 'natural',
  errors: ['not_found', 'coupon_invalid', 'conflict'],
  grants: { table: 'read', paymentSecret: true },
})

export const createSession = http({
  id: 'createSession',
  area: 'purchases',
  summary: 'A session for a visitor who buys without an account; its token is shown once and good for 30 days.',
  ifItFails: 'Visitors cannot buy without logging in.',
  routes: ['POST /v1/sessions'],
  success: 201,
  output: z.object({ sessionId: z.string(), token: z.string(), accountId: z.string(), expiresAt: time }),
  idempotency: 'natural',
  errors: [],
  grants: { table: 'readWrite', writeKeys: ['SESSION#*'] },
})

export const claimSession = http({
  id: 'claimSession',
  area: 'purchases',
  summary: 'Move what a visitor bought to the caller’s account, once. What is paid later follows by itself.',
  ifItFails: 'What was bought before logging in does not appear in the account.',
  routes: ['POST /v1/me/claim'],
  body: z.strictObject({
    sessionToken: z.string().check(z.regex(/^fgs_(test|live)_[A-Za-z0-9_-]{43}$/, 'must be a session token')),
  }),
  success: 200,
  output: z.object({ purchases: z.array(purchaseView) }),
  idempotency: 'guard',
  errors: ['not_found', 'conflict'],
  grants: { table: 'readWrite' },
})

export const authorizeVisitor = authorizer({
  id: 'authorizeVisitor',
  of: 'visitor',
  area: 'purchases',
  summary: 'Decide whether a session token is one of ours and still good.',
  ifItFails: 'No visitor gets in: everything they ask is refused.',
  grants: { table: 'read' },
})
