import { comparePayments } from '#operations/payments'
import { compareDay } from '#runtime/comparePayments'
import { jobHandler, type RunJob } from '#runtime/job'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { settings } from '#runtime/liveSettings'
import { commit } from '#table/commit'
import { putReconciliationWrite } from '#table/reconciliations'

const dayMs = 86_400_000

/** The day before the one that the run was scheduled on. */
export const run: RunJob = async ({ scheduledAt }, deps) => {
  const day = new Date(scheduledAt - dayMs).toISOString().slice(0, 10)
  const found = await compareDay(deps, day, { requestId: `compare ${day}`, actor: 'reconciler' })
  const at = { now: deps.clock.now(), real: deps.clock.real() }
  await commit(deps.table, [putReconciliationWrite(day, found, at)])
  const { compared, settled, differences } = found
  if (differences.length > 0) deps.metric('ReconciliationDifference', differences.length, {})
  return { compared, settled, differing: differences.length }
}

export const handler = jobHandler(comparePayments, run, live(catalogue, settings, payments))
