import * as z from 'zod/mini'
import { TemplateError } from './intrinsics.ts'
import { nameInArn } from './names.ts'
import { parseProperties, truth, wholeNumber } from './parse.ts'
import type { Reader } from './read.ts'

// Strict: a property that changes what is delivered and that nothing here honours must not pass unseen.
const sourceSchema = z.strictObject({
  FunctionName: z.string(),
  EventSourceArn: z.string(),
  BatchSize: z.optional(wholeNumber),
  Enabled: z._default(truth, true),
  // Only delays a batch in the hope that it fills.
  MaximumBatchingWindowInSeconds: z.optional(wholeNumber),
  FunctionResponseTypes: z._default(z.array(z.literal('ReportBatchItemFailures')), []),
  ScalingConfig: z.optional(z.object({ MaximumConcurrency: z.optional(wholeNumber) })),
  StartingPosition: z.optional(z.enum(['LATEST', 'TRIM_HORIZON'])),
  BisectBatchOnFunctionError: z._default(truth, false),
  MaximumRetryAttempts: z.optional(wholeNumber),
  // Age counts in real time and a stack on a laptop is too short-lived for it; parallelisation only shards the same order.
  MaximumRecordAgeInSeconds: z.optional(wholeNumber),
  ParallelizationFactor: z.optional(wholeNumber),
  FilterCriteria: z.optional(z.object({ Filters: z._default(z.array(z.object({ Pattern: z.string() })), []) })),
  DestinationConfig: z.optional(z.object({ OnFailure: z.optional(z.object({ Destination: z.string() })) })),
  Tags: z.optional(z.unknown()),
})

export const sourceReader: Reader = (found, model) => {
  const read = parseProperties(sourceSchema, found.properties, found.place)
  if (!read.Enabled) return
  const common = {
    id: found.place,
    functionName: nameInArn(read.FunctionName),
    reportsItemFailures: read.FunctionResponseTypes.length > 0,
  }
  const [, , service] = read.EventSourceArn.split(':')
  if (service === 'sqs') {
    if (read.FilterCriteria?.Filters.length)
      throw new TemplateError(found.place, 'filters on queues are not run locally')
    const concurrency = read.ScalingConfig?.MaximumConcurrency
    model.queueSources.push({
      ...common,
      queueName: nameInArn(read.EventSourceArn),
      batchSize: read.BatchSize ?? 10,
      ...(concurrency === undefined ? {} : { maximumConcurrency: concurrency }),
    })
  } else if (service === 'dynamodb') {
    const failureQueueName = queueNameOf(read.DestinationConfig?.OnFailure?.Destination, found.place)
    const retries = read.MaximumRetryAttempts
    model.streamSources.push({
      ...common,
      tableName: nameInArn(read.EventSourceArn.replace(/\/stream\/.*$/, '')),
      batchSize: read.BatchSize ?? 100,
      bisect: read.BisectBatchOnFunctionError,
      patterns: (read.FilterCriteria?.Filters ?? []).map((filter) => json(filter.Pattern, found.place)),
      // −1 is CloudFormation's word for "for ever".
      ...(retries === undefined || retries < 0 ? {} : { retriesMax: retries }),
      ...(failureQueueName ? { failureQueueName } : {}),
    })
  } else throw new TemplateError(found.place, `events from ${service ?? 'nowhere'} are not delivered locally`)
}

const scheduleSchema = z.object({
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z._default(z.string(), 'UTC'),
  State: z._default(z.enum(['ENABLED', 'DISABLED']), 'ENABLED'),
  Target: z.object({ Arn: z.string(), Input: z._default(z.string(), '{}') }),
})

export const scheduleReader: Reader = (found, model) => {
  const read = parseProperties(scheduleSchema, found.properties, found.place)
  if (read.State === 'DISABLED') return
  const [, , service] = read.Target.Arn.split(':')
  const name = nameInArn(read.Target.Arn)
  if (service !== 'lambda' && service !== 'sqs')
    throw new TemplateError(found.place, `a schedule cannot start ${read.Target.Arn} locally`)
  model.schedules.push({
    name: found.name,
    expression: read.ScheduleExpression,
    timeZone: read.ScheduleExpressionTimezone,
    target: service === 'lambda' ? { functionName: name } : { queueName: name },
    input: read.Target.Input,
  })
}

const asyncSchema = z.object({
  FunctionName: z.string(),
  // Lambda's own default.
  MaximumRetryAttempts: z._default(wholeNumber, 2),
  DestinationConfig: z.optional(z.object({ OnFailure: z.optional(z.object({ Destination: z.string() })) })),
})

export const asyncReader: Reader = (found, model) => {
  const read = parseProperties(asyncSchema, found.properties, found.place)
  const queue = queueNameOf(read.DestinationConfig?.OnFailure?.Destination, found.place)
  model.asyncRules.push({
    functionName: nameInArn(read.FunctionName),
    retriesMax: read.MaximumRetryAttempts,
    ...(queue ? { failureQueueName: queue } : {}),
  })
}

function queueNameOf(arn: string | undefined, place: string): string | undefined {
  if (arn === undefined) return undefined
  if (arn.split(':')[2] !== 'sqs') throw new TemplateError(place, 'a failure destination must be a queue')
  return nameInArn(arn)
}

function json(text: string, place: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new TemplateError(place, `the filter pattern is not JSON: ${text}`)
  }
}
