import { numberInvoices } from '#operations/paymentHistory'
import { numberSeries } from '#runtime/invoiceNumbers'
import { live } from '#runtime/live'
import { queues } from '#runtime/liveQueues'
import { type RunMessage, workerHandler } from '#runtime/worker'

/** The index of those that wait may lag by about a second. */
const delaySeconds = 2

export const run: RunMessage<typeof numberInvoices.message> = async ({ series, requestId }, deps) => {
  const { more } = await numberSeries(deps, series)
  if (more) await deps.queues.send('number', [{ series, requestId }], { delaySeconds })
}

export const handler = workerHandler(numberInvoices, run, live(queues))
