import * as z from 'zod/mini'
import { http, scopes } from './definition.ts'
import { catalogueId, instant, orNull, ourId, pageOf, pageQuery, reason, text, time } from './fields.ts'

export const subscriptionView = z.object({
  id: ourId('sub'),
  planId: catalogueId,
  priceId: catalogueId,
  status: z.enum(['pending', 'trialing', 'active', 'past_due', 'canceled', 'expired']),
  complimentary: z.boolean(),
  currentPeriodStart: time,
  currentPeriodEnd: orNull(time),
  createdAt: time,
})

export const grantPlan = http({
  id: 'grantPlan',
  area: 'admin',
  summary: 'Give an account a plan, free of charge, until an instant or for good.',
  ifItFails: 'Staff cannot mend an account’s plan by hand.',
  routes: ['POST /v1/admin/accounts/{accountId}/plan'],
  body: z.strictObject({
    priceId: catalogueId,
    until: z.optional(instant),
    reason,
  }),
  success: 200,
  output: subscriptionView,
  idempotency: 'record',
  errors: ['not_found', 'conflict'],
  grants: { table: 'readWrite' },
})

export const adjustCredits = http({
  id: 'adjustCredits',
  area: 'admin',
  summary: 'Correct a balance by hand, up or down, with a reason.',
  ifItFails: 'Staff cannot mend a balance by hand.',
  routes: ['POST /v1/admin/accounts/{accountId}/credits/adjust'],
  body: z.strictObject({
    amount: z.int().check(
      z.minimum(-1_000_000_000_000),
      z.maximum(1_000_000_000_000),
      z.refine((value) => value !== 0, 'is not 0'),
    ),
    reason,
  }),
  success: 201,
  output: z.object({ entryId: ourId('led'), amount: z.int(), balance: z.int() }),
  idempotency: 'guard',
  errors: ['not_found', 'conflict', 'insufficient_credits'],
  grants: { table: 'readWrite' },
})

const keyView = {
  id: ourId('key'),
  name: z.string(),
  scopes: z.array(z.enum(scopes)),
  createdAt: time,
  lastUsedAt: orNull(time),
  revokedAt: orNull(time),
}

export const createApiKey = http({
  id: 'createApiKey',
  area: 'admin',
  summary: 'Make an API key for a server of the product. The key is shown once.',
  ifItFails: 'New servers of the product cannot be connected.',
  routes: ['POST /v1/admin/api-keys'],
  body: z.strictObject({
    name: text(100),
    scopes: z.array(z.enum(scopes)).check(z.minLength(1), z.maxLength(scopes.length)),
  }),
  success: 201,
  output: z.object({ ...keyView, key: z.optional(z.string()) }),
  secrets: ['key'],
  idempotency: 'record',
  errors: [],
  grants: { table: 'readWrite' },
})

export const listApiKeys = http({
  id: 'listApiKeys',
  area: 'admin',
  summary: 'API keys, newest first; never the keys themselves.',
  ifItFails: 'Staff cannot see which servers have access.',
  routes: ['GET /v1/admin/api-keys'],
  query: z.strictObject(pageQuery),
  success: 200,
  output: pageOf(z.object(keyView)),
  idempotency: 'natural',
  errors: [],
  grants: { table: 'read' },
})

export const revokeApiKey = http({
  id: 'revokeApiKey',
  area: 'admin',
  summary: 'Revoke an API key; it stops working within a minute. Twice is not an error.',
  ifItFails: 'A leaked key keeps working.',
  routes: ['DELETE /v1/admin/api-keys/{keyId}'],
  params: z.strictObject({ keyId: ourId('key') }),
  success: 204,
  idempotency: 'natural',
  errors: ['not_found', 'contended'],
  grants: { table: 'readWrite' },
})

const clockView = z.object({
  now: time,
  status: z.enum(['ready', 'advancing']),
  frozen: z.boolean(),
  mode: z.enum(['test', 'live']),
})

export const getClock = http({
  id: 'getClock',
  area: 'admin',
  summary: 'What time the deployment believes it is.',
  ifItFails: 'Testers cannot read the test clock.',
  routes: ['GET /v1/admin/clock'],
  success: 200,
  output: clockView,
  idempotency: 'natural',
  errors: [],
  grants: { table: 'read' },
})

export const setClock = http({
  id: 'setClock',
  area: 'admin',
  summary:
    'Turn the test clock: advance it by a duration, set it, freeze it or let it go on. Only forward, only in test mode.',
  ifItFails: 'Testers cannot travel in time.',
  routes: ['POST /v1/admin/clock'],
  body: z.strictObject({
    /** ISO 8601 duration, e.g. `P1M`, `PT15M`. */
    advance: z.optional(text(40)),
    now: z.optional(instant),
    freeze: z.optional(z.boolean()),
  }),
  success: 200,
  output: clockView,
  idempotency: 'record',
  errors: ['conflict'],
  grants: { table: 'readWrite' },
})
