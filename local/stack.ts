import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { dynamoTable } from '#table/dynamo'
import type { Table } from '#table/port'
import { stackClock, startClockAt } from './clock.ts'
import { createTable, dynamoClient, startDynamo } from './engines/dynamodb.ts'
import { createQueues, queueUrl, sqsClient, startSqs } from './engines/sqs.ts'
import { type Follower, startFollower } from './follower.ts'
import { createFront, type Front } from './functions/front.ts'
import { createFunctions, type Failure, type Functions, failureOf } from './functions/registry.ts'
import { closeServer, listen, startGateway } from './gateway/server.ts'
import { type Issuer, startIssuer } from './issuer.ts'
import { type LocalPayments, startPayments } from './payments.ts'
import { SetupError } from './setupError.ts'
import { type Source, startQueueSource } from './sources/queue.ts'
import { createScheduler } from './sources/scheduler.ts'
import { startStreamSource } from './sources/stream.ts'
import type { ApiModel, AsyncRule, LocalModel, ScheduleModel } from './template/model.ts'
import { readModel } from './template/read.ts'
import { pause, realNow } from './time.ts'

export interface StackOptions {
  /** Directory of the cloud assembly. */
  assembly: string
  /** Folder of the functions' logs; emptied of logs at start. */
  logs: string
  /** Port of the API; 0, the default, takes any. The issuer takes the next one, the providers those after it. */
  port?: number
  /** Keeps the table in this folder instead of in memory. */
  dataDirectory?: string
  /** A DynamoDB that runs already. */
  dynamodbEndpoint?: string
  /** Where the test clock stands at start, epoch milliseconds; default real time, or where a data directory left it. */
  startMs?: number
  /** Told what is being done, for a progress display. */
  step?: Step
}

export type Step = <T>(title: string, work: () => Promise<T>) => Promise<T>

/** A stack that answers. */
export interface RunningStack {
  apiUrl: string
  authUrl: string
  dynamodbUrl: string
  sqsUrl: string
  secretsUrl: string
  tableName: string
  /** Queue addresses by queue name. */
  queues: Record<string, string>
  logs: string
  model: LocalModel
  functions: Functions
  /** The stack's table, past every function: for what no operation may do (the first staff member, the catalogue). */
  table: Table
  token: Issuer['token']
  /** The providers' fakes, and what belongs to them. */
  payments: LocalPayments
  /** Business time, epoch milliseconds. */
  now(): Promise<number>
  /** Does what has come due now, schedules and the providers' work, without waiting for the next look at the clock. */
  tick(): Promise<void>
  /** Stops everything; afterwards nothing runs any more. Twice is not an error. */
  stop(): Promise<void>
}

/** Tries of an asynchronous call after the first: Lambda's default. Lambda waits a minute and more; nobody at a laptop would. */
const asyncRetriesDefault = 2
const asyncRetryMs = 1000

/**
 * Runs a synthesised cloud assembly on embedded engines: everything it starts listens on 127.0.0.1 only. What was started
 * is stopped again when a later step fails.
 */
export async function startStack(options: StackOptions): Promise<RunningStack> {
  const started: (() => Promise<void>)[] = []
  let stopping: Promise<void> | undefined
  // Last started, first stopped: no source delivers to a function that is gone, no function calls an engine that is gone.
  const stop = () => {
    stopping ??= (async () => {
      for (const each of started.reverse()) await each()
    })()
    return stopping
  }
  try {
    return await assemble(options, (each) => started.push(each), stop)
  } catch (error) {
    await stop()
    throw error
  }
}

type OnStop = (stop: () => Promise<void>) => void

async function assemble(options: StackOptions, onStop: OnStop, stop: () => Promise<void>): Promise<RunningStack> {
  const step: Step = options.step ?? ((_, work) => work())
  const port = options.port ?? 0
  const log = logFolder(options.logs)

  const { dynamo, sqs, issuer } = await step('starting engines', () => startEngines(options, port, onStop))
  const model = await readModel(options.assembly, { sqsUrl: sqs.url })
  const { api, table: tableModel } = theOnly(model)
  // Whichever identity provider the template names, here the local issuer stands for it.
  for (const { authorizer } of api.routes) if (authorizer?.kind === 'jwt') authorizer.issuer = issuer.url

  const dynamodb = dynamoClient(dynamo.url)
  const queueClient = sqsClient(sqs.url)
  onStop(async () => {
    dynamodb.destroy()
    queueClient.destroy()
  })
  const isNew = await step('creating table and queues', async () => {
    await createQueues(queueClient, sqs.url, model.queues)
    return createTable(dynamodb, tableModel)
  })
  const table = dynamoTable({ client: dynamodb, tableName: tableModel.name })
  if (options.startMs !== undefined) await startClockAt(table, options.startMs)

  const clock = await stackClock(table)
  const listening: { apiUrl?: string } = {}
  const { secrets } = model
  const payments = await step('starting the payment providers', () =>
    startPayments({
      port,
      clock,
      secrets,
      dataDirectory: options.dataDirectory,
      apiUrl: () => listening.apiUrl,
      onStop,
    }),
  )
  const endpoints = { dynamodbUrl: dynamo.url, sqsUrl: sqs.url, secretsUrl: payments.secrets.url }
  const functions = createFunctions(model.functions, endpoints, options.logs)
  onStop(functions.stop)
  const front = createFront()
  const following: { follower?: Follower } = {}
  const gateway = await startGateway(api, inFront(front, withTurns(functions, api, following)), port)
  listening.apiUrl = gateway.url
  onStop(gateway.stop)

  const send = async (queueName: string, body: string) => {
    await queueClient.send(new SendMessageCommand({ QueueUrl: queueUrl(sqs.url, queueName), MessageBody: body }))
  }
  const sources: Source[] = model.queueSources.map((source) =>
    startQueueSource(source, queueClient, sqs.url, functions, front),
  )
  onStop(async () => {
    await Promise.all(sources.map((source) => source.stop()))
  })
  for (const source of model.streamSources) {
    const position = isNew ? 'TRIM_HORIZON' : 'LATEST'
    sources.push(await startStreamSource(source, { dynamodbUrl: dynamo.url, functions, sendFailure: send, position }))
  }
  const scheduler = createScheduler(model.schedules, await clock.read(), {
    now: clock.read,
    target: clock.target,
    fire: (schedule, event) => fire(schedule, event, { functions, send, rules: model.asyncRules }),
    log,
  })
  sources.push(scheduler)
  const { fakes } = payments
  following.follower = await startFollower({ table, clock, fakes, scheduler, log })
  sources.push(following.follower)

  return {
    apiUrl: gateway.url,
    authUrl: issuer.url,
    dynamodbUrl: dynamo.url,
    sqsUrl: sqs.url,
    secretsUrl: payments.secrets.url,
    tableName: tableModel.name,
    queues: Object.fromEntries(model.queues.map((queue) => [queue.name, queueUrl(sqs.url, queue.name)])),
    logs: options.logs,
    model,
    functions,
    table,
    token: issuer.token,
    payments,
    now: clock.read,
    tick: async () => {
      await scheduler.tick()
      fakes.tick()
    },
    stop,
  }
}

