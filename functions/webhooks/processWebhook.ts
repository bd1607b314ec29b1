import { processWebhook } from '#operations/webhooks'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { queues } from '#runtime/liveQueues'
import { settings } from '#runtime/liveSettings'
import { workWebhook } from '#runtime/webhookWork'
import { type RunMessage, workerHandler } from '#runtime/worker'

export const run: RunMessage<typeof processWebhook.message> = (message, deps) =>
  workWebhook(deps, processWebhook, message)

export const handler = workerHandler(processWebhook, run, live(catalogue, queues, settings, payments))
