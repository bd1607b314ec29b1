import { CreateQueueCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { buildApp } from 'fauxqs'
import type { QueueModel } from '../template/model.ts'
import { accountId, region } from '../template/names.ts'
import { localCredentials } from './dynamodb.ts'

export interface SqsEngine {
  url: string
  stop(): Promise<void>
}

/** Starts the SQS engine in this process, on a free port of 127.0.0.1. Messages are in memory. */
export async function startSqs(): Promise<SqsEngine> {
  const app = buildApp({ logger: false, defaultRegion: region })
  // Its own starter binds every interface; listening here keeps it on the loopback one.
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    url,
    stop: async () => {
      app.server.closeAllConnections()
      await app.close()
    },
  }
}

export const sqsClient = (url: string): SQSClient =>
  new SQSClient({ endpoint: url, region, credentials: localCredentials })

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
