import { auditLedgers } from '#operations/operation'
import { jobHandler, type RunJob } from '#runtime/job'
import { live } from '#runtime/live'
import { queues } from '#runtime/liveQueues'
import { accountShards } from '#table/keys'

/** Starts a walk through each shard of the directory of accounts; each goes on by queueing its own next page. */
export const run: RunJob = async (_at, deps) => {
  const shards = Array.from({ length: accountShards }, (_, shard) => ({ shard }))
  await deps.queues.send('audit', shards)
  return { shards: shards.length }
}

export const handler = jobHandler(auditLedgers, run, live(queues))
