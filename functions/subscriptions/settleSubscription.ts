import { settleSubscription } from '#operations/renewals'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { settings } from '#runtime/liveSettings'
import { workSubscription } from '#runtime/renewal'
import { countRenewals } from '#runtime/renewalCount'
import { settleWallet } from '#runtime/settleWallet'
import { type RunMessage, workerHandler } from '#runtime/worker'

/** One subscription that is due. What failed or was left is added to the day's run; what is paid, where it is settled. */
export const run: RunMessage<typeof settleSubscription.message> = async (message, deps) => {
  const { accountId, subscriptionId, requestId } = message
  const did = await workSubscription(deps, { accountId, subscriptionId }, { requestId, actor: 'renewals' })
  await settleWallet(deps, accountId)
  await countRenewals(deps, did)
}

export const handler = workerHandler(settleSubscription, run, live(catalogue, settings, payments))
