import { sweepDue } from '#operations/usage'
import { jobHandler, type RunJob } from '#runtime/job'
import { live } from '#runtime/live'
import { queues } from '#runtime/liveQueues'
import { dueMessages, duePages } from '#table/due'

/** Sixteen queries for what has fallen due, fanned out by queue. It reads keys only and decides nothing: the workers do. */
export const run: RunJob = async ({ scheduledAt }, deps) => {
  // A late run looks at what is due now, not at what was due when it should have run.
  const until = Math.max(scheduledAt, deps.clock.now())
  const requestId = `req_${deps.ids.random()}`
  let queued = 0
  for await (const { items } of duePages(deps.table, until)) {
    for (const { queue, messages } of dueMessages(items, requestId)) await deps.queues.send(queue, messages)
    queued += items.length
  }
  return { queued }
}

export const handler = jobHandler(sweepDue, run, live(queues))
