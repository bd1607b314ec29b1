import * as z from 'zod/mini'
import { exportSections } from '#domain/accountExport'
import { http } from './definition.ts'
import { accountId, orNull, time } from './fields.ts'

/** What is stored, in the words of the API; instants are ISO 8601, amounts minor units. */
const thing = z.record(z.string(), z.unknown())
const section = z.array(thing)
const sections = Object.fromEntries(exportSections.map((name) => [name, section])) as Record<
  (typeof exportSections)[number],
  typeof section
>

export const exportAccount = http({
  id: 'exportAccount',
  area: 'accounts',
  summary: 'Everything that is stored of the account as one JSON document; one beyond 5 MB goes on at its cursor.',
  ifItFails: 'Customers cannot take their data with them, which the law promises them.',
  routes: ['GET /v1/me/export', 'GET /v1/accounts/{accountId}/export'],
  scope: 'accounts:read',
  query: z.strictObject({ cursor: z.optional(z.string().check(z.maxLength(1_024))) }),
  success: 200,
  output: z.object({
    accountId,
    exportedAt: time,
    /** False: the next part is behind `nextCursor`. */
    complete: z.boolean(),
    nextCursor: orNull(z.string()),
    ...sections,
  }),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
  limits: { timeoutSeconds: 29, memoryMegabytes: 1024 },
})

export const eraseAccount = http({
  id: 'eraseAccount',
  area: 'accounts',
  summary: 'Erase the account: personal data goes, money records stay under the id. Again is the same.',
  ifItFails: 'Customers cannot have their data erased, which the law promises them.',
  routes: ['DELETE /v1/me', 'DELETE /v1/accounts/{accountId}'],
  scope: 'accounts:write',
  memberRole: 'owner',
  success: 200,
  output: z.object({ status: z.literal('erased'), erasedAt: time }),
  idempotency: 'natural',
  errors: ['not_found', 'conflict', 'account_suspended'],
  grants: { table: 'readWrite', paymentSecret: true },
  limits: { timeoutSeconds: 29 },
})
