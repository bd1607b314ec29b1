import * as z from 'zod/mini'
import { paymentProviders } from '#domain/moneyCharge'
import { webhookStatuses } from '#domain/webhook'
import { http, worker } from './definition.ts'
import { instant, orNull, ourId, pageOf, pageQuery, time } from './fields.ts'

const provider = z.enum(paymentProviders)
/** Stripe's event id, or the SHA-256 of the body: the gateways let nothing else through. */
const eventKey = z.string().check(z.regex(/^[A-Za-z0-9_.:=-]{1,255}$/))
const webhookId = z.string().check(z.regex(/^(razorpay|paystack|stripe):[A-Za-z0-9_.:=-]{1,255}$/))

export const receiveWebhook = http({
  id: 'receiveWebhook',
  area: 'webhooks',
  summary: 'Take a payment provider’s event: signed, stored once, worked off afterwards.',
  ifItFails: 'Payments show late, by the reconciler; providers send their events again for a day or more.',
  routes: ['POST /v1/webhooks/{provider}'],
  params: z.strictObject({ provider }),
  takesRaw: true,
  success: 200,
  output: z.object({ received: z.boolean(), duplicate: z.boolean() }),
  idempotency: 'guard',
  errors: ['not_found', 'invalid_signature'],
  grants: { table: 'readWrite', writeKeys: ['EVT#*', 'RATE#*'], send: ['webhook'], paymentSecret: true },
})

export const processWebhook = worker({
  id: 'processWebhook',
  area: 'webhooks',
  summary: 'Act on one provider’s event: ask the provider what is so, and settle it once.',
  ifItFails: 'Payments, refunds and disputes show late, by the reconciler.',
  queue: 'webhook',
  message: z.strictObject({
    provider,
    eventKey,
    /** The try that a delayed message was made for. */
    attempt: z.exactOptional(z.int()),
    requestId: z.string(),
  }),
  batchSize: 10,
  maxReceives: 3,
  grants: { table: 'readWrite', send: ['webhook'], paymentSecret: true },
  // Ten events, each with a provider's time-out or two of 8 s.
  limits: { timeoutSeconds: 180 },
})

const webhookView = {
  id: webhookId,
  provider,
  /** The provider's name of the event; empty when it could not be read. */
  kind: z.string(),
  status: z.enum(webhookStatuses),
  attempts: z.int(),
  receivedAt: time,
  nextAttemptAt: orNull(time),
  processedAt: orNull(time),
  /** A word of ours, never a provider's text. */
  lastError: orNull(z.string()),
  paymentId: orNull(ourId('fpay')),
  accountId: orNull(z.string()),
}

export const listWebhooks = http({
  id: 'listWebhooks',
  area: 'webhooks',
  summary: 'Received events, newest first, by provider, status and time.',
  ifItFails: 'Staff cannot see which events wait or failed; events are worked off all the same.',
  routes: ['GET /v1/admin/webhooks'],
  query: z.strictObject({
    ...pageQuery,
    provider: z.optional(provider),
    status: z.optional(z.enum(webhookStatuses)),
    /** Of receipt; inclusive. Default: 90 days before `to`, which is how long events are kept. */
    from: z.optional(instant),
    /** Exclusive. Default: now. */
    to: z.optional(instant),
  }),
  success: 200,
  output: pageOf(z.object(webhookView)),
  idempotency: 'natural',
  errors: [],
  grants: { table: 'read' },
})

export const getWebhook = http({
  id: 'getWebhook',
  area: 'webhooks',
  summary: 'One event with its payload, contact details and tokens masked.',
  ifItFails: 'Staff cannot look into an event; it is worked off all the same.',
  routes: ['GET /v1/admin/webhooks/{webhookId}'],
  params: z.strictObject({ webhookId }),
  success: 200,
  output: z.object({
    ...webhookView,
    /** Null when the body is no JSON object. */
    payload: orNull(z.record(z.string(), z.unknown())),
  }),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

export const replayWebhook = http({
  id: 'replayWebhook',
  area: 'webhooks',
  summary: 'Work off one event again; what it brought about before is not brought about twice.',
  ifItFails: 'An event that failed stays undone until the reconciler looks.',
  routes: ['POST /v1/admin/webhooks/{webhookId}/replay'],
  params: z.strictObject({ webhookId }),
  success: 202,
  output: z.object(webhookView),
  idempotency: 'record',
  errors: ['not_found'],
  grants: { table: 'readWrite', writeKeys: ['EVT#*', 'AUDIT#*', 'STAFF#*'], send: ['webhook'] },
})

export const replayDeadWebhooks = http({
  id: 'replayDeadWebhooks',
  area: 'webhooks',
  summary: 'Work off again, oldest first, events that died or could not be read, up to 50 at a time.',
  ifItFails: 'Events that failed must be replayed one by one.',
  routes: ['POST /v1/admin/webhooks/replay'],
  body: z.strictObject({ status: z.enum(['dead', 'failed']), provider: z.optional(provider) }),
  success: 202,
  output: z.object({ replayed: z.int(), more: z.boolean() }),
  idempotency: 'record',
  errors: [],
  grants: { table: 'readWrite', writeKeys: ['EVT#*', 'AUDIT#*', 'STAFF#*'], send: ['webhook'] },
})
