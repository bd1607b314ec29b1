import { reconcilePayment } from '#operations/payments'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { settings } from '#runtime/liveSettings'
import { reconcile } from '#runtime/reconcile'
import { type RunMessage, workerHandler } from '#runtime/worker'

/** One payment that is due: what to do about it, its own state and the provider say. */
export const run: RunMessage<typeof reconcilePayment.message> = async ({ accountId, paymentId, requestId }, deps) =>
  reconcile(deps, { accountId, paymentId }, { requestId, actor: 'reconciler' })

export const handler = workerHandler(reconcilePayment, run, live(catalogue, settings, payments))
