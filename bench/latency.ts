import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { bundleYardstick, modulesById } from './bundles.ts'
import { hotCalls } from './hotCalls.ts'
import type { LatencyJob, LatencyMessage, LatencySamples } from './latencyProcess.ts'
import { withProgress } from './progress.ts'
import type { Section } from './report.ts'
import { median, quantile } from './statistics.ts'

/** A handler may take so many times as long as the calls to DynamoDB that it cannot avoid. */
const mostAtP50 = 1.3
const mostAtP99 = 1.5

/** Warm handlers, from their bundles in live mode, against the bare calls behind them. */
export async function measureLatency({
  quick,
}: {
  quick: boolean
}): Promise<Section & { p50Ms: Record<string, number> }> {
  const modules = await modulesById()
  const bareModule = await bundleYardstick('bareCalls.ts')
  const job = quick ? { warmups: 60, rounds: 3, samples: 60 } : { warmups: 100, rounds: 5, samples: 100 }
  const samples = await withProgress('handlers against bare calls', (update) =>
    runProcess({ ...job, modules, bareModule }, update),
  )
  const found = hotCalls.map(({ name }) => ({ name, ...figuresOf(samples, name) }))
  return {
    tables: [
      {
        title: 'Warm handlers against the bare calls to DynamoDB that they cannot avoid, milliseconds',
        columns: ['call', 'handler p50', 'bare p50', 'ratio p50', 'handler p99', 'bare p99', 'ratio p99'],
        rows: found.map((f) => [f.name, f.handler50, f.bare50, f.ratio50, f.handler99, f.bare99, f.ratio99]),
      },
    ],
    bounds: found.flatMap(({ name, ratio50, ratio99 }) => [
      { what: `${name}: ratio at p50`, value: ratio50, most: mostAtP50 },
      { what: `${name}: ratio at p99`, value: ratio99, most: mostAtP99 },
    ]),
    notes: [`Medians of ${job.rounds} rounds of ${job.samples} samples (the batch: a tenth), taken in turn.`],
    p50Ms: Object.fromEntries(found.map(({ name, handler50 }) => [name, handler50])),
  }
}

function figuresOf(samples: LatencySamples, name: string) {
  const handler = samples.handler[name] ?? []
  const bare = samples.bare[name] ?? []
  const of = (rounds: number[][], share: number) => median(rounds.map((round) => quantile(round, share)))
  const ratio = (share: number) =>
    median(handler.map((round, at) => quantile(round, share) / quantile(bare[at] ?? [], share)))
  return {
    handler50: of(handler, 0.5),
    bare50: of(bare, 0.5),
    ratio50: ratio(0.5),
    handler99: of(handler, 0.99),
    bare99: of(bare, 0.99),
    ratio99: ratio(0.99),
  }
}

function runProcess(job: LatencyJob, update: (done: number, all: number) => void): Promise<LatencySamples> {
  const child = fork(fileURLToPath(new URL('latencyProcess.ts', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: process.env.BENCH_PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`] : [],
  })
  return new Promise((resolve, reject) => {
    child.on('message', (message: LatencyMessage) => {
      if (message.kind === 'progress') update(message.done, message.all)
      else resolve(message.samples)
    })
    child.once('exit', (code) => reject(new Error(`the measuring process ended with ${code}`)))
    child.send(job)
  })
}
