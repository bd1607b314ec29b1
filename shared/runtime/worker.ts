import middy from '@middy/core'
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import type * as z from 'zod/mini'
import { parseOwn } from '#errors/parse'
import type { WorkerOperation } from '#operations/definition'
import { reportDefect } from './defect.ts'
import type { Deps } from './deps.ts'
import type { Live } from './live.ts'

/** Works off one message. Throwing puts the message back until its tries are used up. */
export type RunMessage<Message extends z.ZodMiniType> = (
  message: z.output<Message>,
  deps: Deps,
  context: { requestId: string },
) => Promise<void>

/** The Lambda entry of a queue's worker. */
export function workerHandler<Message extends z.ZodMiniType>(
  operation: WorkerOperation<Message>,
  run: RunMessage<Message>,
  live: Live,
) {
  const open = live(operation)
  return middy<SQSEvent, SQSBatchResponse>().handler(async (event: SQSEvent) =>
    handleMessages(operation, run, await open(), event),
  )
}

/** Each message on its own, one after the other; only those that failed are reported back to the queue. */
export async function handleMessages<Message extends z.ZodMiniType>(
  operation: WorkerOperation<Message>,
  run: RunMessage<Message>,
  deps: Deps,
  event: Pick<SQSEvent, 'Records'>,
): Promise<SQSBatchResponse> {
  const batchItemFailures: { itemIdentifier: string }[] = []
  for (const record of event.Records) {
    const startedAt = deps.clock.real()
    const before = deps.spent?.()
    let failed = false
    // What follows from a call is logged under the call's id; SQS's own stands in where there was none.
    let requestId = record.messageId
    try {
      const message = parseOwn(operation.message, JSON.parse(record.body), `a message of ${operation.queue}`)
      requestId = requestIdIn(message) ?? requestId
      await run(message, deps, { requestId })
    } catch (error) {
      failed = true
      batchItemFailures.push({ itemIdentifier: record.messageId })
      reportDefect(operation, deps, error, { requestId })
    }
    deps.log.info('message', {
      requestId,
      messageId: record.messageId,
      operation: operation.id,
      status: failed ? 'failed' : 'done',
      durationMs: deps.clock.real() - startedAt,
      ...spentSince(before, deps.spent?.()),
    })
  }
  return { batchItemFailures }
}

type Spent = ReturnType<NonNullable<Deps['spent']>>

/** A message's own: an invocation has several. */
const spentSince = (before: Spent | undefined, after: Spent | undefined): Partial<Spent> =>
  before && after
    ? {
        readUnits: after.readUnits - before.readUnits,
        writeUnits: after.writeUnits - before.writeUnits,
        calls: after.calls - before.calls,
      }
    : {}

const requestIdIn = (message: unknown): string | undefined =>
  typeof message === 'object' && message !== null && 'requestId' in message && typeof message.requestId === 'string'
    ? message.requestId
    : undefined
