import { pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import type { Invocation, InvocationError, WorkerMessage, WorkerSetup } from './protocol.ts'

/*
 * The inside of a worker thread: loads one bundle and answers one event at a time, as a Lambda execution environment does.
 * It holds the real time for `getRemainingTimeInMillis` only.
 */
const setup: WorkerSetup = workerData
const port = parentPort
if (!port) throw new Error('started outside a worker thread')
const say = (message: WorkerMessage) => port.postMessage(message)

const describe = (thrown: unknown): InvocationError =>
  thrown instanceof Error
    ? { errorType: thrown.name, errorMessage: thrown.message, ...(thrown.stack ? { stack: thrown.stack } : {}) }
    : { errorType: 'Unknown', errorMessage: String(thrown) }

try {
  const loaded: Record<string, unknown> = await import(pathToFileURL(setup.module).href)
  const handler = loaded[setup.exportName]
  if (typeof handler !== 'function') throw new TypeError(`${setup.exportName} is undefined or not exported`)
  const invoke = async (invocation: Invocation): Promise<void> => {
    try {
      const result: unknown = await handler(JSON.parse(invocation.event), contextOf(invocation))
      say({ kind: 'answer', result: JSON.stringify(result) })
    } catch (thrown) {
      say({ kind: 'threw', error: describe(thrown) })
    }
  }
  port.on('message', (invocation: Invocation) => void invoke(invocation))
  say({ kind: 'ready' })
} catch (thrown) {
  say({ kind: 'unusable', error: describe(thrown) })
}

function contextOf({ requestId, deadlineMs }: Invocation) {
  return {
    ...setup.context,
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - (performance.timeOrigin + performance.now())),
  }
}
