import { type PaymentProvider, paymentProviders } from '#domain/moneyCharge'
import { notFound } from '#errors/problem'
import { commit } from '#table/commit'
import { findWebhook, replayWrite, type StoredWebhook } from '#table/webhookEvents'
import type { Deps } from './deps.ts'

/** `<provider>:<event key>`, which its border has parsed. @throws Problem `not_found` */
export async function loadWebhook(deps: Pick<Deps, 'table'>, webhookId: string): Promise<StoredWebhook> {
  const [provider, eventKey] = partsOf(webhookId)
  const event = provider && (await findWebhook(deps.table, provider, eventKey))
  if (!event) throw notFound('event')
  return event
}

function partsOf(webhookId: string): [PaymentProvider | undefined, string] {
  const colon = webhookId.indexOf(':')
  const name = webhookId.slice(0, colon)
  return [paymentProviders.find((provider) => provider === name), webhookId.slice(colon + 1)]
}

/** Puts each event back to "received" and queues it; one that changed meanwhile is left alone. Answers how many. */
export async function replayAll(deps: Deps, events: readonly StoredWebhook[], requestId: string): Promise<number> {
  let replayed = 0
  for (const event of events) {
    const outcome = await commit(deps.table, [replayWrite(event, requestId, deps.clock.now())])
    if (!outcome.committed) continue
    await sendWebhook(deps, event, requestId)
    replayed += 1
  }
  return replayed
}

export const sendWebhook = (
  deps: Pick<Deps, 'queues'>,
  { provider, eventKey }: Pick<StoredWebhook, 'provider' | 'eventKey'>,
  requestId: string,
): Promise<void> => deps.queues.send('webhook', [{ provider, eventKey, requestId }])
