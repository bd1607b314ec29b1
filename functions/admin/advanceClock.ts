import { advanceOf } from '#domain/testClock'
import { advanceClock as operation } from '#operations/admin'
import { advanceClock } from '#runtime/advanceClock'
import type { Deps } from '#runtime/deps'
import { live } from '#runtime/live'
import { queues } from '#runtime/liveQueues'
import { type RunMessage, workerHandler } from '#runtime/worker'
import { findClock, readClock } from '#table/clock'

/** Well within the function's own time: what is left over is the next message's. */
const sliceMs = 120_000

/** Two at once, or a message that comes after the end, do no harm: each step is one write on the version it read. */
export const run: RunMessage<typeof operation.message> = async ({ requestId }, deps) => {
  if (deps.config.mode !== 'test') return
  if (!(await isUnderway(requestId, deps))) return
  await advanceClock(deps, requestId, deps.clock.real() + sliceMs)
  if (await isUnderway(requestId, deps)) await deps.queues.send('clock', [{ requestId }])
}

/** A message of a turn that has ended would only double the work of the next one's. */
const isUnderway = async (requestId: string, { table }: Pick<Deps, 'table'>): Promise<boolean> =>
  advanceOf(readClock(await findClock(table)))?.turn === requestId

export const handler = workerHandler(operation, run, live(queues))
