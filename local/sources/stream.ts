import {
  type _Record,
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
} from '@aws-sdk/client-dynamodb-streams'
import { localCredentials } from '../engines/dynamodb.ts'
import type { Outcome } from '../functions/pool.ts'
import { type Functions, failureOf } from '../functions/registry.ts'
import type { StreamSource } from '../template/model.ts'
import { accountId, region } from '../template/names.ts'
import { newUuid, pause, realNow } from '../time.ts'
import { failedItems } from './batch.ts'
import { compilePattern } from './pattern.ts'
import type { Source } from './queue.ts'

/** AWS polls a shard four times a second. */
const pollMs = 250
/** Waits between tries of a failing batch: doubled each time. */
const retryMs = { first: 100, max: 10_000 }

export interface StreamOptions {
  dynamodbUrl: string
  functions: Pick<Functions, 'invoke'>
  /** Sends the report of given-up records to a queue. */
  sendFailure: (queueName: string, body: string) => Promise<void>
  /** A table that was made now is read from its beginning; one from a data directory from now on. */
  position: 'TRIM_HORIZON' | 'LATEST'
}

/**
 * Feeds a table's stream to a function, in order: only records that a filter takes, in batches. A failing batch is halved
 * (where the template says so) until the bad record stands alone, tried again as often as the template says, then given up
 * and reported to the failure queue. While it fails, later records wait, as in a real shard.
 */
export async function startStreamSource(source: StreamSource, options: StreamOptions): Promise<Source> {
  const client = new DynamoDBStreamsClient({ endpoint: options.dynamodbUrl, region, credentials: localCredentials })
  client.middlewareStack.remove('loggerMiddleware')
  const tests = source.patterns.map((pattern) => compilePattern(pattern, source.id))
  const stopping = new AbortController()
  const streamArn = await streamOf(client, source.tableName)
  const iterators = await firstIterators(client, streamArn, options.position)
  const deliver = createDelivery(source, options, stopping.signal)

  const read = async () => {
    for (const [shard, iterator] of iterators) {
      const answer = await client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: 1000 }), {
        abortSignal: stopping.signal,
      })
      const records = (answer.Records ?? []).map((record) => eventRecord(record, streamArn))
      const wanted = tests.length === 0 ? records : records.filter((record) => tests.some((test) => test(record)))
      for (let at = 0; at < wanted.length; at += source.batchSize)
        await deliver(wanted.slice(at, at + source.batchSize), 0)
      if (answer.NextShardIterator) iterators.set(shard, answer.NextShardIterator)
      else iterators.delete(shard)
    }
  }
  const run = async () => {
    while (!stopping.signal.aborted) {
      await read().catch(() => {})
      await pause(pollMs, stopping.signal)
    }
  }
  const running = run()
  return {
    stop: async () => {
      stopping.abort()
      await running
      client.destroy()
    },
  }
}

type EventRecord = ReturnType<typeof eventRecord>

function createDelivery(source: StreamSource, options: StreamOptions, stopping: AbortSignal) {
  return async function deliver(records: EventRecord[], tried: number): Promise<void> {
    let rest = records
    let attempt = tried
    while (rest.length > 0 && !stopping.aborted) {
      const outcome = await options.functions.invoke(source.functionName, { Records: rest })
      if (outcome.kind === 'stopped') return
      const sequence = rest.map((record) => record.dynamodb.SequenceNumber ?? '')
      const failed = new Set(failedItems(outcome, sequence, source.reportsItemFailures))
      const first = sequence.findIndex((each) => failed.has(each))
      if (first < 0) return
      rest = rest.slice(first)
      // Halving does not count as a try, and looks for the bad record; a reported item has already been found.
      if (first === 0 && source.bisect && rest.length > 1) {
        const middle = Math.ceil(rest.length / 2)
        await deliver(rest.slice(0, middle), attempt)
        rest = rest.slice(middle)
        continue
      }
      attempt = first > 0 ? 0 : attempt + 1
      if (source.retriesMax !== undefined && attempt > source.retriesMax) {
        await giveUp(source, options, rest, outcome, attempt)
        return
      }
      await pause(Math.min(retryMs.max, retryMs.first * 2 ** attempt), stopping)
    }
  }
}

async function giveUp(
  source: StreamSource,
  options: StreamOptions,
  records: EventRecord[],
  outcome: Outcome,
  tries: number,
): Promise<void> {
  if (!source.failureQueueName) return
  const first = records[0]?.dynamodb
  const report = {
    version: '1.0',
    timestamp: new Date(realNow()).toISOString(),
    requestContext: {
      requestId: newUuid(),
      functionArn: source.functionName,
      condition: 'RetryAttemptsExhausted',
      approximateInvokeCount: tries,
    },
    responseContext: {
      statusCode: 200,
      executedVersion: '$LATEST',
      functionError: outcome.kind === 'answer' ? null : failureOf(outcome),
    },
    DDBStreamBatchInfo: {
      shardId: 'shardId-local',
      startSequenceNumber: first?.SequenceNumber,
      endSequenceNumber: records.at(-1)?.dynamodb.SequenceNumber,
      batchSize: records.length,
      streamArn: records[0]?.eventSourceARN,
    },
  }
  await options.sendFailure(source.failureQueueName, JSON.stringify(report))
}

async function streamOf(client: DynamoDBStreamsClient, table: string): Promise<string> {
  const { Streams: streams = [] } = await client.send(new ListStreamsCommand({ TableName: table }))
  const arn = streams.at(-1)?.StreamArn
  if (!arn) throw new Error(`the table ${table} has no stream in the engine`)
  return arn
}

async function firstIterators(
  client: DynamoDBStreamsClient,
  StreamArn: string,
  position: StreamOptions['position'],
): Promise<Map<string, string>> {
  const { StreamDescription: description } = await client.send(new DescribeStreamCommand({ StreamArn }))
  const iterators = new Map<string, string>()
  for (const { ShardId } of description?.Shards ?? []) {
    if (!ShardId) continue
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: position }),
    )
    if (ShardIterator) iterators.set(ShardId, ShardIterator)
  }
  return iterators
}

/** A stream record as Lambda delivers it: times in seconds. */
function eventRecord(record: _Record, streamArn: string) {
  const { ApproximateCreationDateTime: created, ...data } = record.dynamodb ?? {}
  return {
    eventID: record.eventID,
    eventName: record.eventName,
    eventVersion: record.eventVersion ?? '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: region,
    ...(record.userIdentity ? { userIdentity: record.userIdentity } : {}),
    dynamodb: { ...data, ...(created ? { ApproximateCreationDateTime: Math.floor(created.getTime() / 1000) } : {}) },
    eventSourceARN: streamArn.replace(/^arn:[^:]*:dynamodb:[^:]*:[^:]*/, `arn:aws:dynamodb:${region}:${accountId}`),
  }
}
