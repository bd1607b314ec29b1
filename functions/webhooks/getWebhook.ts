import { getWebhook } from '#operations/webhooks'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { maskedPayload } from '#runtime/webhookMask'
import { loadWebhook } from '#runtime/webhookReplay'
import { webhookView } from '#runtime/webhookView'
import { bytesOf } from '#table/webhookEvents'

export const run: Run<typeof getWebhook> = async ({ params }, deps) => {
  const event = await loadWebhook(deps, params.webhookId)
  return { ...webhookView(event), payload: maskedPayload(bytesOf(event)) }
}

export const handler = httpHandler(getWebhook, run, live())
