import * as z from 'zod/mini'
import { http } from './definition.ts'
import { catalogueId, credits, limit, orNull, ourId, quantity, text, time, upgradeOffer } from './fields.ts'

const kind = z.enum(['flag', 'metered', 'gauge', 'level', 'choice'])

/** `limit`, `used`, `remaining` and `resetsAt` are null where the kind has none. */
const standing = {
  feature: catalogueId,
  kind,
  planId: orNull(catalogueId),
  limit: orNull(limit),
  used: orNull(z.int()),
  remaining: orNull(z.int()),
  resetsAt: orNull(time),
}

export const check = http({
  id: 'check',
  area: 'entitlements',
  summary: 'May this account do this? With `consume` it takes usage and credits in the same atomic step.',
  ifItFails: 'Products cannot ask what their customers may do: gated features stop.',
  routes: ['POST /v1/accounts/{accountId}/check'],
  scope: 'check',
  body: z.strictObject({
    feature: catalogueId,
    quantity: z._default(quantity, 1),
    /** For a `level` or `choice` feature: the value asked for. */
    value: z.optional(text(64)),
    consume: z._default(z.boolean(), false),
    /** Credits, instead of `creditCost × quantity`. */
    cost: z.optional(z.int().check(z.minimum(0), z.maximum(1_000_000_000_000))),
    /** Also counts against the plan's request rate. */
    rate: z._default(z.boolean(), false),
  }),
  success: 200,
  output: z.object({
    allowed: z.boolean(),
    ...standing,
    value: z.optional(orNull(z.union([z.string(), z.boolean()]))),
    credits: z.object({ cost: z.int(), balance: z.int() }),
    reason: z.optional(
      z.enum([
        'insufficient_credits',
        'usage_limit_reached',
        'feature_not_in_plan',
        'subscription_inactive',
        'rate_limited',
      ]),
    ),
    retryAfter: z.optional(z.int()),
    upgrade: z.optional(upgradeOffer),
    usageId: z.optional(ourId('use')),
  }),
  idempotency: 'guard',
  errors: ['not_found', 'account_suspended'],
  grants: { table: 'readWrite' },
})

const entitlementView = z.object({
  ...standing,
  /** On or at all usable on the plan of this moment; nothing is while the account is suspended. */
  enabled: z.boolean(),
  value: orNull(z.string()),
  window: orNull(z.enum(['minute', 'hour', 'day', 'month', 'period', 'lifetime'])),
  creditCost: orNull(credits),
  overage: orNull(z.object({ unitAmount: z.string(), maxAmount: orNull(z.int()) })),
})

export const listEntitlements = http({
  id: 'listEntitlements',
  area: 'entitlements',
  summary: 'Everything the account may do, with what is used and left.',
  ifItFails: 'Pages that show what a plan gives stay empty; checks go on working.',
  routes: ['GET /v1/me/entitlements', 'GET /v1/accounts/{accountId}/entitlements'],
  scope: 'usage:read',
  success: 200,
  output: z.object({ planId: orNull(catalogueId), features: z.array(entitlementView) }),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

export const getEntitlement = http({
  id: 'getEntitlement',
  area: 'entitlements',
  summary: 'One feature: what the plan gives, what is used and left.',
  ifItFails: 'Pages that show one feature stay empty; checks go on working.',
  routes: ['GET /v1/me/entitlements/{feature}', 'GET /v1/accounts/{accountId}/entitlements/{feature}'],
  scope: 'usage:read',
  params: z.strictObject({ feature: catalogueId }),
  success: 200,
  output: entitlementView,
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})
