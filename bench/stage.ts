import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { parseCatalogue } from '#domain/catalogueParse'
import { defaultPaymentSettings } from '#domain/paymentSettings'
import { realNow } from '#local/time'
import type { HttpOperation } from '#operations/definition'
import { httpOperations } from '#operations/index'
import type { Deps } from '#runtime/deps'
import { handleHttp } from '#runtime/http'
import type { Run } from '#runtime/run'
import { catalogueCache, publishCatalogue } from '#table/catalogue'
import { dynamoTable } from '#table/dynamo'
import type { Item, Table, Write } from '#table/port'
import { roleWrite } from '#table/users'
import { itemBytes, writeUnits } from '#test/support/itemSize'
import { type Call, eventOf, staffSubject } from './event.ts'

export const cataloguePath = fileURLToPath(new URL('catalogue.json', import.meta.url))

/** What one call consumed, in the engine's own figures, by table (`''`) and index. */
export interface Spent {
  readUnits: number
  writeUnits: number
  /** Write units by index; `''` is the table itself. */
  byIndex: Record<string, number>
  /** Write units of refused writes: DynamoDB charges them, and no engine reports them, so they are computed. */
  refusedUnits: number
  /** Calls to the table, one after the other. */
  roundTrips: number
  /** Largest item written, bytes. */
  largestBytes: number
}

export interface Answer extends Spent {
  status: number
  body: Record<string, unknown>
}

/** The product's own handlers on a table of the local engine, in live mode: the clock is no item, so it costs no read. */
export interface Stage {
  table: Table
  tableName: string
  deps: Deps
  /** One call through `handleHttp`. @throws Error when it does not answer with a 2xx or an `expected` status. */
  call(id: string, call: Call, expected?: number): Promise<Answer>
  /** What any other work on `deps` consumes; `soFar`, called in the midst of it, tells what it has consumed by then. */
  spentBy(work: (soFar: () => Spent) => Promise<unknown>): Promise<Spent>
  /** One call among others at the same time: what they consume cannot be told apart. */
  statusOf(id: string, call: Call): Promise<number>
  /** An account on the plan with high limits, with one grant of `credits`. */
  account(accountId: string, credits?: number): Promise<void>
}

/** Credits that no benchmark uses up. */
export const plenty = 1_000_000_000

export async function openStage(
  client: DynamoDBClient,
  tableName: string,
  capacityDetail: 'INDEXES' | 'TOTAL' = 'INDEXES',
): Promise<Stage> {
  let spent = nothing()
  const table = counting(
    dynamoTable({
      client,
      tableName,
      capacityDetail,
      onCapacity: ({ kind, CapacityUnits = 0, Table: own, GlobalSecondaryIndexes = {} }) => {
        if (kind === 'read') spent.readUnits += CapacityUnits
        else {
          spent.writeUnits += CapacityUnits
          add(spent.byIndex, '', own?.CapacityUnits ?? 0)
          for (const [index, used] of Object.entries(GlobalSecondaryIndexes))
            add(spent.byIndex, index, used.CapacityUnits ?? 0)
        }
      },
    }),
    () => spent,
  )
  await publishBenchCatalogue(table)
  await table.write([roleWrite(staffSubject, 'ADMIN', realNow())])
  const deps = depsOn(table)

  async function respond(id: string, request: Call) {
    const operation = operationNamed(id)
    const { run }: { run: Run<HttpOperation> } = await import(`../functions/${operation.area}/${id}.ts`)
    return handleHttp(operation, run, deps, eventOf(operation, request))
  }

  async function call(id: string, request: Call, expected?: number): Promise<Answer> {
    spent = nothing()
    const response = await respond(id, request)
    const { statusCode: status, body } = response
    if (expected === undefined ? status >= 300 : status !== expected)
      throw new Error(`${id} answered ${status}: ${body}`)
    return { status, body: body === '' ? {} : JSON.parse(body), ...spent }
  }

  return {
    table,
    tableName,
    deps,
    call,
    spentBy: async (work) => {
      spent = nothing()
      await work(() => ({ ...spent, byIndex: { ...spent.byIndex } }))
      return spent
    },
    statusOf: async (id, request) => (await respond(id, request)).statusCode,
    account: async (accountId, credits = plenty) => {
      await call('putAccount', { accountId, body: { email: `${accountId}@example.com`, name: 'Benchmark' } })
      await call('grantPlan', {
        accountId,
        body: { priceId: 'team-month', reason: 'benchmark' },
        key: `plan ${accountId}`,
      })
      await call('grantCredits', {
        accountId,
        body: { amount: credits, reason: 'benchmark' },
        key: `grant ${accountId}`,
      })
    },
  }
}

