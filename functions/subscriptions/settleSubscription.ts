import { settleSubscription } from '#operations/renewals'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { settings } from '#runtime/liveSettings'
import { workSubscription } from '#runtime/renewal'
import { settleWallet } from '#runtime/settleWallet'
import { type RunMessage, workerHandler } from '#runtime/worker'
import { commit } from '#table/commit'
import { countRenewalWrite } from '#table/renewalRuns'

/** One subscription that is due. What it came to is added to the day's run. */
export const run: RunMessage<typeof settleSubscription.message> = async (message, deps) => {
  const { accountId, subscriptionId, requestId } = message
  const day = new Date(deps.clock.now()).toISOString().slice(0, 10)
  const did = await workSubscription(deps, { accountId, subscriptionId }, { requestId, actor: 'renewals' })
  await settleWallet(deps, accountId)
  const { renewed, failed, skipped, amounts } = did
  if (renewed + failed + skipped === 0) return
  if (renewed + failed > 0) deps.metric('RenewalFailed', failed > 0 ? 1 : 0, {})
  const at = { now: deps.clock.now(), real: deps.clock.real() }
  await commit(deps.table, [countRenewalWrite(day, { due: 1, renewed, failed, skipped, amounts }, at)])
}

export const handler = workerHandler(settleSubscription, run, live(catalogue, settings, payments))
