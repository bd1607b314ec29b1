import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { buildAssembly } from '#local/build'
import { hotCalls } from './hotCalls.ts'
import { cloudwatch, dynamodb, httpApi, lambda, pricedOn, region, scheduler, sqs } from './prices.ts'
import { withProgress } from './progress.ts'
import type { Section, Table } from './report.ts'

/** `defaultMemoryMegabytes` of every function: at 1,769 MB Lambda gives one whole processor, and in proportion below. */
const memoryMegabytes = 512
const wholeProcessorMegabytes = 1_769
/** A request's log line and Lambda's own three, as CloudWatch counts them. */
const logBytes = 800
/** Lambda's pollers ask an idle queue 15 times a minute (five long polls of 20 s). */
const pollsPerMonth = 15 * 60 * 24 * 30
/** A scheduled run that finds nothing: 16 queries, a report, a fifth of a second. */
const idleRun = { readUnits: 8, writeUnits: 1, seconds: 0.2 }
const million = 1_000_000

/** What AWS would charge, modelled on the sections `capacity` and `latency`. */
export async function modelCost(capacity: Section, latency: Section): Promise<Section> {
  const operations: Table = {
    title: `Modelled cost, USD per million (${region}, prices of ${pricedOn})`,
    columns: ['call', 'DynamoDB', 'HTTP API', 'Lambda', 'logs', 'all'],
    rows: hotCalls.map(({ name, capacityName, events = 1 }) => {
      const [, readUnits, writeUnits] = figuresOf(capacity, capacityName ?? name)
      const [, handlerMs] = figuresOf(latency, name)
      const table = readUnits * dynamodb.readUnits + writeUnits * dynamodb.writeUnits
      const compute = (lambda.requests + million * computeUsd(handlerMs / 1000)) / events
      const logs = ((million * logBytes) / 1e9 / events) * cloudwatch.logGigabyte
      const api = httpApi.requests / events
      return [events > 1 ? `${name}, per event` : name, table, api, compute, logs, table + api + compute + logs]
    }),
  }
  return {
    tables: [operations, idleTable(await withProgress('reading the templates', () => idleResources()))],
    bounds: [],
    notes: [
      'Lambda: arm64, 512 MB, the handler’s p50 on this machine times 1,769/512, as though all of it were work and none waiting.',
      'The key authorizer’s answer is cached for 30 s and an account has many calls in it: not counted. No free tier is taken off.',
    ],
  }
}

const computeUsd = (seconds: number): number =>
  seconds * (wholeProcessorMegabytes / memoryMegabytes) * (memoryMegabytes / 1024) * lambda.gigabyteSecond

/** The row of that name in a section's first table. @throws Error when it is not there. */
function figuresOf({ tables }: Section, name: string): [string, number, number] {
  const row = tables[0]?.rows.find(([first]) => first === name)
  return z.tuple([z.string(), z.number(), z.number()]).parse(row?.slice(0, 3))
}

interface Resources {
  alarms: number
  dashboards: number
  polledQueues: number
  scheduledRunsPerMonth: number
}

function idleTable({ alarms, dashboards, polledQueues, scheduledRunsPerMonth }: Resources): Table {
  const run =
    (idleRun.readUnits * dynamodb.readUnits +
      idleRun.writeUnits * dynamodb.writeUnits +
      lambda.requests +
      scheduler.runs) /
      million +
    computeUsd(idleRun.seconds)
  const rows: [string, number][] = [
    [`${alarms} alarms`, alarms * cloudwatch.alarm],
    [`${dashboards} dashboard`, dashboards * cloudwatch.dashboard],
    [`polling of ${polledQueues} queues`, (polledQueues * pollsPerMonth * sqs.requests) / million],
    [`${scheduledRunsPerMonth.toLocaleString('en-US')} scheduled runs`, scheduledRunsPerMonth * run],
    ['1 GB stored, recoverable to the second', dynamodb.storedGigabyte + dynamodb.recoverableGigabyte],
  ]
  const all = rows.reduce((sum, [, usd]) => sum + usd, 0)
  return { title: 'Modelled cost at idle, USD per month', columns: ['what', 'USD'], rows: [...rows, ['all', all]] }
}

const template = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.optional(z.record(z.string(), z.unknown())) }),
  ),
})

/** Counts what costs without being used in the templates that a deployment would take. */
async function idleResources(): Promise<Resources> {
  const directory = await buildAssembly((_title, work) => work())
  const names = readdirSync(directory).filter((name) => name.endsWith('.template.json'))
  const resources = names.flatMap((name) =>
    Object.values(template.parse(JSON.parse(readFileSync(join(directory, name), 'utf8'))).Resources),
  )
  const of = (type: string) => resources.filter(({ Type }) => Type === type)
  const schedules = of('AWS::Scheduler::Schedule').map(({ Properties }) => String(Properties?.ScheduleExpression))
  return {
    alarms: of('AWS::CloudWatch::Alarm').length,
    dashboards: of('AWS::CloudWatch::Dashboard').length,
    // A stream's mapping has a starting position, and Lambda's reads of a stream cost nothing.
    polledQueues: of('AWS::Lambda::EventSourceMapping').filter(({ Properties }) => !Properties?.StartingPosition)
      .length,
    scheduledRunsPerMonth: schedules.reduce((sum, expression) => sum + runsPerMonth(expression), 0),
  }
}

/** `rate(15 minutes)` by its figures; a `cron(…)` here runs once a day. */
function runsPerMonth(expression: string): number {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression)
  const minutes = { minute: 1, hour: 60, day: 1_440 }
  const unit = rate?.[2] === 'minute' || rate?.[2] === 'hour' ? rate[2] : 'day'
  return (30 * 1_440) / (Number(rate?.[1] ?? 1) * minutes[unit])
}
