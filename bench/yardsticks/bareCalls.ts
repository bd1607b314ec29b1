import {
  BatchGetItemCommand,
  type BatchGetItemCommandInput,
  DynamoDBClient,
  GetItemCommand,
  type GetItemCommandInput,
  PutItemCommand,
  type PutItemCommandInput,
  TransactWriteItemsCommand,
  type TransactWriteItemsCommandInput,
} from '@aws-sdk/client-dynamodb'
import type { Recorded } from '../recording.ts'

/*
 * The yardstick: the SDK's client and nothing around it. Bundled as functions are, and loaded anew for each of them, so
 * that the engine's compiler has seen as much of its copy as of theirs.
 */
const client = new DynamoDBClient({ endpoint: process.env.DYNAMODB_ENDPOINT ?? '', maxAttempts: 1 })

/** Sends a recorded request again. */
export function sendBare({ name, input }: Recorded): Promise<unknown> {
  switch (name) {
    case 'GetItem':
      return client.send(new GetItemCommand(input as GetItemCommandInput))
    case 'BatchGetItem':
      return client.send(new BatchGetItemCommand(input as BatchGetItemCommandInput))
    case 'PutItem':
      return client.send(new PutItemCommand(input as PutItemCommandInput))
    case 'TransactWriteItems':
      return client.send(new TransactWriteItemsCommand(input as TransactWriteItemsCommandInput))
    default:
      throw new Error(`no hot call sends ${name}`)
  }
}
