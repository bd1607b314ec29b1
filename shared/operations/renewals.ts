import * as z from 'zod/mini'
import { http, job, worker } from './definition.ts'
import { accountId, currency, ourId, text } from './fields.ts'

export const settleSubscription = worker({
  id: 'settleSubscription',
  area: 'subscriptions',
  summary:
    'Do what a subscription waits for: renew it, try again, follow a charge, remind, begin a paid period, end it.',
  ifItFails: 'Renewals are not charged; access goes on until grace is over, and ends at its instant all the same.',
  queue: 'renewal',
  message: z.object({ accountId, subscriptionId: ourId('sub'), requestId: text(128) }),
  batchSize: 2,
  maxReceives: 5,
  grants: { table: 'readWrite', paymentSecret: true },
  // Two charges, each with look-ups before and after and waits in between, at a provider that takes its time.
  limits: { timeoutSeconds: 180 },
})

export const startRenewals = job({
  id: 'startRenewals',
  area: 'subscriptions',
  summary: 'The daily run: queue every subscription that is due. The sweep of every quarter of an hour does the same.',
  ifItFails: 'Nothing is lost: the sweep every quarter of an hour finds the same subscriptions.',
  schedule: 'cron(0 2 * * ? *)',
  grants: { table: 'read', send: ['renewal'] },
  limits: { timeoutSeconds: 300 },
})

export const runRenewals = http({
  id: 'runRenewals',
  area: 'subscriptions',
  summary: 'Queue by hand every subscription that was due by the end of a day; none is charged before it is due.',
  ifItFails: 'Staff cannot hurry renewals; they are done by the sweep.',
  routes: ['POST /v1/admin/renewals/run'],
  body: z.optional(z.strictObject({ date: z.optional(z.iso.date()) })),
  success: 202,
  output: z.object({ date: z.iso.date(), queued: z.int() }),
  idempotency: 'guard',
  errors: [],
  grants: { table: 'read', send: ['renewal'] },
  limits: { timeoutSeconds: 29 },
})

const figures = {
  due: z.int(),
  renewed: z.int(),
  failed: z.int(),
  skipped: z.int(),
  amounts: z.array(z.object({ currency, amount: z.int() })),
}

export const listRenewalRuns = http({
  id: 'listRenewalRuns',
  area: 'subscriptions',
  summary: 'What the renewals of each day of a month came to, newest first.',
  ifItFails: 'Staff do not see how renewals went; they are done all the same.',
  routes: ['GET /v1/admin/renewals/runs'],
  query: z.strictObject({
    month: z.optional(z.string().check(z.regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'is a month such as 2026-01'))),
  }),
  success: 200,
  output: z.object({ month: z.string(), data: z.array(z.object({ day: z.iso.date(), ...figures })) }),
  idempotency: 'natural',
  errors: [],
  grants: { table: 'read' },
})

export const getRenewalStats = http({
  id: 'getRenewalStats',
  area: 'subscriptions',
  summary: 'How renewals went in the last days, and how many subscriptions fall due in the next seven.',
  ifItFails: 'Staff do not see how renewals go; they are done all the same.',
  routes: ['GET /v1/admin/renewals/stats'],
  query: z.strictObject({
    days: z.optional(z.string().check(z.regex(/^([1-9]|[12][0-9]|30)$/, 'is a whole number from 1 to 30'))),
  }),
  success: 200,
  output: z.object({
    days: z.int(),
    ...figures,
    /** Of those renewed or failed; null: there were none. */
    successRate: z.nullable(z.number()),
    dueInSevenDays: z.int(),
    /** False: more may fall due than were counted. */
    dueIsComplete: z.boolean(),
  }),
  idempotency: 'natural',
  errors: [],
  grants: { table: 'read' },
})
