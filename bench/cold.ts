import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod/mini'
import { createQueues, queueUrl, sqsClient, startSqs } from '#local/engines/sqs'
import { type Operation, queues } from '#operations/definition'
import { operations } from '#operations/index'
import { startEngine } from '#test/support/engine'
import { benchBundles, bundleYardstick, functionEnvironment, modulesById } from './bundles.ts'
import { coldEvent, makeColdData } from './coldEvents.ts'
import { eventOf } from './event.ts'
import { accountIdOf } from './names.ts'
import { withProgress } from './progress.ts'
import type { Section } from './report.ts'
import { openStage, operationNamed } from './stage.ts'
import { median } from './statistics.ts'

/** A function may start in this part of the time that the SDK's DynamoDB client alone needs. */
const mostRatio = 0.9
/** The yardstick is taken again after so many functions: a machine's mood changes within a round. */
const functionsPerYardstick = 5
const sampleTimeoutMs = 20_000
/** These work in test mode only. */
const testModeOnly = new Set(['getClock', 'setClock'])

interface Sample {
  loadMs: number
  firstMs: number
  /** Processor time of both: what a busy machine does not lengthen. */
  processorMs: number
}
const sampleSchema = z.object({ loadMs: z.number(), firstMs: z.number(), processorMs: z.number(), answer: z.unknown() })
const sampler = fileURLToPath(new URL('coldSample.mjs', import.meta.url))

/** Fresh process to first answer, for every function's bundle, against a bundle of the stock client. */
export async function measureCold({ quick }: { quick: boolean }): Promise<Section> {
  const rounds = quick ? 3 : 15
  const engine = await startEngine()
  const sqs = await startSqs()
  const folder = await mkdtemp(join(tmpdir(), 'faregate-bench-'))
  try {
    const client = sqsClient(sqs.url)
    await createQueues(
      client,
      sqs.url,
      queues.map((name) => ({ name, arn: '', attributes: {} })),
    )
    client.destroy()
    const tableName = await engine.createTable()
    const stage = await openStage(engine.client, tableName, 'TOTAL')
    const data = await makeColdData(stage, rounds)
    const queueVariables = queues.map((name) => [`QUEUE_${name.toUpperCase()}_URL`, queueUrl(sqs.url, name)])
    const environment = (mode: 'live' | 'test') => ({
      ...functionEnvironment(engine.endpoint, tableName, mode),
      ...Object.fromEntries(queueVariables),
      SQS_ENDPOINT: sqs.url,
    })
    const modules = await modulesById()
    const stock = await bundleYardstick('stockHandler.ts', { stock: true })
    const stockEvent = eventOf(operationNamed('getAccount'), { accountId: accountIdOf(0) })
    const missing = operations.filter((operation) => coldEvent(operation, data, 0) === undefined)
    const measured = operations.filter((operation) => !missing.includes(operation))

    const samples = new Map<string, Sample[]>(measured.map(({ id }) => [id, []]))
    const yardsticks: Sample[][] = []
    await withProgress('cold starts', async (update) => {
      for (let n = 0; n < rounds; n++) {
        const yardstick: Sample[] = []
        for (const [at, operation] of measured.entries()) {
          if (at % functionsPerYardstick === 0) yardstick.push(await sample(stock, stockEvent, environment('live')))
          const event = coldEvent(operation, data, n)
          const mode = testModeOnly.has(operation.id) ? 'test' : 'live'
          samples
            .get(operation.id)
            ?.push(await sample(modules[operation.id] ?? '', event, environment(mode), operation))
          update(n * measured.length + at, rounds * measured.length)
        }
        yardsticks.push(yardstick)
      }
    })
    return await sectionOf(samples, yardsticks, missing, rounds)
  } finally {
    await engine.stop()
    await sqs.stop()
    await rm(folder, { recursive: true })
  }

  async function sample(
    module: string,
    event: unknown,
    env: Record<string, string>,
    operation?: Operation,
  ): Promise<Sample> {
    const eventFile = join(folder, 'event.json')
    await writeFile(eventFile, JSON.stringify(event))
    const { answer, ...times } = sampleSchema.parse(JSON.parse(await runSampler(module, eventFile, env)))
    if (operation && !succeeded(operation, answer))
      throw new Error(`${operation.id}, started cold, answered ${JSON.stringify(answer).slice(-500)}`)
    return times
  }
}

