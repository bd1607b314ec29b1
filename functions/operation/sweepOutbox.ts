import { sweepOutbox } from '#operations/operation'
import { jobHandler, type RunJob } from '#runtime/job'
import { live } from '#runtime/live'
import { queues } from '#runtime/liveQueues'
import { publishRow } from '#runtime/outbox'
import { outboxPartitions } from '#table/outbox'

/** The stream has this long before the sweeper takes over. */
const patienceMs = 15 * 60_000
/** Rows a partition and run: what is left waits for the next run, a quarter of an hour later. */
const pageSize = 500

export const run: RunJob = async (_at, deps) => {
  const before = deps.clock.real() - patienceMs
  let sent = 0
  for (const pk of outboxPartitions(deps.clock.real())) {
    const { items } = await deps.table.query({ pk, limit: pageSize })
    for (const row of items) {
      if (typeof row.writtenAt !== 'number' || row.writtenAt > before) continue
      await publishRow(row, deps)
      sent += 1
    }
  }
  return { sent }
}

export const handler = jobHandler(sweepOutbox, run, live(queues))
