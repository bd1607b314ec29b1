import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceNotFoundException,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb'
import { SetupError } from '../setupError.ts'
import type { TableModel } from '../template/model.ts'
import { region } from '../template/names.ts'
import { pause } from '../time.ts'
import { indexStream, makeTableFolder } from './tableFile.ts'

/** The engines check no signature, but the SDK insists on making one. */
export const localCredentials = { accessKeyId: 'local', secretAccessKey: 'local' }

export interface DynamoEngine {
  url: string
  /** The engine's store; undefined for one that ran already. */
  file?: string
  stop(): Promise<void>
}

/** The engine listens within milliseconds; a slow machine under load gets this long. */
const startTimeoutMs = 10_000
const startPollMs = 5

/**
 * `$1` is a folder to remove in the end, or empty; then come the engine and its arguments. Background jobs of a shell read
 * from /dev/null, so the pipe is handed on as descriptor 3. The shell itself must not write: once the stack is gone, its
 * word that the engine was killed would end it before the folder is removed.
 */
const guard = `exec 3<&0; folder=$1; shift
"$@" </dev/null & engine=$!
exec 2>/dev/null
(cat <&3 >/dev/null; kill -9 $engine) &
wait $engine; code=$?
[ -z "$folder" ] || rm -rf -- "$folder"
exit $code`

/**
 * Starts the DynamoDB engine on 127.0.0.1, or takes the one at `DYNAMODB_ENDPOINT`. Its store is `dataFile`, else a file
 * that goes with it: the engine's own memory cannot be given the index that its streams need. The engine ends with this
 * process, also when that is killed: a shell holds a pipe from here and kills the engine when the pipe closes, whatever
 * closed it.
 */
export async function startDynamo(options: { dataFile?: string; endpoint?: string }): Promise<DynamoEngine> {
  if (options.endpoint) return { url: options.endpoint, stop: async () => {} }
  const engine = binary()
  const port = await freePort()
  const folder = options.dataFile === undefined ? makeTableFolder() : ''
  const file = options.dataFile ?? join(folder, 'table.db')
  const flags = ['serve', '--host', '127.0.0.1', '--port', String(port), '--db-path', file]
  // The shell is a leader of its own group: a Ctrl-C in the terminal reaches only the stack, which then stops the engine last.
  const child = spawn('/bin/sh', ['-c', guard, 'sh', folder, engine, ...flags], {
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
  })
  let complaint = ''
  child.stderr.on('data', (chunk) => {
    complaint = `${complaint}${String(chunk)}`.slice(-500)
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let running = true
  void ended.then(() => {
    running = false
  })

  const url = `http://127.0.0.1:${port}`
  const stop = async () => {
    child.stdin.end()
    await ended
  }
  try {
    const deadline = performance.now() + startTimeoutMs
    while (!(await answers(url))) {
      if (!running)
        throw new SetupError(`The DynamoDB engine did not start: ${complaint.trim() || 'it ended without a word'}.`)
      if (performance.now() > deadline)
        throw new SetupError(`The DynamoDB engine did not answer on ${url} within ${startTimeoutMs / 1000} s.`)
      await pause(startPollMs)
    }
    indexStream(file)
  } catch (error) {
    await stop()
    throw error
  }
  return { url, file, stop }
}

function binary(): string {
  try {
    return join(import.meta.resolve('@dynoxide/linux-x64/package.json').replace('file://', ''), '..', 'dynoxide')
  } catch {
    throw new SetupError(
      `No embedded DynamoDB for ${process.platform}-${process.arch}. Run DynamoDB Local or LocalStack and start with DYNAMODB_ENDPOINT=http://127.0.0.1:8000 npm start.`,
    )
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(1000) }).then(
    () => true,
    () => false,
  )
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}

export const dynamoClient = (url: string): DynamoDBClient =>
  new DynamoDBClient({ endpoint: url, region, credentials: localCredentials })

/** Creates a table as the template declares it; one that is there already (a data directory) stays as it is. True: made now. */
export async function createTable(client: DynamoDBClient, table: TableModel): Promise<boolean> {
  const known = await client.send(new DescribeTableCommand({ TableName: table.name })).catch((error: unknown) => {
    if (error instanceof ResourceNotFoundException) return undefined
    throw error
  })
  if (known) return false
  const keys = (of: TableModel['keys']) => of.map((key) => ({ AttributeName: key.name, KeyType: key.type }))
  await client.send(
    new CreateTableCommand({
      TableName: table.name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: table.attributes.map((each) => ({ AttributeName: each.name, AttributeType: each.type })),
      KeySchema: keys(table.keys),
      ...(table.indexes.length > 0
        ? {
            GlobalSecondaryIndexes: table.indexes.map((index) => ({
              IndexName: index.name,
              KeySchema: keys(index.keys),
              Projection: {
                ProjectionType: index.projection,
                ...(index.projection === 'INCLUDE' ? { NonKeyAttributes: index.include } : {}),
              },
            })),
          }
        : {}),
      ...(table.stream ? { StreamSpecification: { StreamEnabled: true, StreamViewType: table.stream } } : {}),
    }),
  )
  if (table.ttlAttribute) {
    const TimeToLiveSpecification = { AttributeName: table.ttlAttribute, Enabled: true }
    await client.send(new UpdateTimeToLiveCommand({ TableName: table.name, TimeToLiveSpecification }))
  }
  return true
}
