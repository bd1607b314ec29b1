import { runRenewals } from '#operations/renewals'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { queues } from '#runtime/liveQueues'
import { queueRenewals } from '#runtime/renewalSweep'
import type { Run } from '#runtime/run'

const dayMs = 86_400_000

export const run: Run<typeof runRenewals> = async ({ body, requestId }, deps) => {
  const now = deps.clock.now()
  const date = body?.date ?? new Date(now).toISOString().slice(0, 10)
  // The worker charges nothing before its time, so a day to come queues what is due by now.
  const until = Math.min(Date.parse(`${date}T00:00:00.000Z`) + dayMs - 1, now)
  return { date, queued: await queueRenewals(deps, until, requestId) }
}

export const handler = httpHandler(runRenewals, run, live(queues))
