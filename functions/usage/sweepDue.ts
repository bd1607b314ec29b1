import { sweepDue } from '#operations/usage'
import { jobHandler, type RunJob } from '#runtime/job'
import { live } from '#runtime/live'
import { queues } from '#runtime/liveQueues'
import { dueMessages } from '#table/due'
import { duePk, dueShards } from '#table/keys'

const pageSize = 500
/** A shard and run: 100,000 rows a run over all shards; what is left is still due in the next. */
const mostPages = 13

/** Sixteen queries for what has fallen due, fanned out by queue. It reads keys only and decides nothing: the workers do. */
export const run: RunJob = async ({ scheduledAt }, deps) => {
  // A late run looks at what is due now, not at what was due when it should have run.
  const until = new Date(Math.max(scheduledAt, deps.clock.now())).toISOString()
  const requestId = `req_${deps.ids.random()}`
  let queued = 0
  for (let shard = 0; shard < dueShards; shard++) {
    let after: Record<string, string> | undefined
    for (let page = 0; page < mostPages; page++) {
      // `~` sorts after every character of a key, so rows due at this very instant are in.
      const found = await deps.table.query({
        index: 'gsi2',
        pk: duePk(shard),
        sk: { to: `${until}~` },
        limit: pageSize,
        ...(after && { after }),
      })
      for (const { queue, messages } of dueMessages(found.items, requestId)) await deps.queues.send(queue, messages)
      queued += found.items.length
      after = found.next
      if (!after) break
    }
  }
  return { queued }
}

export const handler = jobHandler(sweepDue, run, live(queues))
