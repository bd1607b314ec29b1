import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { QueueName } from '#operations/definition'

/** SQS takes ten messages a call. */
const batchSize = 10

/**
 * The SQS adapter. Queue addresses come from the environment (`QUEUE_<NAME>_URL`), which names only the queues that
 * the function may send to.
 */
export function sqsQueues(env: NodeJS.ProcessEnv = process.env) {
  const client = new SQSClient({ maxAttempts: 3, ...(env.SQS_ENDPOINT && { endpoint: env.SQS_ENDPOINT }) })
  // The SDK prepares a copy of every request and answer for a debug log that nobody reads.
  client.middlewareStack.remove('loggerMiddleware')

  /** @throws Error when a message could not be sent; those before it may have been: consumers are idempotent. */
  async function send(
    queue: QueueName,
    messages: unknown[],
    { delaySeconds }: { delaySeconds?: number } = {},
  ): Promise<void> {
    const name = `QUEUE_${queue.toUpperCase()}_URL`
    const QueueUrl = env[name]
    if (!QueueUrl) throw new Error(`${name} is not set: this function may not send to "${queue}"`)
    for (let start = 0; start < messages.length; start += batchSize) {
      const Entries = messages.slice(start, start + batchSize).map((message, index) => ({
        Id: String(index),
        MessageBody: JSON.stringify(message),
        ...(delaySeconds !== undefined && { DelaySeconds: delaySeconds }),
      }))
      const answer = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
      const failed = answer.Failed ?? []
      if (failed.length > 0)
        throw new Error(
          `${failed.length} of ${Entries.length} messages to "${queue}" were not taken: ${failed[0]?.Code ?? ''}`,
        )
    }
  }

  return { send }
}
