import { statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { FunctionModel } from '../template/model.ts'
import { newUuid, realNow } from '../time.ts'
import type { Invocation, InvocationError, WorkerMessage, WorkerSetup } from './protocol.ts'

/** How an invocation ended. `timeout` and `crash` cost the worker its life; the next event gets a fresh one. */
export type Outcome =
  | { kind: 'answer'; result: unknown }
  | { kind: 'error'; error: InvocationError }
  | { kind: 'timeout' }
  | { kind: 'crash'; reason: string }
  | { kind: 'stopped' }

export interface PoolOptions {
  environment: Record<string, string>
  /** Gets each line that the function writes to its standard streams. */
  onLine: (line: string) => void
  /** Most workers at once; more events wait in line. */
  workersMax?: number
  /** A worker without work for this long ends. */
  idleMs?: number
}

export interface FunctionPool {
  invoke(event: unknown): Promise<Outcome>
  stop(): Promise<void>
}

/** Enough to show every race between copies of a function, few enough for a laptop: a thread costs some 10 MB. */
const workersMaxDefault = 8
/**
 * As many as the processors can run, and one that waits: each further thread compiles the bundle for itself and slows the
 * others. They come when an event has waited so long that its predecessors must be waiting too.
 */
const workersSoon = availableParallelism() + 1
const patienceMs = 2_000
const idleMsDefault = 60_000
/** Loading a bundle takes some 50 ms; this only ends a module that hangs while loading (AWS gives 10 s too). */
const loadTimeoutMs = 10_000
/** Node needs more than the smallest Lambda sizes for itself. */
const heapMegabytesMin = 128

interface Job {
  event: string
  /** `performance.now()` when it came. */
  since: number
  finish: (outcome: Outcome) => void
}

interface Slot {
  worker: Worker
  ready: boolean
  job?: Job
  deadline?: NodeJS.Timeout
  idle?: NodeJS.Timeout
}

/**
 * Runs one function from its bundle: a worker thread per concurrent event, each with the function's own environment
 * variables, reused afterwards, ended when idle. A worker that times out, exits or throws outside the handler is thrown away
 * alone.
 */
export function createPool(model: FunctionModel, options: PoolOptions): FunctionPool {
  const workersMax = Math.min(
    options.workersMax ?? workersMaxDefault,
    model.reservedConcurrency ?? Number.POSITIVE_INFINITY,
  )
  const setup = setupOf(model)
  const slots = new Set<Slot>()
  const waiting: Job[] = []
  const ending = new Set<Promise<unknown>>()
  let stopped = false
  let impatient: NodeJS.Timeout | undefined

  const discard = (slot: Slot, outcome: Outcome) => {
    if (!slots.delete(slot)) return
    clearTimeout(slot.deadline)
    clearTimeout(slot.idle)
    const end = slot.worker.terminate().finally(() => ending.delete(end))
    ending.add(end)
    slot.job?.finish(outcome)
    if (!stopped) pump()
  }

  const settle = (slot: Slot, outcome: Outcome) => {
    clearTimeout(slot.deadline)
    slot.job?.finish(outcome)
    delete slot.job
    pump()
    if (!slot.job) {
      slot.idle = setTimeout(() => discard(slot, { kind: 'stopped' }), options.idleMs ?? idleMsDefault)
      slot.idle.unref()
    }
  }

  const give = (slot: Slot, job: Job) => {
    clearTimeout(slot.idle)
    slot.job = job
    if (slot.ready) send(slot, job)
  }

  const send = (slot: Slot, job: Job) => {
    const deadlineMs = realNow() + model.timeoutSeconds * 1000
    slot.deadline = setTimeout(() => {
      options.onLine(`Task timed out after ${model.timeoutSeconds.toFixed(2)} seconds`)
      discard(slot, { kind: 'timeout' })
    }, model.timeoutSeconds * 1000)
    slot.worker.postMessage({ requestId: newUuid(), event: job.event, deadlineMs } satisfies Invocation)
  }

  const receive = (slot: Slot, message: WorkerMessage) => {
    if (message.kind === 'ready') {
      slot.ready = true
      clearTimeout(slot.deadline)
      if (slot.job) send(slot, slot.job)
    } else if (message.kind === 'unusable') {
      options.onLine(JSON.stringify({ level: 'ERROR', message: 'the bundle cannot be loaded', ...message.error }))
      discard(slot, { kind: 'crash', reason: message.error.errorMessage })
    } else if (message.kind === 'answer') {
      settle(slot, { kind: 'answer', result: message.result === undefined ? undefined : JSON.parse(message.result) })
    } else {
      options.onLine(JSON.stringify({ level: 'ERROR', message: 'the handler threw', ...message.error }))
      settle(slot, { kind: 'error', error: message.error })
    }
  }

  const open = (job: Job) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: setup,
      env: options.environment,
      // The bundle must not see the flags of whoever started the stack (a test runner's loader, an inspector).
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: Math.max(heapMegabytesMin, model.memoryMegabytes) },
    })
    const slot: Slot = { worker, ready: false, job }
    slots.add(slot)
    slot.deadline = setTimeout(
      () => discard(slot, { kind: 'crash', reason: 'loading the bundle took too long' }),
      loadTimeoutMs,
    )
    eachLine(worker.stdout, options.onLine)
    eachLine(worker.stderr, options.onLine)
    worker.on('message', (message: WorkerMessage) => receive(slot, message))
    worker.on('error', (error) => {
      options.onLine(JSON.stringify({ level: 'ERROR', message: 'the function crashed', error: String(error) }))
      discard(slot, { kind: 'crash', reason: String(error) })
    })
    worker.on('exit', (code) => discard(slot, { kind: 'crash', reason: `exited with ${code}` }))
  }

  /** Beyond the first few only for an event that has waited; one that has not is looked at again when it has. */
  const mayOpen = () => {
    if (slots.size >= workersMax) return false
    const [first] = waiting
    const left = first ? first.since + patienceMs - performance.now() : 0
    if (slots.size < workersSoon || left <= 0) return true
    impatient ??= setTimeout(() => {
      impatient = undefined
      pump()
    }, left)
    return false
  }

  const pump = () => {
    while (waiting.length > 0) {
      const free = [...slots].find((slot) => !slot.job)
      if (!free && !mayOpen()) return
      const job = waiting.shift()
      if (!job) return
      if (free) give(free, job)
      else open(job)
    }
  }

  return {
    invoke: (event) =>
      new Promise((finish) => {
        if (stopped) return finish({ kind: 'stopped' })
        waiting.push({ event: JSON.stringify(event), since: performance.now(), finish })
        pump()
      }),
    stop: async () => {
      stopped = true
      clearTimeout(impatient)
      for (const job of waiting.splice(0)) job.finish({ kind: 'stopped' })
      for (const slot of [...slots]) discard(slot, { kind: 'stopped' })
      await Promise.all(ending)
    },
  }
}

function setupOf(model: FunctionModel): WorkerSetup {
  const dot = model.handler.lastIndexOf('.')
  const file = model.handler.slice(0, dot)
  const extension = ['.mjs', '.js', '.cjs'].find((each) =>
    statSync(join(model.directory, file + each), { throwIfNoEntry: false }),
  )
  return {
    module: join(model.directory, `${file}${extension ?? '.mjs'}`),
    exportName: model.handler.slice(dot + 1),
    context: {
      functionName: model.name,
      functionVersion: '$LATEST',
      invokedFunctionArn: model.arn,
      memoryLimitInMB: String(model.memoryMegabytes),
      logGroupName: `/aws/lambda/${model.name}`,
      logStreamName: 'local',
    },
  }
}

function eachLine(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line) onLine(line)
  })
  stream.on('end', () => {
    if (rest) onLine(rest)
  })
}
