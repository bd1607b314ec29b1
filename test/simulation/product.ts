import { putAccount } from '#operations/accounts'
import { grantPlan } from '#operations/admin'
import * as credits from '#operations/credits'
import type { HttpOperation } from '#operations/definition'
import { check } from '#operations/entitlements'
import { recordUsage, settleDue } from '#operations/usage'
import type { Deps } from '#runtime/deps'
import { handleHttp } from '#runtime/http'
import type { Run } from '#runtime/run'
import { handleMessages } from '#runtime/worker'
import type { Key } from '#table/port'
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

const worker = await import('#functions/usage/settleDue')
// Other tests of this process must not find what they did not set.
for (const [name] of lent) delete process.env[name]

/** The worker of due things, given one message. It may come late, twice, or beside another. */
export const settle = (key: Key, deps: Deps) =>
  handleMessages(settleDue, worker.run, deps, {
    Records: [
      {
        messageId: 'message',
        receiptHandle: 'receipt',
        body: JSON.stringify(key),
        attributes: {
          ApproximateReceiveCount: '1',
          SentTimestamp: '0',
          SenderId: '',
          ApproximateFirstReceiveTimestamp: '0',
        },
        messageAttributes: {},
        md5OfBody: '',
        eventSource: 'aws:sqs',
        eventSourceARN: 'due',
        awsRegion: 'local',
      },
    ],
  })
