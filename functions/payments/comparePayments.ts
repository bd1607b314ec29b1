import { comparePayments } from '#operations/payments'
import { compareDays } from '#runtime/comparePayments'
import { jobHandler, type RunJob } from '#runtime/job'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { settings } from '#runtime/liveSettings'

/** The days before the one that the run was scheduled on. All that was found is written before it fails for what was not. */
export const run: RunJob = async ({ scheduledAt }, deps) => {
  const requestId = `compare ${new Date(scheduledAt).toISOString().slice(0, 10)}`
  const { did, failures } = await compareDays(deps, scheduledAt, { requestId, actor: 'reconciler' })
  if (did.differing > 0) deps.metric('ReconciliationDifference', did.differing, {})
  if (failures.length > 0) throw failures[0]
  return { ...did }
}

export const handler = jobHandler(comparePayments, run, live(catalogue, settings, payments))