export function operationNamed(id: string): HttpOperation {
  const operation = httpOperations.find((one) => one.id === id)
  if (!operation) throw new Error(`there is no operation ${id}`)
  return operation
}

async function publishBenchCatalogue(table: Table): Promise<void> {
  const parsed = parseCatalogue(JSON.parse(readFileSync(cataloguePath, 'utf8')))
  if (!parsed.ok) throw new Error(`bench/catalogue.json: ${JSON.stringify(parsed.errors.slice(0, 3))}`)
  await publishCatalogue(table, parsed.catalogue, { now: realNow() })
}

const depsOn = (table: Table): Deps => ({
  table,
  clock: { now: realNow, real: realNow },
  ids: { random: sixteenDigits, secret: () => randomBytes(32).toString('base64url') },
  rng: Math.random,
  log: { info: () => {}, warn: () => {}, error: (message, fields) => fail(message, fields) },
  wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  catalogue: catalogueCache(table, realNow),
  settings: async () => defaultPaymentSettings,
  payments: async () => fail('no provider is called here'),
  config: { mode: 'live' },
  metric: () => {},
  queues: { send: async () => {} },
})

/** Hexadecimal digits are base-32 digits too; for unique ids that is enough. */
const sixteenDigits = () => randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase()

/** A defect would make every figure after it worthless. */
function fail(message: string, fields?: Record<string, unknown>): never {
  throw new Error(`${message}: ${String(fields?.error ?? JSON.stringify(fields))}`)
}

const nothing = (): Spent => ({
  readUnits: 0,
  writeUnits: 0,
  byIndex: {},
  refusedUnits: 0,
  roundTrips: 0,
  largestBytes: 0,
})

function add(sums: Record<string, number>, name: string, units: number): void {
  sums[name] = (sums[name] ?? 0) + units
}

/** Counts round trips, item sizes, and what refused writes cost. */
function counting(table: Table, spent: () => Spent): Table {
  const trip = <Result>(work: Promise<Result>): Promise<Result> => {
    spent().roundTrips += 1
    return work
  }
  return {
    get: (...args) => trip(table.get(...args)),
    batchGet: (...args) => trip(table.batchGet(...args)),
    query: (...args) => trip(table.query(...args)),
    write: async (writes) => {
      for (const item of itemsOf(writes)) spent().largestBytes = Math.max(spent().largestBytes, itemBytes(item))
      const outcome = await trip(table.write(writes))
      if (!outcome.committed) {
        const factor = writes.length > 1 ? 2 : 1
        const sizes = writes.map((write, at) => Math.max(sizeOf(write), ...itemsSeen(outcome.refusals[at]?.item)))
        spent().refusedUnits += factor * sizes.reduce((sum, bytes) => sum + writeUnits(bytes), 0)
      }
      return outcome
    },
  }
}

const itemsOf = (writes: Write[]): Item[] => writes.flatMap((write) => (write.kind === 'put' ? [write.item] : []))
const itemsSeen = (item: Item | undefined): number[] => (item ? [itemBytes(item)] : [])
const sizeOf = (write: Write): number => (write.kind === 'put' ? itemBytes(write.item) : 0)
