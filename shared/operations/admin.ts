import * as z from 'zod/mini'
import { subscriptionStatuses } from '#domain/subscription'
import { accountView } from './accounts.ts'
import { dueQueues, http, scopes, worker } from './definition.ts'
import { accountId, catalogueId, instant, orNull, ourId, pageOf, pageQuery, reason, text, time } from './fields.ts'

export const subscriptionView = z.object({
  id: ourId('sub'),
  planId: catalogueId,
  priceId: catalogueId,
  status: z.enum(subscriptionStatuses),
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
    /** Also over a plan that was bought: that is over for good, and what is left of its money is account credit. */
    replace: z.optional(z.boolean()),
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

const suspension = {
  area: 'admin' as const,
  params: z.strictObject({ userId: accountId }),
  body: z.strictObject({ reason }),
  success: 200 as const,
  output: accountView,
  idempotency: 'record' as const,
  grants: { table: 'readWrite' as const },
}

export const suspendUser = http({
  ...suspension,
  id: 'suspendUser',
  summary: 'Suspend an account: it reads, exports and pays, and does nothing else.',
  ifItFails: 'Staff cannot stop an account that does harm.',
  routes: ['POST /v1/admin/users/{userId}/suspend'],
  errors: ['not_found', 'conflict'],
})

export const unsuspendUser = http({
  ...suspension,
  id: 'unsuspendUser',
  summary: 'Lift the suspension of an account.',
  ifItFails: 'An account that was suspended by mistake stays stopped.',
  routes: ['POST /v1/admin/users/{userId}/unsuspend'],
  errors: ['not_found', 'conflict'],
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
  /** `advancing`: on its way from `from` to `target`; what is due in between happens at its own instant. */
  status: z.enum(['ready', 'advancing']),
  from: z.optional(time),
  target: z.optional(time),
  /** It stands still, or will at the target. */
  frozen: z.boolean(),
  /** Things that were due on the way and did not move while they were waited for. */
  stuck: z.optional(z.int()),
  mode: z.enum(['test', 'live']),
})

export const getClock = http({
  id: 'getClock',
  area: 'admin',
  summary: 'What time the deployment believes it is, and where its clock is going.',
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
    'Turn the test clock: advance it by a duration, set it, freeze it or let it go on. Only forward, only in test mode. What is due on the way happens at its instant; 202 where that goes on.',
  ifItFails: 'Testers cannot travel in time.',
  routes: ['POST /v1/admin/clock'],
  body: z.strictObject({
    /** ISO 8601 duration, e.g. `P1M`, `PT15M`. */
    advance: z.optional(text(40)),
    now: z.optional(instant),
    freeze: z.optional(z.boolean()),
  }),
  success: 200,
  later: 202,
  output: clockView,
  idempotency: 'record',
  errors: ['conflict'],
  grants: { table: 'readWrite', writeKeys: ['CLOCK', 'AUDIT#*', 'STAFF#*'], send: [...dueQueues, 'clock'] },
  limits: { timeoutSeconds: 28 },
})

export const advanceClock = worker({
  id: 'advanceClock',
  area: 'admin',
  summary: 'Take the test clock on to its target, from due instant to due instant.',
  ifItFails: 'The test clock stands on its way; setting it to the same target again takes it on.',
  queue: 'clock',
  message: z.strictObject({ requestId: z.string().check(z.maxLength(200)) }),
  batchSize: 1,
  maxReceives: 5,
  grants: { table: 'readWrite', writeKeys: ['CLOCK'], send: [...dueQueues, 'clock'] },
  limits: { timeoutSeconds: 180 },
})
