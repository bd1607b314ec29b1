import * as z from 'zod/mini'
import { authorizer, http } from './definition.ts'
import {
  accountMetadata,
  catalogueId,
  country,
  currency,
  email,
  knownCurrency,
  metadata,
  noticeData,
  noticeKind,
  orNull,
  pageOf,
  pageQuery,
  text,
  time,
} from './fields.ts'

export const accountView = z.object({
  id: z.string(),
  email: orNull(z.string()),
  name: orNull(z.string()),
  currency: orNull(currency),
  timeZone: z.string(),
  /** A change of zone waits until the current month ends in the old one. */
  pendingTimeZone: orNull(z.object({ timeZone: z.string(), from: time })),
  country: orNull(country),
  metadata,
  planId: orNull(catalogueId),
  suspended: z.boolean(),
  createdAt: orNull(time),
})

/** IANA name; checked against the runtime's own list in the operation. */
const timeZone = text(64)
const editable = {
  email: z.optional(email),
  name: z.optional(text(200)),
  currency: z.optional(knownCurrency),
  timeZone: z.optional(timeZone),
  country: z.optional(country),
  metadata: z.optional(accountMetadata),
}

export const putAccount = http({
  id: 'putAccount',
  area: 'accounts',
  summary: 'Make an account, or change the fields given; a new one starts on the free plan.',
  ifItFails: 'New customers of the product cannot be set up.',
  routes: ['PUT /v1/accounts/{accountId}'],
  scope: 'accounts:write',
  body: z.strictObject({ ...editable, email }),
  success: 200,
  output: accountView,
  idempotency: 'natural',
  errors: ['conflict', 'contended', 'account_suspended'],
  grants: { table: 'readWrite' },
})

export const getAccount = http({
  id: 'getAccount',
  area: 'accounts',
  summary: 'The account.',
  ifItFails: 'Account pages stay empty; billing goes on.',
  routes: ['GET /v1/me', 'GET /v1/accounts/{accountId}'],
  scope: 'accounts:read',
  success: 200,
  output: accountView,
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

export const updateAccount = http({
  id: 'updateAccount',
  area: 'accounts',
  summary: 'Change one’s own account; the first write of a new login makes it.',
  ifItFails: 'Customers cannot change their name, zone or currency.',
  routes: ['PATCH /v1/me'],
  body: z.strictObject(editable),
  success: 200,
  output: accountView,
  idempotency: 'natural',
  errors: ['conflict', 'contended', 'account_suspended'],
  grants: { table: 'readWrite' },
})

const preferencesView = z.object({
  notifications: z.object({ usageAlerts: z.boolean(), subscriptionExpiry: z.boolean(), marketing: z.boolean() }),
  aiService: z.enum(['auto', 'gemini', 'gpt-4o']),
  overage: z.boolean(),
})

export const getPreferences = http({
  id: 'getPreferences',
  area: 'accounts',
  summary: 'Notifications, AI service and whether overage is allowed.',
  ifItFails: 'Preference pages stay empty; what was chosen goes on holding.',
  routes: ['GET /v1/me/preferences', 'GET /v1/accounts/{accountId}/preferences'],
  scope: 'accounts:read',
  success: 200,
  output: preferencesView,
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

export const setPreferences = http({
  id: 'setPreferences',
  area: 'accounts',
  summary: 'Change the preferences given; the others stay.',
  ifItFails: 'Customers cannot turn overage or notices off.',
  routes: ['PUT /v1/me/preferences', 'PUT /v1/accounts/{accountId}/preferences'],
  scope: 'accounts:write',
  body: z.strictObject({
    notifications: z.optional(
      z.strictObject({
        usageAlerts: z.optional(z.boolean()),
        subscriptionExpiry: z.optional(z.boolean()),
        marketing: z.optional(z.boolean()),
      }),
    ),
    aiService: z.optional(z.enum(['auto', 'gemini', 'gpt-4o'])),
    overage: z.optional(z.boolean()),
  }),
  success: 200,
  output: preferencesView,
  idempotency: 'natural',
  errors: ['not_found', 'contended', 'account_suspended'],
  grants: { table: 'readWrite' },
})

export const listNotices = http({
  id: 'listNotices',
  area: 'accounts',
  summary:
    'What the account was told: limits near or reached, payments and what came of them. Newest first, kept 90 days.',
  ifItFails: 'Nobody can look up past notices; they go on being sent.',
  routes: ['GET /v1/me/notices', 'GET /v1/accounts/{accountId}/notices'],
  scope: 'accounts:read',
  query: z.strictObject(pageQuery),
  success: 200,
  output: pageOf(
    z.object({
      id: z.string(),
      kind: noticeKind,
      feature: orNull(catalogueId),
      used: orNull(z.int()),
      limit: orNull(z.int()),
      resetsAt: orNull(time),
      data: orNull(noticeData),
      createdAt: time,
    }),
  ),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})

export const authorizeKey = authorizer({
  id: 'authorizeKey',
  of: 'server',
  area: 'accounts',
  summary: 'Decide whether an API key is one of ours and live, and what it may do.',
  ifItFails: 'No server of the product gets in: everything it asks is refused.',
  grants: { table: 'readWrite', writeKeys: ['KEY#*'] },
})
