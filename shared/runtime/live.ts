import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { clockAt } from '#domain/testClock'
import type { Operation } from '#operations/definition'
import { dynamoTable } from '#table/dynamo'
import { clockKey } from '#table/keys'
import type { Table } from '#table/port'
import type { Clock, Config, Deps } from './deps.ts'
import { createLog } from './log.ts'
import { emitMetric } from './metric.ts'

/** Makes the live dependencies of one invocation. */
export type Live = (operation: Operation) => () => Promise<Deps>

/** Adds an adapter that not every function carries, so that no bundle holds what its operation does not use. */
export type Extension = (
  base: Pick<Lasting, 'client' | 'clock' | 'config' | 'log'> & {
    table: Table
    wait: Deps['wait']
    rng: Deps['rng']
    env: NodeJS.ProcessEnv
  },
) => Partial<Deps>

/** A call to DynamoDB takes milliseconds; what takes seconds is lost, and a retry under the same token is safe. */
const connectTimeoutMs = 1_000
const requestTimeoutMs = 3_000

/** What lasts as long as the process. */
interface Lasting {
  client: DynamoDBClient
  tableName: string
  config: Config
  clock: Clock
  log: Deps['log']
  added: Partial<Deps>
}

/**
 * The adapters behind a Lambda function: built once for a process, clock and counters anew for each invocation.
 * On Lambda they are built at start, where the processor is free and a missing setting fails loudly; elsewhere (tests,
 * tools) a module may be loaded without an environment, so they are built at the first call.
 */
export const live =
  (...extensions: Extension[]): Live =>
  (operation) => {
    let lasting = process.env.AWS_LAMBDA_FUNCTION_NAME ? build(operation, extensions) : undefined
    return async () => {
      lasting ??= build(operation, extensions)
      return invocation(lasting)
    }
  }

function build(operation: Operation, extensions: Extension[]): Lasting {
  const config = configOf(process.env)
  const tableName = required('TABLE_NAME')
  const client = new DynamoDBClient({
    ...(process.env.DYNAMODB_ENDPOINT && { endpoint: process.env.DYNAMODB_ENDPOINT }),
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  })
  // The SDK prepares a copy of every request and answer for a debug log that nobody reads: 6 % of a call's processor time.
  client.middlewareStack.remove('loggerMiddleware')
  const real = () => Date.now()
  const clock = { now: real, real }
  const log = createLog(operation.area)
  const table = dynamoTable({ client, tableName })
  const base = { client, table, clock, config, log, wait: pause, rng: Math.random, env: process.env }
  const added: Partial<Deps> = Object.assign({}, ...extensions.map((extension) => extension(base)))
  return { client, tableName, config, clock, log, added }
}

/** A wait that lost its race must not keep a process alive. */
const pause = (milliseconds: number): Promise<void> => wait(milliseconds, undefined, { ref: false })

async function invocation({ client, tableName, config, clock, log, added }: Lasting): Promise<Deps> {
  const spent = { readUnits: 0, writeUnits: 0, calls: 0 }
  const table = dynamoTable({
    client,
    tableName,
    onCapacity: ({ kind, CapacityUnits = 0 }) => {
      spent.calls += 1
      if (kind === 'read') spent.readUnits += CapacityUnits
      else spent.writeUnits += CapacityUnits
    },
  })
  return {
    table,
    clock: config.mode === 'live' ? clock : { now: await testNow(table, clock.real), real: clock.real },
    config,
    log,
    wait: pause,
    rng: Math.random,
    ids: { random: randomBits, secret: () => randomBytes(32).toString('base64url') },
    queues: { send: notWired('queues') },
    catalogue: notWired('the catalogue'),
    settings: notWired('the payment settings'),
    payments: notWired('the payment secret'),
    metric: emitMetric,
    spent: () => ({ ...spent }),
    ...added,
  }
}

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** 80 random bits in one draw: 32 divides 256, so the low five bits of a byte are uniform. */
const randomBits = (): string => Array.from(randomBytes(16), (byte) => crockford[byte & 31]).join('')

/** In test mode the clock's state is an item, read with each invocation; live mode never looks. */
async function testNow(table: Table, real: () => number): Promise<() => number> {
  // Consistently: a lagging read would set business time back, behind what was already booked.
  const item = await table.get(clockKey(), { consistent: true })
  return () => clockAt(item, real())
}

/** @throws Error at start, loudly, when the environment does not say what it must. */
function configOf(env: NodeJS.ProcessEnv): Config {
  const mode = env.FAREGATE_MODE
  if (mode !== 'test' && mode !== 'live') throw new Error('FAREGATE_MODE must be "test" or "live"')
  return { mode }
}

function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} must be set`)
  return value
}

const notWired = (what: string) => async (): Promise<never> => {
  throw new Error(`this function is not wired to ${what}: name it in live(…)`)
}
