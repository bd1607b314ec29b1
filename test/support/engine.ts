import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { directoryAttributes } from '#operations/tableIndexes'

export interface EngineTableOptions {
  /** Default `faregate`. */
  tableName?: string
  /** Streams slow the engine's every write as records pile up, so they are off unless a test is about them. */
  stream?: boolean
}

export interface Engine {
  /** For `DYNAMODB_ENDPOINT`. */
  endpoint: string
  client: DynamoDBClient
  /** Creates a table with the product's keys and indexes, and answers its name. */
  createTable(options?: EngineTableOptions): Promise<string>
  /** Ends the engine; what it held is gone. */
  stop(): Promise<void>
}

/** Another process may take a free port between our look and the engine's bind; so often it is tried again. */
const mostStarts = 5
const startWithinMs = 5_000
const pollEveryMs = 5

/** A DynamoDB engine of its own on 127.0.0.1: a fresh process, in memory, gone after `stop`. */
export async function startEngine(): Promise<Engine> {
  const binary = createRequire(import.meta.url).resolve('@dynoxide/linux-x64/dynoxide')
  for (let start = 1; ; start++) {
    const port = await freePort()
    const child = spawn(binary, ['serve', '--host', '127.0.0.1', '--port', String(port)], { stdio: 'ignore' })
    const endpoint = `http://127.0.0.1:${port}`
    if (await answers(endpoint, child)) return engineAt(endpoint, child)
    await stop(child)
    if (start === mostStarts) throw new Error(`the local DynamoDB engine did not start in ${mostStarts} tries`)
  }
}

function engineAt(endpoint: string, child: ChildProcess): Engine {
  const client = new DynamoDBClient({
    endpoint,
    region: 'local',
    // The engine takes any credentials; these are no secret.
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    // A thousand callers at once wait for one of fifty sockets; that is no finding of a race.
    requestHandler: { socketAcquisitionWarningTimeout: 120_000 },
  })
  // A test run that is ended early must not leave its engine behind.
  const reap = () => child.kill('SIGKILL')
  process.once('exit', reap)
  return {
    endpoint,
    client,
    createTable: async ({ tableName = 'faregate', stream = false } = {}) => {
      await client.send(new CreateTableCommand(schemaOf(tableName, stream)))
      return tableName
    },
    stop: async () => {
      client.destroy()
      process.off('exit', reap)
      await stop(child)
    },
  }
}

function schemaOf(tableName: string, stream: boolean): CreateTableCommandInput {
  const names = ['pk', 'sk', 'gsi1pk', 'gsi1sk', 'gsi2pk', 'gsi2sk']
  const keysOf = (index: string) => [
    { AttributeName: `${index}pk`, KeyType: 'HASH' as const },
    { AttributeName: `${index}sk`, KeyType: 'RANGE' as const },
  ]
  return {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: keysOf(''),
    GlobalSecondaryIndexes: [
      {
        IndexName: 'gsi1',
        KeySchema: keysOf('gsi1'),
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...directoryAttributes] },
      },
      { IndexName: 'gsi2', KeySchema: keysOf('gsi2'), Projection: { ProjectionType: 'KEYS_ONLY' } },
    ],
    ...(stream && { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' as const } }),
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port on 127.0.0.1')
  return address.port
}

/** Whether it is up; false when it ended (the port was taken) or stayed silent. */
async function answers(endpoint: string, child: ChildProcess): Promise<boolean> {
  const giveUpAt = performance.now() + startWithinMs
  while (child.exitCode === null && performance.now() < giveUpAt) {
    const up = await fetch(endpoint).then(
      () => true,
      () => false,
    )
    if (up) return true
    await new Promise((resolve) => setTimeout(resolve, pollEveryMs))
  }
  return false
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
