import type { Operation, WorkerOperation } from '#operations/definition'

/** House limits: CloudFormation allows 500 resources in a stack, and an HTTP API 300 routes. */
export const mostResourcesInAStack = 450
export const mostRoutes = 280

const defaultTimeoutSeconds: Record<Operation['kind'], number> = {
  // A request on a crowded wallet tries for 9 s before it says so.
  http: 12,
  authorizer: 5,
  worker: 30,
  stream: 30,
  job: 120,
}

/** Lambda's share of a processor follows memory: less is slower, not cheaper, for work that is mostly start and parsing. */
const defaultMemoryMegabytes = 512

/** API Gateway gives up after 30 s, whatever the function does. */
const mostHttpSeconds = 29

/** @throws Error for a timeout that could never be reached. */
export function limitsOf({ id, kind, limits }: Operation): { timeoutSeconds: number; memoryMegabytes: number } {
  const timeoutSeconds = limits?.timeoutSeconds ?? defaultTimeoutSeconds[kind]
  if ((kind === 'http' || kind === 'authorizer') && timeoutSeconds > mostHttpSeconds) {
    throw new Error(`${id}: API Gateway ends a call after ${mostHttpSeconds} s, its timeout is ${timeoutSeconds} s`)
  }
  return { timeoutSeconds, memoryMegabytes: limits?.memoryMegabytes ?? defaultMemoryMegabytes }
}

/** Invocations of one worker at a time: what waits in a queue may wait, the table's other callers may not. */
const workerConcurrency = 10

/** The least that an event source may be told. */
const leastSourceConcurrency = 2

/** A receive that met a busy function counts as a try, so a message needs more of them where pollers outnumber runs. */
const leastReceivesWhenAlone = 5

/**
 * How many batches of a worker's queue are handed out at once.
 * @throws Error where refused hand-outs alone could bring a message to the dead-letter queue.
 */
export function sourceConcurrencyOf({ id, limits, maxReceives }: WorkerOperation): number {
  const most = Math.min(workerConcurrency, limits?.concurrency ?? workerConcurrency)
  if (most < leastSourceConcurrency && maxReceives < leastReceivesWhenAlone) {
    throw new Error(`${id}: a worker that runs alone needs maxReceives of at least ${leastReceivesWhenAlone}`)
  }
  return Math.max(leastSourceConcurrency, most)
}
