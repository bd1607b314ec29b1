import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { QueueName } from '#operations/definition'

/** SQS takes ten messages a call. */
const batchSize = 10
/** Calls at once: a sweep's 500 messages take seven rounds, not fifty, and the client has sockets for them all. */
const callsAtOnce = 8

/**
 * The SQS adapter. Queue addresses come from the environment (`QUEUE_<NAME>_URL`), which names only the queues that
 * the function may send to.
 */
export function sqsQueues(env: NodeJS.ProcessEnv = process.env) {
  const client = new SQSClient({ maxAttempts: 3, ...(env.SQS_ENDPOINT && { endpoint: env.SQS_ENDPOINT }) })
  // The SDK prepares a copy of every request and answer for a debug log that nobody reads.
  client.middlewareStack.remove('loggerMiddleware')

  /** @throws Error when a message could not be sent; others may have been: consumers are idempotent. */
  async function send(
    queue: QueueName,
    messages: unknown[],
    { delaySeconds }: { delaySeconds?: number } = {},
  ): Promise<void> {
    const name = `QUEUE_${queue.toUpperCase()}_URL`
    const QueueUrl = env[name]
    if (!QueueUrl) throw new Error(`${name} is not set: this function may not send to "${queue}"`)
    const toSqs = async (batch: unknown[]): Promise<void> => {
      const Entries = batch.map((message, index) => ({
        Id: String(index),
        MessageBody: JSON.stringify(message),
        ...(delaySeconds !== undefined && { DelaySeconds: delaySeconds }),
      }))
      const { Failed: failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
      if (failed.length > 0)
        throw new Error(
          `${failed.length} of ${Entries.length} messages to "${queue}" were not taken: ${failed[0]?.Code ?? ''}`,
        )
    }
    const batches = inParts(messages, batchSize)
    for (const round of inParts(batches, callsAtOnce)) {
      // All of them are waited for: one that is still under way when this throws would be frozen with the function.
      const failure = (await Promise.allSettled(round.map(toSqs))).find((one) => one.status === 'rejected')
      if (failure) throw failure.reason
    }
  }

  return { send }
}

const inParts = <Part>(all: readonly Part[], size: number): Part[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size))