const failures = z.object({ batchItemFailures: z.array(z.unknown()).check(z.length(0)) })
const success = z.object({ statusCode: z.int().check(z.maximum(299)) })
const allowed = z.object({ isAuthorized: z.literal(true) })

/** A refusal is quicker than the work, so it must not count as a start. */
function succeeded({ kind }: Operation, answer: unknown): boolean {
  if (kind === 'http') return success.safeParse(answer).success
  if (kind === 'authorizer') return allowed.safeParse(answer).success
  return kind === 'job' || failures.safeParse(answer).success
}

function runSampler(module: string, eventFile: string, env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, [sampler, module, eventFile], {
    env,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    timeout: sampleTimeoutMs,
  })
  let figures = ''
  let complaint = ''
  child.stdio[3]?.on('data', (chunk: Buffer) => {
    figures += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 && figures !== '' ? resolve(figures) : reject(new Error(`${module} ended with ${code}: ${complaint}`)),
    )
  })
}

const coldMs = ({ loadMs, firstMs }: Sample): number => loadMs + firstMs

async function sectionOf(
  samples: Map<string, Sample[]>,
  yardsticks: Sample[][],
  missing: Operation[],
  rounds: number,
): Promise<Section> {
  const sizes = new Map((await benchBundles()).map(({ id, sizeBytes }) => [id, sizeBytes]))
  const stockMs = yardsticks.map((round) => median(round.map(coldMs)))
  const stockReadyMs = yardsticks.map((round) => median(round.map(({ loadMs }) => loadMs)))
  const stockProcessorMs = median(yardsticks.flat().map(({ processorMs }) => processorMs))
  const found = [...samples].map(([id, taken]) => ({
    id,
    kilobytes: (sizes.get(id) ?? 0) / 1000,
    loadMs: median(taken.map(({ loadMs }) => loadMs)),
    firstMs: median(taken.map(({ firstMs }) => firstMs)),
    processorRatio: median(taken.map(({ processorMs }) => processorMs)) / stockProcessorMs,
    ratio: median(taken.map(({ loadMs }, round) => loadMs / (stockReadyMs[round] ?? 0))),
    totalRatio: median(taken.map((one, round) => coldMs(one) / (stockMs[round] ?? 0))),
  }))
  const all = yardsticks.flat()
  const stockRow = [
    'the stock DynamoDB client alone',
    '',
    median(all.map(({ loadMs }) => loadMs)),
    median(all.map(({ firstMs }) => firstMs)),
    median(all.map(coldMs)),
    1,
    1,
    1,
  ]
  return {
    tables: [
      {
        title: 'Cold start: a fresh process to handler ready, then its first event, milliseconds',
        columns: [
          'function',
          'bundle, KB',
          'to ready',
          'first event',
          'together',
          'ratio to ready',
          'ratio together',
          'ratio of processor time',
        ],
        rows: [
          stockRow,
          ...found.map((f) => [
            f.id,
            f.kilobytes,
            f.loadMs,
            f.firstMs,
            f.loadMs + f.firstMs,
            f.ratio,
            f.totalRatio,
            f.processorRatio,
          ]),
        ],
      },
    ],
    bounds: found.map(({ id, ratio }) => ({
      what: `${id}: cold start to handler ready, ratio`,
      value: ratio,
      most: mostRatio,
    })),
    notes: [
      `Medians of ${rounds} processes for each function, in turn with the stock client.`,
      'The first event of a function is all of its round trips, the yardstick’s is one read; what is loaded lazily shows there.',
      ...missing.map(({ id }) => `${id} has no first event: add one to bench/coldEvents.ts or events/.`),
    ],
  }
}
