import { startRenewals } from '#operations/renewals'
import { jobHandler, type RunJob } from '#runtime/job'
import { live } from '#runtime/live'
import { queues } from '#runtime/liveQueues'
import { queueRenewals } from '#runtime/renewalSweep'

export const run: RunJob = async ({ scheduledAt }, deps) => {
  // A late run looks at what is due now, not at what was due when it should have run.
  const until = Math.max(scheduledAt, deps.clock.now())
  return { queued: await queueRenewals(deps, until, `req_${deps.ids.random()}`) }
}

export const handler = jobHandler(startRenewals, run, live(queues))
