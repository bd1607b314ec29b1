import { marshall } from '@aws-sdk/util-dynamodb'
import { putAccount } from '#operations/accounts'
import { grantPlan } from '#operations/admin'
import { refundPayment } from '#operations/adminPayments'
import * as credits from '#operations/credits'
import type { HttpOperation, JobOperation, QueueName, WorkerOperation } from '#operations/definition'
import { check } from '#operations/entitlements'
import { deliverNotice, publishOutbox, sweepOutbox } from '#operations/operation'
import { numberInvoices } from '#operations/paymentHistory'
import { comparePayments, createCheckout, reconcilePayment, verifyPayment } from '#operations/payments'
import { settleSubscription } from '#operations/renewals'
import * as subscriptions from '#operations/subscriptions'
import { recordUsage, settleDue, sweepDue } from '#operations/usage'
import { processWebhook, receiveWebhook } from '#operations/webhooks'
import type { Deps } from '#runtime/deps'
import { handleHttp } from '#runtime/http'
import { handleJob, type RunJob } from '#runtime/job'
import type { Run } from '#runtime/run'
import { handleChanges } from '#runtime/stream'
import { handleMessages, type RunMessage } from '#runtime/worker'
import type { Item, Key } from '#table/port'
import type { Handlers } from './caller.ts'

// A function looks at its environment when it is loaded, as on Lambda; the simulator never calls its live adapters.
const lent = Object.entries({ FAREGATE_MODE: 'test', TABLE_NAME: 'simulation' }).filter(([name]) => !process.env[name])
for (const [name, value] of lent) process.env[name] = value

const serve = <Operation extends HttpOperation>(operation: Operation, { run }: { run: Run<Operation> }): Handlers => ({
  [operation.id]: (event, deps) => handleHttp(operation, run, deps, event),
})

/** The product's own functions, behind the product's own HTTP runtime. */
export const productHandlers: Handlers = {
  ...serve(putAccount, await import('#functions/accounts/putAccount')),
  ...serve(grantPlan, await import('#functions/admin/grantPlan')),
  ...serve(check, await import('#functions/entitlements/check')),
  ...serve(recordUsage, await import('#functions/usage/recordUsage')),
  ...serve(credits.grantCredits, await import('#functions/credits/grantCredits')),
  ...serve(credits.deductCredits, await import('#functions/credits/deductCredits')),
  ...serve(credits.refundCredits, await import('#functions/credits/refundCredits')),
  ...serve(credits.reserveCredits, await import('#functions/credits/reserveCredits')),
  ...serve(credits.commitReservation, await import('#functions/credits/commitReservation')),
  ...serve(credits.releaseReservation, await import('#functions/credits/releaseReservation')),
}

/** What buys, tells of money and gives it back. */
export const paymentHandlers: Handlers = {
  ...serve(putAccount, await import('#functions/accounts/putAccount')),
  ...serve(createCheckout, await import('#functions/payments/createCheckout')),
  ...serve(verifyPayment, await import('#functions/payments/verifyPayment')),
  ...serve(refundPayment, await import('#functions/payments/refundPayment')),
  ...serve(receiveWebhook, await import('#functions/webhooks/receiveWebhook')),
}

/** What a subscriber, and staff for them, ask for over the years. */
export const subscriptionHandlers: Handlers = {
  ...paymentHandlers,
  ...serve(recordUsage, await import('#functions/usage/recordUsage')),
  ...serve(grantPlan, await import('#functions/admin/grantPlan')),
  ...serve(subscriptions.getSubscription, await import('#functions/subscriptions/getSubscription')),
  ...serve(subscriptions.previewChange, await import('#functions/subscriptions/previewChange')),
  ...serve(subscriptions.changeSubscription, await import('#functions/subscriptions/changeSubscription')),
  ...serve(subscriptions.cancelSubscription, await import('#functions/subscriptions/cancelSubscription')),
  ...serve(subscriptions.reactivateSubscription, await import('#functions/subscriptions/reactivateSubscription')),
  ...serve(subscriptions.updateSubscription, await import('#functions/subscriptions/updateSubscription')),
  ...serve(subscriptions.deleteScheduledChange, await import('#functions/subscriptions/deleteScheduledChange')),
  ...serve(subscriptions.renewSubscription, await import('#functions/subscriptions/renewSubscription')),
  ...serve(subscriptions.startTrial, await import('#functions/subscriptions/startTrial')),
  ...serve(subscriptions.extendSubscription, await import('#functions/subscriptions/extendSubscription')),
}