/** The route by which staff turn the clock. */
const clockRoute = 'POST /v1/admin/clock'

/** Whoever has the answer to a turn of the clock finds the providers there too: who follows the clock looks closely from its beginning. */
function withTurns(
  functions: Functions,
  { routes }: ApiModel,
  following: { follower?: Follower },
): Pick<Functions, 'invoke'> {
  const turning = routes.find(({ key }) => key === clockRoute)?.functionName
  return {
    invoke: (name, event) => {
      const invoke = () => functions.invoke(name, event)
      return name === turning && following.follower ? following.follower.during(invoke) : invoke()
    },
  }
}

const inFront = (front: Front, { invoke }: Pick<Functions, 'invoke'>): Pick<Functions, 'invoke'> => ({
  invoke: (name, event) => front.during(() => invoke(name, event)),
})

async function startEngines(options: StackOptions, port: number, onStop: OnStop) {
  if (options.dataDirectory) mkdirSync(options.dataDirectory, { recursive: true })
  const dynamo = await startDynamo({
    ...(options.dataDirectory ? { dataFile: join(options.dataDirectory, 'table.db') } : {}),
    ...(options.dynamodbEndpoint ? { endpoint: options.dynamodbEndpoint } : {}),
  })
  onStop(dynamo.stop)
  const sqs = await startSqs()
  onStop(sqs.stop)
  const issuer = await startIssuer(port === 0 ? 0 : port + 1)
  onStop(issuer.stop)
  return { dynamo, sqs, issuer }
}

/** Throws `SetupError` at once for a taken port, which would otherwise come out after all the work. */
export async function assertFree(port: number): Promise<void> {
  if (port === 0) return
  const probe = createServer()
  await listen(probe, port, '--port')
  await closeServer(probe)
}

function theOnly(model: LocalModel) {
  const [api, ...otherApis] = model.apis
  const [table, ...otherTables] = model.tables
  if (!api || !table || otherApis.length > 0 || otherTables.length > 0) {
    throw new SetupError(
      `The stack has ${model.apis.length} APIs and ${model.tables.length} tables; the local stack runs one of each.`,
    )
  }
  return { api, table }
}

/** Starts a schedule's target as AWS does, asynchronously for the scheduler: the function's own rule says what follows a failure. */
async function fire(schedule: ScheduleModel, event: unknown, { functions, send, rules }: FireOptions): Promise<void> {
  if ('queueName' in schedule.target) return send(schedule.target.queueName, JSON.stringify(event))
  const { functionName } = schedule.target
  const usual: AsyncRule = { functionName, retriesMax: asyncRetriesDefault }
  const rule = rules.find((each) => each.functionName === functionName) ?? usual
  for (let tried = 0; ; tried += 1) {
    const outcome = await functions.invoke(functionName, event)
    if (outcome.kind === 'answer' || outcome.kind === 'stopped') return
    if (tried < rule.retriesMax) {
      await pause(asyncRetryMs)
      continue
    }
    if (rule.failureQueueName)
      await send(rule.failureQueueName, JSON.stringify(failureReport(functionName, event, outcome, tried + 1)))
    throw new Error(failureOf(outcome))
  }
}

interface FireOptions {
  functions: Functions
  send: (queueName: string, body: string) => Promise<void>
  rules: AsyncRule[]
}

/** As Lambda writes it to an on-failure destination. */
const failureReport = (functionName: string, requestPayload: unknown, outcome: Failure, tries: number) => ({
  version: '1.0',
  timestamp: new Date(realNow()).toISOString(),
  requestContext: { functionArn: functionName, condition: 'RetriesExhausted', approximateInvokeCount: tries },
  requestPayload,
  responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
  responsePayload: { errorMessage: failureOf(outcome) },
})

/** Empties the folder of earlier logs and gives the stack's own log. */
function logFolder(folder: string): (line: string) => void {
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder)) if (name.endsWith('.log')) rmSync(join(folder, name))
  return (line) =>
    appendFileSync(
      join(folder, 'local-stack.log'),
      `${JSON.stringify({ timestamp: new Date(realNow()).toISOString(), message: line })}\n`,
    )
}
