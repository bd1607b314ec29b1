import { marshall } from '@aws-sdk/util-dynamodb'
import { run as getAccountRun } from '#functions/accounts/getAccount'
import { run as getPreferencesRun } from '#functions/accounts/getPreferences'
import { run as listNoticesRun } from '#functions/accounts/listNotices'
import { run as putAccountRun } from '#functions/accounts/putAccount'
import { run as setPreferencesRun } from '#functions/accounts/setPreferences'
import { run as updateAccountRun } from '#functions/accounts/updateAccount'
import { run as adjustCreditsRun } from '#functions/admin/adjustCredits'
import { run as createApiKeyRun } from '#functions/admin/createApiKey'
import { run as getClockRun } from '#functions/admin/getClock'
import { run as grantPlanRun } from '#functions/admin/grantPlan'
import { run as listApiKeysRun } from '#functions/admin/listApiKeys'
import { run as revokeApiKeyRun } from '#functions/admin/revokeApiKey'
import { run as setClockRun } from '#functions/admin/setClock'
import { run as comparePlansRun } from '#functions/catalogue/comparePlans'
import { run as listPlansRun } from '#functions/catalogue/listPlans'
import { run as commitReservationRun } from '#functions/credits/commitReservation'
import { run as deductCreditsRun } from '#functions/credits/deductCredits'
import { run as getCreditsRun } from '#functions/credits/getCredits'
import { run as grantCreditsRun } from '#functions/credits/grantCredits'
import { run as listLedgerRun } from '#functions/credits/listLedger'
import { run as refundCreditsRun } from '#functions/credits/refundCredits'
import { run as releaseReservationRun } from '#functions/credits/releaseReservation'
import { run as reserveCreditsRun } from '#functions/credits/reserveCredits'
import { run as checkRun } from '#functions/entitlements/check'
import { run as getEntitlementRun } from '#functions/entitlements/getEntitlement'
import { run as listEntitlementsRun } from '#functions/entitlements/listEntitlements'
import { run as deliverNoticeRun } from '#functions/operation/deliverNotice'
import { run as getHealthRun } from '#functions/operation/getHealth'
import { run as publishOutboxRun } from '#functions/operation/publishOutbox'
import { run as getUsageRun } from '#functions/usage/getUsage'
import { run as getUsageHistoryRun } from '#functions/usage/getUsageHistory'
import { run as recordUsageRun } from '#functions/usage/recordUsage'
import { run as setGaugeRun } from '#functions/usage/setGauge'
import { run as settleDueRun } from '#functions/usage/settleDue'
import { run as sweepDueRun } from '#functions/usage/sweepDue'
import * as accounts from '#operations/accounts'
import * as adminOperations from '#operations/admin'
import * as catalogue from '#operations/catalogue'
import * as credits from '#operations/credits'
import type { HttpOperation } from '#operations/definition'
import * as entitlements from '#operations/entitlements'
import * as operation from '#operations/operation'
import * as usage from '#operations/usage'
import { handleJob } from '#runtime/job'
import type { Run } from '#runtime/run'
import { handleChanges } from '#runtime/stream'
import { handleMessages } from '#runtime/worker'
import { auditPk } from '#table/keys'
import { outboxPartitions } from '#table/outbox'
import type { Item } from '#table/port'
import { type Invocation, invoke, type TestDeps } from './deps.ts'

/** Every HTTP operation by its own name, bound to the dependencies of a test. */
export function callsOf(deps: TestDeps) {
  const on =
    <Operation extends HttpOperation>(of: Operation, run: Run<Operation>) =>
    (call?: Invocation) =>
      invoke(of, run, deps, call)
  return {
    getAccount: on(accounts.getAccount, getAccountRun),
    getPreferences: on(accounts.getPreferences, getPreferencesRun),
    listNotices: on(accounts.listNotices, listNoticesRun),
    putAccount: on(accounts.putAccount, putAccountRun),
    setPreferences: on(accounts.setPreferences, setPreferencesRun),
    updateAccount: on(accounts.updateAccount, updateAccountRun),
    adjustCredits: on(adminOperations.adjustCredits, adjustCreditsRun),
    createApiKey: on(adminOperations.createApiKey, createApiKeyRun),
    getClock: on(adminOperations.getClock, getClockRun),
    grantPlan: on(adminOperations.grantPlan, grantPlanRun),
    listApiKeys: on(adminOperations.listApiKeys, listApiKeysRun),
    revokeApiKey: on(adminOperations.revokeApiKey, revokeApiKeyRun),
    setClock: on(adminOperations.setClock, setClockRun),
    comparePlans: on(catalogue.comparePlans, comparePlansRun),
    listPlans: on(catalogue.listPlans, listPlansRun),
    commitReservation: on(credits.commitReservation, commitReservationRun),
    deductCredits: on(credits.deductCredits, deductCreditsRun),
    getCredits: on(credits.getCredits, getCreditsRun),
    grantCredits: on(credits.grantCredits, grantCreditsRun),
    listLedger: on(credits.listLedger, listLedgerRun),
    refundCredits: on(credits.refundCredits, refundCreditsRun),
    releaseReservation: on(credits.releaseReservation, releaseReservationRun),
    reserveCredits: on(credits.reserveCredits, reserveCreditsRun),
    check: on(entitlements.check, checkRun),
    getEntitlement: on(entitlements.getEntitlement, getEntitlementRun),
    listEntitlements: on(entitlements.listEntitlements, listEntitlementsRun),
    getHealth: on(operation.getHealth, getHealthRun),
    getUsage: on(usage.getUsage, getUsageRun),
    getUsageHistory: on(usage.getUsageHistory, getUsageHistoryRun),
    recordUsage: on(usage.recordUsage, recordUsageRun),
    setGauge: on(usage.setGauge, setGaugeRun),
  }
}