/** A worker, given one message. It may come late, twice, or beside another. False: it goes back to its queue. */
export type Worker = (body: unknown, deps: Deps) => Promise<boolean>

const work =
  <Operation extends WorkerOperation>(
    operation: Operation,
    { run }: { run: RunMessage<Operation['message']> },
  ): Worker =>
  async (body, deps) => {
    const { batchItemFailures } = await handleMessages(operation, run, deps, recordOf(body))
    return batchItemFailures.length === 0
  }

const recordOf = (body: unknown) => ({
  Records: [
    {
      messageId: 'message',
      receiptHandle: 'receipt',
      body: JSON.stringify(body),
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '0',
        SenderId: '',
        ApproximateFirstReceiveTimestamp: '0',
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'queue',
      awsRegion: 'local',
    },
  ],
})

/** By queue, of those that are sent to here: staff turn no clock. */
export const workers = {
  due: { worker: work(settleDue, await import('#functions/usage/settleDue')), maxReceives: settleDue.maxReceives },
  outbox: {
    worker: work(deliverNotice, await import('#functions/operation/deliverNotice')),
    maxReceives: deliverNotice.maxReceives,
  },
  webhook: {
    worker: work(processWebhook, await import('#functions/webhooks/processWebhook')),
    maxReceives: processWebhook.maxReceives,
  },
  payment: {
    worker: work(reconcilePayment, await import('#functions/payments/reconcilePayment')),
    maxReceives: reconcilePayment.maxReceives,
  },
  renewal: {
    worker: work(settleSubscription, await import('#functions/subscriptions/settleSubscription')),
    maxReceives: settleSubscription.maxReceives,
  },
  number: {
    worker: work(numberInvoices, await import('#functions/payments/numberInvoices')),
    maxReceives: numberInvoices.maxReceives,
  },
} satisfies Partial<Record<QueueName, { worker: Worker; maxReceives: number }>>

/** One run of a schedule. It throws as the function does; the scheduler would try again. */
export type Job = (scheduledAt: number, deps: Deps) => Promise<Record<string, number>>

const schedule =
  (operation: JobOperation, { run }: { run: RunJob }): Job =>
  (scheduledAt, deps) =>
    handleJob(operation, run, deps, { scheduledAt: new Date(scheduledAt).toISOString() })

export const jobs = {
  sweepDue: schedule(sweepDue, await import('#functions/usage/sweepDue')),
  sweepOutbox: schedule(sweepOutbox, await import('#functions/operation/sweepOutbox')),
  comparePayments: schedule(comparePayments, await import('#functions/payments/comparePayments')),
}

const { run: publishRun } = await import('#functions/operation/publishOutbox')
// Other tests of this process must not find what they did not set.
for (const [name] of lent) delete process.env[name]

/** The stream's reader, given one new row. False: the stream shows it again. */
export async function publish(row: Item, deps: Deps): Promise<boolean> {
  const record = { eventID: 'event', dynamodb: { SequenceNumber: '1', NewImage: imageOf(row) } }
  const { batchItemFailures } = await handleChanges(publishOutbox, publishRun, deps, { Records: [record] })
  return batchItemFailures.length === 0
}

/** The stream's own type spells images differently from the client's; JSON is what both are on the wire. */
const imageOf = (row: Item) => JSON.parse(JSON.stringify(marshall(row)))

export const settle = (key: Key, deps: Deps) => workers.due.worker(key, deps)
