import * as z from 'zod/mini'
import { http, job, worker } from './definition.ts'
import { catalogueId, instant, limit, metadata, orNull, ourId, text, time } from './fields.ts'

/** Whole units; negative gives back what `reference` took. */
const signedQuantity = z.int().check(
  z.minimum(-1_000_000_000),
  z.maximum(1_000_000_000),
  z.refine((value) => value !== 0, 'is not 0'),
)

export const usageEvent = z.strictObject({
  feature: catalogueId,
  quantity: z._default(signedQuantity, 1),
  /** When it happened: up to 35 days ago, not in the future. Default: now. */
  at: z.optional(instant),
  metadata: z.optional(metadata),
  outcome: z._default(z.enum(['success', 'failure']), 'success'),
  durationMs: z.optional(z.int().check(z.minimum(0), z.maximum(86_400_000))),
  /** A `usageId`, when giving back; else anything of the caller's own. */
  reference: z.optional(text(200)),
})

/** CloudEvents 1.0, JSON format; `source` and `id` together are the idempotency key. */
const cloudEvent = z.strictObject({
  specversion: z.literal('1.0'),
  id: text(200),
  source: text(500),
  type: text(200),
  subject: z.optional(text(200)),
  time: z.optional(instant),
  datacontenttype: z.optional(z.literal('application/json')),
  dataschema: z.optional(text(500)),
  data: z.omit(usageEvent, { at: true }),
})

const usageResult = z.object({
  usageId: ourId('use'),
  feature: catalogueId,
  used: z.int(),
  limit: orNull(limit),
  remaining: orNull(z.int()),
  resetsAt: orNull(time),
})

/** One line a batch's event: what `POST /usage` would have answered for it alone. */
const batchLine = z.object({
  id: z.string(),
  source: z.string(),
  status: z.int(),
  usage: z.optional(usageResult),
  code: z.optional(z.string()),
  detail: z.optional(z.string()),
})

export const recordUsage = http({
  id: 'recordUsage',
  area: 'usage',
  summary: 'Count use of a metered feature: one event, a CloudEvent, or a batch of up to 100 CloudEvents.',
  ifItFails: 'Use is not counted; callers that retry with their keys lose nothing.',
  routes: ['POST /v1/accounts/{accountId}/usage'],
  scope: 'usage:write',
  body: z.union([usageEvent, cloudEvent, z.array(cloudEvent).check(z.minLength(1), z.maxLength(100))]),
  contentTypes: ['application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json'],
  success: 201,
  output: z.union([usageResult, z.object({ results: z.array(batchLine) })]),
  idempotency: 'guard',
  errors: [
    'not_found',
    'usage_limit_reached',
    'feature_not_in_plan',
    'payment_required',
    'insufficient_credits',
    'account_suspended',
    'conflict',
  ],
  grants: { table: 'readWrite' },
})

export const setGauge = http({
  id: 'setGauge',
  area: 'usage',
  summary: 'Set how much of a gauge feature (seats, storage) is in use.',
  ifItFails: 'Seats and storage cannot be changed in products that ask first.',
  routes: ['PUT /v1/accounts/{accountId}/usage/{feature}'],
  scope: 'usage:write',
  params: z.strictObject({ feature: catalogueId }),
  body: z.strictObject({ value: z.int().check(z.minimum(0), z.maximum(1_000_000_000_000)) }),
  success: 200,
  output: z.object({
    feature: catalogueId,
    used: z.int(),
    limit: orNull(limit),
    remaining: orNull(z.int()),
    resetsAt: z.null(),
  }),
  idempotency: 'natural',
  errors: [
    'not_found',
    'usage_limit_reached',
    'feature_not_in_plan',
    'payment_required',
    'account_suspended',
    'contended',
  ],
  grants: { table: 'readWrite' },
})

export const getUsage = http({
  id: 'getUsage',
  area: 'usage',
  summary: 'Use in the current windows, with limits and overage so far.',
  ifItFails: 'Nobody can see what they have used; limits go on holding.',
  routes: ['GET /v1/me/usage', 'GET /v1/accounts/{accountId}/usage'],
  scope: 'usage:read',
  success: 200,
  output: z.object({
    data: z.array(
      z.object({
        feature: catalogueId,
        kind: z.enum(['metered', 'gauge']),
        unit: orNull(z.string()),
        window: orNull(z.enum(['minute', 'hour', 'day', 'month', 'period', 'lifetime'])),
        windowStart: orNull(time),
        used: z.int(),
        limit,
        remaining: orNull(z.int()),
        resetsAt: orNull(time),
        overage: orNull(z.object({ quantity: z.int(), amount: z.int(), currency: z.string() })),
      }),
    ),
  }),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

const day = z.string().check(z.regex(/^\d{4}-\d{2}-\d{2}$/))

export const getUsageHistory = http({
  id: 'getUsageHistory',
  area: 'usage',
  summary: 'Daily or monthly totals of a feature, in the account’s zone.',
  ifItFails: 'Usage charts stay empty; counting goes on.',
  routes: ['GET /v1/me/usage/history', 'GET /v1/accounts/{accountId}/usage/history'],
  scope: 'usage:read',
  query: z.strictObject({
    feature: catalogueId,
    /** Inclusive; at most 366 days, or 60 months. Default: the last 30 days. */
    from: z.optional(day),
    to: z.optional(day),
    by: z._default(z.enum(['day', 'month']), 'day'),
  }),
  success: 200,
  output: z.object({
    feature: catalogueId,
    by: z.enum(['day', 'month']),
    data: z.array(z.object({ on: z.string(), used: z.int() })),
  }),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

export const sweepDue = job({
  id: 'sweepDue',
  area: 'usage',
  summary:
    'Find what has fallen due (windows to close, subscriptions to renew, payments to ask about, events to try again) and queue it.',
  ifItFails:
    'Usage history lags behind, and money whose event was lost shows late; limits and balances depend on no job.',
  schedule: 'rate(15 minutes)',
  grants: { table: 'read', send: ['due', 'payment', 'renewal', 'webhook'] },
  limits: { timeoutSeconds: 300 },
})

export const settleDue = worker({
  id: 'settleDue',
  area: 'usage',
  summary: 'Settle one thing that has fallen due: close a window into history, end a granted plan, book the allowance.',
  ifItFails: 'Usage history and overage lag behind; limits, access and balances stay right, as they depend on no job.',
  queue: 'due',
  message: z.strictObject({ pk: z.string(), sk: z.string() }),
  batchSize: 10,
  maxReceives: 5,
  grants: { table: 'readWrite' },
  limits: { timeoutSeconds: 60 },
})