export type Calls = ReturnType<typeof callsOf>

/** Takes what was sent to a queue and not yet taken. */
export function takeSent(deps: TestDeps, queue: string): unknown[] {
  const taken = deps.sent.filter((one) => one.queue === queue)
  deps.sent.splice(0, deps.sent.length, ...deps.sent.filter((one) => one.queue !== queue))
  return taken.map(({ message }) => message)
}

/** A queue's messages as SQS delivers them. */
export const recordsOf = (messages: unknown[]) =>
  ({
    Records: messages.map((message, at) => ({
      messageId: `message-${at}`,
      receiptHandle: `receipt-${at}`,
      body: JSON.stringify(message),
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '0',
        SenderId: 'test',
        ApproximateFirstReceiveTimestamp: '0',
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:eu-west-1:000000000000:test',
      awsRegion: 'eu-west-1',
    })),
  }) satisfies Parameters<typeof handleMessages>[3]

/** Sweeps for due work and works it off; answers how many messages there were. A worker's failure fails the test. */
export async function settleAll(deps: TestDeps): Promise<number> {
  await handleJob(usage.sweepDue, sweepDueRun, deps, { scheduledAt: new Date(deps.clock.now()).toISOString() })
  const messages = takeSent(deps, 'due')
  await settleMessages(deps, messages)
  return messages.length
}

export async function settleMessages(deps: TestDeps, messages: unknown[]): Promise<void> {
  const { batchItemFailures } = await handleMessages(usage.settleDue, settleDueRun, deps, recordsOf(messages))
  if (batchItemFailures.length > 0) throw new Error(`settleDue failed: ${lastError(deps)}`)
}

/** Audit entries of one request, of the real day. */
export async function auditRows(deps: TestDeps, requestId: string): Promise<Item[]> {
  const day = new Date(deps.clock.real()).toISOString().slice(0, 10)
  const { items } = await deps.table.query({ pk: auditPk(day), limit: 1_000 })
  return items.filter((row) => row.requestId === requestId)
}

/** Every row that waits in the outbox. */
export async function outboxRows(deps: TestDeps): Promise<Item[]> {
  const pages = await Promise.all(
    outboxPartitions(deps.clock.real(), 3).map((pk) => deps.table.query({ pk, limit: 1_000 })),
  )
  return pages.flatMap(({ items }) => items)
}

/** New rows as the table's stream delivers them. */
export const insertsOf = (rows: Item[]) => ({
  Records: rows.map((row, at) => ({
    eventID: `event-${at}`,
    eventName: 'INSERT' as const,
    dynamodb: { SequenceNumber: String(at), NewImage: imageOf(row) },
  })),
})

/** The stream's own type spells images differently from the client's; JSON is what both are on the wire. */
const imageOf = (row: Item) => JSON.parse(JSON.stringify(marshall(row)))

/** Publishes the outbox as the stream would, and delivers what it sends; answers how many notices that were. */
export async function deliverAll(deps: TestDeps): Promise<number> {
  const rows = await outboxRows(deps)
  const published = await handleChanges(operation.publishOutbox, publishOutboxRun, deps, insertsOf(rows))
  if (published.batchItemFailures.length > 0) throw new Error(`publishOutbox failed: ${lastError(deps)}`)
  const messages = takeSent(deps, 'outbox')
  const delivered = await handleMessages(operation.deliverNotice, deliverNoticeRun, deps, recordsOf(messages))
  if (delivered.batchItemFailures.length > 0) throw new Error(`deliverNotice failed: ${lastError(deps)}`)
  return messages.length
}

const lastError = (deps: TestDeps): string =>
  String(deps.logged.findLast(({ level }) => level === 'error')?.fields.error)
