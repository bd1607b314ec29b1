import * as z from 'zod/mini'
import { memberRoles } from '#domain/member'
import { http } from './definition.ts'
import { accountId, pageOf, pageQuery, time } from './fields.ts'

const memberView = z.object({
  userId: z.string(),
  role: z.enum(memberRoles),
  createdAt: time,
  updatedAt: time,
})
/** The login's JWT subject. */
const params = z.strictObject({ userId: accountId })

export const putMember = http({
  id: 'putMember',
  area: 'accounts',
  summary:
    'Let a login act for the account, or change its role: viewer reads, billing pays and changes, owner does all.',
  ifItFails: 'Companies cannot give colleagues access to their billing.',
  routes: ['PUT /v1/me/members/{userId}', 'PUT /v1/accounts/{accountId}/members/{userId}'],
  scope: 'accounts:write',
  memberRole: 'owner',
  params,
  body: z.strictObject({ role: z.enum(memberRoles) }),
  success: 200,
  output: memberView,
  idempotency: 'natural',
  errors: ['not_found', 'conflict', 'contended', 'account_suspended'],
  grants: { table: 'readWrite', writeKeys: ['ACCOUNT#*', 'AUDIT#*'] },
})

export const deleteMember = http({
  id: 'deleteMember',
  area: 'accounts',
  summary: 'Take a login’s access to the account away, at once. Twice is not an error.',
  ifItFails: 'Somebody who left a company keeps access to its billing.',
  routes: ['DELETE /v1/me/members/{userId}', 'DELETE /v1/accounts/{accountId}/members/{userId}'],
  scope: 'accounts:write',
  memberRole: 'owner',
  params,
  success: 204,
  idempotency: 'natural',
  errors: ['not_found', 'contended'],
  grants: { table: 'readWrite', writeKeys: ['ACCOUNT#*', 'AUDIT#*'] },
})

export const listMembers = http({
  id: 'listMembers',
  area: 'accounts',
  summary: 'Who may act for the account beside its own login, by user id.',
  ifItFails: 'Companies cannot see who has access to their billing.',
  routes: ['GET /v1/me/members', 'GET /v1/accounts/{accountId}/members'],
  scope: 'accounts:read',
  query: z.strictObject(pageQuery),
  success: 200,
  output: pageOf(memberView),
  idempotency: 'natural',
  errors: ['not_found'],
  grants: { table: 'read' },
})
