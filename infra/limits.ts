import type { Operation } from '#operations/definition'

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
export const workerConcurrency = 10
