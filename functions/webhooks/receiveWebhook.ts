import { notFound, Problem } from '#errors/problem'
import type { WebhookEvent } from '#gateways/gateway'
import { receiveWebhook } from '#operations/webhooks'
import type { Deps } from '#runtime/deps'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { payments } from '#runtime/livePayments'
import { queues } from '#runtime/liveQueues'
import { requireRate } from '#runtime/rate'
import type { Input, Run } from '#runtime/run'
import { sendWebhook } from '#runtime/webhookReplay'
import { commit } from '#table/commit'
import { addressRateKey } from '#table/keys'
import { type NewWebhook, putWebhookWrite, readWebhook } from '#table/webhookEvents'

/** An address that keeps failing is guessing, or has an old secret: either way it may wait. Valid events never count. */
const signaturePolicy = { name: 'signatures', requests: 100, seconds: 900 }

/** Verify → store once → queue → 200. Whatever fails on the way is a 5xx, and the provider sends the event again. */
export const run: Run<typeof receiveWebhook> = async (input, deps) => {
  const { provider } = input.params
  const { turnedOn, gateway } = await deps.payments()
  if (!turnedOn.includes(provider)) throw notFound('payment provider')
  const { bytes, headers } = input.raw
  const { verifyWebhook, parseWebhook } = gateway(provider)
  if (!verifyWebhook(bytes, headers, deps.clock.real())) throw await refusal(input, deps)
  const event: NewWebhook = { ...stateOf(parseWebhook(bytes, headers), deps), bytes, requestId: input.requestId }
  const write = putWebhookWrite(event, { now: deps.clock.now(), real: deps.clock.real() })
  const outcome = await commit(deps.table, [write])
  const known = outcome.committed ? undefined : outcome.refusalOf(write)?.item
  const status = known ? readWebhook(known).status : event.status
  // One that is known and still "received" may have been lost between table and queue.
  if (status === 'received') await sendWebhook(deps, event, input.requestId)
  return { received: true, duplicate: known !== undefined }
}

/** Nothing is stored of what is not signed, but a count of it. */
async function refusal({ identity, params }: Input<typeof receiveWebhook>, deps: Deps): Promise<Problem> {
  deps.metric('WebhookSignature', 1, { provider: params.provider })
  await requireRate(deps, addressRateKey(identity.address, signaturePolicy.name), signaturePolicy)
  return new Problem('invalid_signature', 'The signature is missing or does not belong to these bytes.')
}

function stateOf({ provider, eventKey, kind, mode, about }: WebhookEvent, deps: Deps) {
  const told = { provider, eventKey, kind }
  if (mode !== 'unknown' && mode !== deps.config.mode) {
    deps.metric('WebhookMode', 1, { provider })
    return { ...told, status: 'ignored' as const, lastError: 'mode' }
  }
  return { ...told, status: about.type === 'ignored' ? ('ignored' as const) : ('received' as const) }
}

export const handler = httpHandler(receiveWebhook, run, live(queues, payments))
