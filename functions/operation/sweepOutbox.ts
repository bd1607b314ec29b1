import { sweepOutbox } from '#operations/operation'
import { wakeSeries } from '#runtime/invoiceNumbers'
import { jobHandler, type RunJob } from '#runtime/job'
import { live } from '#runtime/live'
import { queues } from '#runtime/liveQueues'
import { publishRow } from '#runtime/outbox'
import { outboxPartitions } from '#table/outbox'

/** The stream has this long before the sweeper takes over. */
const patienceMs = 15 * 60_000
/** Rows a partition and run: what is left waits for the next run, a quarter of an hour later. */
const pageSize = 500
/** A run looks back this far: twelve queries. Once a night it looks back as far as rows live, for what an outage of its own left behind. */
const hoursSwept = 3
const hoursSweptAtNight = 7 * 24
const nightMs = 3 * 3_600_000
const runMs = 15 * 60_000

export const run: RunJob = async ({ scheduledAt }, deps) => {
  const sinceNight = (scheduledAt % 86_400_000) - nightMs
  const hours = sinceNight >= 0 && sinceNight < runMs ? hoursSweptAtNight : hoursSwept
  const before = deps.clock.real() - patienceMs
  let sent = 0
  for (const pk of outboxPartitions(deps.clock.real(), hours)) {
    const { items } = await deps.table.query({ pk, limit: pageSize })
    for (const row of items) {
      if (typeof row.writtenAt !== 'number' || row.writtenAt > before) continue
      await publishRow(row, deps)
      sent += 1
    }
  }
  return { sent, series: await wakeSeries(deps) }
}

export const handler = jobHandler(sweepOutbox, run, live(queues))
