import * as z from 'zod/mini'
import { http, job, stream, worker } from './definition.ts'
import { noticeData, noticeKind } from './fields.ts'

export const getHealth = http({
  id: 'getHealth',
  area: 'operation',
  summary: 'Is it up, and does the table answer?',
  ifItFails: 'Uptime checks raise an alarm.',
  routes: ['GET /v1/health'],
  success: 200,
  output: z.object({
    status: z.enum(['ok', 'degraded']),
    version: z.string(),
    checks: z.object({ table: z.enum(['ok', 'failed']), catalogue: z.enum(['ok', 'failed']) }),
  }),
  idempotency: 'natural',
  errors: [],
  grants: { table: 'read' },
})

export const getOpenapi = http({
  id: 'getOpenapi',
  area: 'operation',
  summary: 'This API as an OpenAPI 3.1 document.',
  ifItFails: 'Clients cannot be generated from the running system.',
  routes: ['GET /openapi.json'],
  success: 200,
  output: z.record(z.string(), z.unknown()),
  idempotency: 'natural',
  errors: [],
  grants: { table: 'none' },
})

export const showDocs = http({
  id: 'showDocs',
  area: 'operation',
  summary: 'The API’s reference as a page.',
  ifItFails: 'Developers cannot read the reference.',
  routes: ['GET /docs'],
  success: 200,
  output: z.string(),
  outputType: 'text/html; charset=utf-8',
  idempotency: 'natural',
  errors: [],
  grants: { table: 'none' },
})

export const showErrorPage = http({
  id: 'showErrorPage',
  area: 'operation',
  summary: 'What an error code means and what to do about it.',
  ifItFails: 'Developers cannot look up an error code.',
  routes: ['GET /docs/errors/{code}'],
  params: z.strictObject({ code: z.string().check(z.regex(/^[a-z_]{1,40}$/)) }),
  success: 200,
  output: z.string(),
  outputType: 'text/html; charset=utf-8',
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'none' },
})

export const publishOutbox = stream({
  id: 'publishOutbox',
  area: 'operation',
  summary: 'Send outbox rows on as they are committed.',
  ifItFails: 'Notices and invoice numbers come up to half an hour late, by the sweeper.',
  keyPrefix: 'OUT#',
  batchSize: 25,
  grants: { table: 'readWrite', writeKeys: ['OUT#*'], send: ['outbox', 'number'] },
})

export const sweepOutbox = job({
  id: 'sweepOutbox',
  area: 'operation',
  summary: 'Send outbox rows that the stream left behind, and wake the numbering of invoices that still wait.',
  ifItFails: 'Notices that the stream missed stay unsent, and invoices without a number.',
  schedule: 'rate(15 minutes)',
  grants: { table: 'readWrite', writeKeys: ['OUT#*'], send: ['outbox', 'number'] },
  limits: { timeoutSeconds: 120 },
})

export const deliverNotice = worker({
  id: 'deliverNotice',
  area: 'operation',
  summary: 'Put a notice where the account can read it.',
  ifItFails: 'Accounts are not told of limits and payments.',
  queue: 'outbox',
  message: z.object({
    id: z.string(),
    kind: noticeKind,
    accountId: z.string(),
    createdAt: z.int(),
    feature: z.exactOptional(z.string()),
    used: z.exactOptional(z.int()),
    limit: z.exactOptional(z.int()),
    resetsAt: z.exactOptional(z.int()),
    data: z.exactOptional(noticeData),
    requestId: z.string(),
  }),
  batchSize: 10,
  maxReceives: 5,
  grants: { table: 'readWrite', writeKeys: ['ACCOUNT#*'] },
})

export const auditLedgers = job({
  id: 'auditLedgers',
  area: 'operation',
  summary: 'Start the nightly audit of every account’s ledger.',
  ifItFails: 'A difference between ledger and balance would stay unseen for a day.',
  schedule: 'cron(30 3 * * ? *)',
  grants: { table: 'none', send: ['audit'] },
})

export const auditLedger = worker({
  id: 'auditLedger',
  area: 'operation',
  summary: 'Prove that an account’s ledger adds up to its balance, and book what has fallen due.',
  ifItFails: 'A difference between ledger and balance would stay unseen for a day.',
  queue: 'audit',
  message: z.strictObject({ shard: z.int(), after: z.exactOptional(z.record(z.string(), z.string())) }),
  batchSize: 1,
  maxReceives: 3,
  grants: { table: 'readWrite', send: ['audit'] },
  limits: { timeoutSeconds: 300 },
})
