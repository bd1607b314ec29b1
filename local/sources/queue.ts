import { availableParallelism } from 'node:os'
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { queueUrl } from '../engines/sqs.ts'
import type { Front } from '../functions/front.ts'
import type { Functions } from '../functions/registry.ts'
import type { QueueSource } from '../template/model.ts'
import { accountId, region } from '../template/names.ts'
import { pause } from '../time.ts'
import { failedItems } from './batch.ts'

/** SQS hands out at most ten messages a call. */
const receiveMax = 10
/** The longest poll SQS allows: fewest requests while nothing happens. */
const pollSeconds = 20
/** Batches of one source in work at once. AWS starts with five pollers as well. */
const concurrencyDefault = 5
/** A processor is left to whoever waits for an answer; a further batch comes when those in work take so long that they must be waiting. */
const concurrencySoon = Math.max(1, availableParallelism() - 1)
const patienceMs = 2_000
const errorPauseMs = 500

export interface Source {
  stop(): Promise<void>
}

/**
 * Feeds a queue to a function: long poll, one batch an invocation, and what did not fail is deleted. What failed becomes
 * visible again after the queue's timeout; the engine moves it to the dead-letter queue when it was received too often.
 */
export function startQueueSource(
  source: QueueSource,
  sqs: SQSClient,
  sqsUrl: string,
  functions: Pick<Functions, 'invoke'>,
  front: Pick<Front, 'clear'>,
): Source {
  const QueueUrl = queueUrl(sqsUrl, source.queueName)
  const stopping = new AbortController()
  const working = new Set<Promise<void>>()
  const concurrencyMax = Math.min(source.maximumConcurrency ?? concurrencyDefault, concurrencyDefault)

  const deliver = async (messages: Message[]) => {
    const outcome = await functions.invoke(source.functionName, {
      Records: messages.map((each) => recordOf(each, source.queueName)),
    })
    const ids = messages.map((each) => each.MessageId ?? '')
    const failed = new Set(failedItems(outcome, ids, source.reportsItemFailures))
    const done = messages.filter((each) => !failed.has(each.MessageId ?? ''))
    if (done.length === 0) return
    const Entries = done.map((each, index) => ({ Id: String(index), ReceiptHandle: each.ReceiptHandle }))
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }))
  }

  const poll = async () => {
    await front.clear(stopping.signal)
    const request = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: Math.min(source.batchSize, receiveMax),
      WaitTimeSeconds: pollSeconds,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    })
    const { Messages: messages = [] } = await sqs.send(request, { abortSignal: stopping.signal })
    if (messages.length === 0) return
    // A failed delivery leaves the messages in the queue, where they wait for their next turn.
    const work = deliver(messages)
      .catch(() => {})
      .finally(() => working.delete(work))
    working.add(work)
    if (working.size >= concurrencyMax) await Promise.race(working)
    else if (working.size >= concurrencySoon) await Promise.race([...working, pause(patienceMs, stopping.signal)])
  }

  const run = async () => {
    while (!stopping.signal.aborted) await poll().catch(() => pause(errorPauseMs, stopping.signal))
  }
  const running = run()
  return {
    stop: async () => {
      stopping.abort()
      await running
      await Promise.all(working)
    },
  }
}

/** An SQS record as Lambda writes it: names in camel case. */
function recordOf(message: Message, queueName: string) {
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [
        name,
        { stringValue: value.StringValue, dataType: value.DataType, stringListValues: [], binaryListValues: [] },
      ]),
    ),
    md5OfBody: message.MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:${region}:${accountId}:${queueName}`,
    awsRegion: region,
  }
}
