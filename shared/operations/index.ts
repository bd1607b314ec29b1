import * as accountData from './accountData.ts'
import * as accounts from './accounts.ts'
import * as admin from './admin.ts'
import * as adminPayments from './adminPayments.ts'
import * as catalogue from './catalogue.ts'
import * as credits from './credits.ts'
import type { HttpOperation, Operation } from './definition.ts'
import * as entitlements from './entitlements.ts'
import * as members from './members.ts'
import * as operation from './operation.ts'
import * as paymentHistory from './paymentHistory.ts'
import * as payments from './payments.ts'
import * as purchases from './purchases.ts'
import * as renewals from './renewals.ts'
import * as subscriptions from './subscriptions.ts'
import * as usage from './usage.ts'
import * as webhooks from './webhooks.ts'

/** One line an area. What an area file exports beside its operations (views, shared fields) has no `kind` of ours. */
const areas = [
  accountData,
  accounts,
  admin,
  adminPayments,
  catalogue,
  credits,
  entitlements,
  members,
  operation,
  paymentHistory,
  payments,
  purchases,
  subscriptions,
  renewals,
  usage,
  webhooks,
]

/**
 * Every operation, sorted by id: for the stack, the local stack, the OpenAPI document and the tests.
 * Functions never import this: a bundle would hold every schema.
 */
export const operations: readonly Operation[] = areas
  .flatMap((area) => Object.values(area) as unknown[])
  .filter(isOperation)
  .sort((a, b) => (a.id < b.id ? -1 : 1))

/** The operations that stand on routes. */
export const httpOperations: readonly HttpOperation[] = operations.filter((operation) => operation.kind === 'http')

function isOperation(value: unknown): value is Operation {
  return typeof value === 'object' && value !== null && 'kind' in value && 'ifItFails' in value
}
