import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { CreateQueueCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { QueueModel } from '../template/model.ts'
import { accountId, region } from '../template/names.ts'
import { localCredentials } from './dynamodb.ts'

export interface SqsEngine {
  url: string
  stop(): Promise<void>
}

/** Loading takes some 100 ms; a slow machine under load gets this long. */
const startTimeoutMs = 20_000

/** Starts the SQS engine on a free port of 127.0.0.1, in a thread: gateway and pollers have this one to themselves. Messages are in memory. */
export async function startSqs(): Promise<SqsEngine> {
  const worker = new Worker(new URL('./sqsThread.ts', import.meta.url), {
    workerData: { region },
    // Nothing of whoever started the stack (a test runner's loader, an inspector).
    execArgv: [],
  })
  const stop = async () => {
    await worker.terminate()
  }
  try {
    const [url]: unknown[] = await once(worker, 'message', { signal: AbortSignal.timeout(startTimeoutMs) })
    if (typeof url !== 'string') throw new Error('the SQS engine did not say where it listens')
    return { url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A client without the SDK's debug log, for which every request and answer is copied and which nobody reads. */
export function sqsClient(url: string): SQSClient {
  const client = new SQSClient({ endpoint: url, region, credentials: localCredentials })
  client.middlewareStack.remove('loggerMiddleware')
  return client
}

/** The queue's address; the engine tells queues apart by the path. */
export const queueUrl = (engineUrl: string, queueName: string): string => `${engineUrl}/${accountId}/${queueName}`

/** Creates every queue, then ties each to its dead-letter queue, which the engine wants to exist first. */
export async function createQueues(client: SQSClient, engineUrl: string, queues: QueueModel[]): Promise<void> {
  for (const queue of queues)
    await client.send(new CreateQueueCommand({ QueueName: queue.name, Attributes: queue.attributes }))
  for (const { name, redrive } of queues) {
    if (!redrive) continue
    const deadLetterTargetArn = `arn:aws:sqs:${region}:${accountId}:${redrive.deadLetterName}`
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: redrive.maxReceives })
    await client.send(
      new SetQueueAttributesCommand({ QueueUrl: queueUrl(engineUrl, name), Attributes: { RedrivePolicy } }),
    )
  }
}
