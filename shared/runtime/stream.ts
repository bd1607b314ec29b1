import { unmarshall } from '@aws-sdk/util-dynamodb'
import middy from '@middy/core'
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda'
import type { StreamOperation } from '#operations/definition'
import type { Item } from '#table/port'
import { reportDefect } from './defect.ts'
import type { Deps } from './deps.ts'
import type { Live } from './live.ts'

/** Works off one changed item; `after` is absent when it was deleted. */
export type RunChange = (change: { before?: Item; after?: Item }, deps: Deps) => Promise<void>

/** The Lambda entry of a reader of the table's stream. */
export function streamHandler(operation: StreamOperation, run: RunChange, live: Live) {
  const open = live(operation)
  return middy<DynamoDBStreamEvent, DynamoDBBatchResponse>().handler(async (event: DynamoDBStreamEvent) =>
    handleChanges(operation, run, await open(), event),
  )
}

/** In order; at the first failure the rest is left to the next try, as a stream has an order to keep. */
export async function handleChanges(
  operation: StreamOperation,
  run: RunChange,
  deps: Deps,
  event: DynamoDBStreamEvent,
): Promise<DynamoDBBatchResponse> {
  for (const record of event.Records) {
    try {
      await run(changeOf(record), deps)
    } catch (error) {
      reportDefect(operation, deps, error, { requestId: record.eventID })
      return { batchItemFailures: [{ itemIdentifier: record.dynamodb?.SequenceNumber ?? '' }] }
    }
  }
  deps.log.info('stream', { operation: operation.id, records: event.Records.length, ...deps.spent?.() })
  return { batchItemFailures: [] }
}

function changeOf(record: DynamoDBRecord): { before?: Item; after?: Item } {
  const image = (value: unknown) => unmarshall(value as Parameters<typeof unmarshall>[0]) as Item
  const { OldImage, NewImage } = record.dynamodb ?? {}
  return { ...(OldImage && { before: image(OldImage) }), ...(NewImage && { after: image(NewImage) }) }
}
