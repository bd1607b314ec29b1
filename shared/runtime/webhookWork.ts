import type { PaymentProvider } from '#domain/moneyCharge'
import {
  isCountedFirst,
  isWebhookDue,
  planDied,
  planWebhook,
  type WebhookPlan,
  type WebhookResult,
} from '#domain/webhook'
import { Problem } from '#errors/problem'
import { GatewayError } from '#gateways/gatewayError'
import type { WorkerOperation } from '#operations/definition'
import { commit } from '#table/commit'
import { bytesOf, findWebhook, progressWrite, type StoredWebhook } from '#table/webhookEvents'
import { reportDefect } from './defect.ts'
import type { Deps } from './deps.ts'
import { actOnWebhook } from './webhookAct.ts'

export interface WebhookMessage {
  provider: PaymentProvider
  eventKey: string
  /** The try that a delayed message was made for. */
  attempt?: number
  requestId: string
}

/** Every try of an event has failed; the message goes to the dead-letter queue, and each way back is a try. */
class WebhookDead extends Error {
  constructor(provider: string, code: string) {
    super(`an event of ${provider} is dead: ${code}`)
    this.name = 'WebhookDead'
  }
}

/**
 * One try of one event, if its turn has come. A failure is written down with the time of the next try, and does not fail
 * the message: the queue's own retries are for a worker that dies.
 * @throws WebhookDead after the last try; anything when table or queue fail.
 */
export async function workWebhook(deps: Deps, operation: WorkerOperation, message: WebhookMessage): Promise<void> {
  const { provider, eventKey, attempt } = message
  const found = await findWebhook(deps.table, provider, eventKey)
  if (!found || !isWebhookDue(found, attempt, deps.clock.now())) return
  const event = await countedFirst(deps, found)
  if (!event) return
  const result = await tryOnce(deps, operation, event, message)
  await record(deps, event, planWebhook(event.attempts, result, deps.clock.now()), message)
}

/** The event as it is from now on: a try that may kill its worker counts before it is made. Undefined: another worker has it. */
async function countedFirst(deps: Deps, event: StoredWebhook): Promise<StoredWebhook | undefined> {
  const now = deps.clock.now()
  if (!isCountedFirst(event, now)) return event
  const outcome = await commit(deps.table, [progressWrite(event, planDied(event.attempts, now), now)])
  return outcome.committed ? { ...event, ver: event.ver + 1 } : undefined
}

async function tryOnce(
  deps: Deps,
  operation: WorkerOperation,
  event: StoredWebhook,
  { requestId }: WebhookMessage,
): Promise<WebhookResult> {
  try {
    const gateway = (await deps.payments()).gateway(event.provider)
    const parsed = gateway.parseWebhook(bytesOf(event), {})
    const call = { requestId, actor: `webhook:${event.provider}` }
    return await actOnWebhook(deps, parsed, event.createdAt, call)
  } catch (error) {
    return { kind: 'failed', code: codeOf(deps, operation, error, requestId) }
  }
}

/** A word for what went wrong. What nobody planned for is a defect, told once a try. */
function codeOf(deps: Deps, operation: WorkerOperation, error: unknown, requestId: string): string {
  if (error instanceof GatewayError) return error.code === undefined ? error.kind : `${error.kind}:${error.code}`
  if (error instanceof Problem) return error.code
  // The engine asked to try again; `contend` has tried for its time.
  if (error instanceof Error && error.name === 'Contention') return 'contended'
  reportDefect(operation, deps, error, { requestId })
  return 'defect'
}

async function record(
  deps: Deps,
  event: StoredWebhook,
  { next, delaySeconds, alarm }: WebhookPlan,
  { requestId }: WebhookMessage,
): Promise<void> {
  const { provider, eventKey } = event
  const outcome = await commit(deps.table, [progressWrite(event, next, deps.clock.now())])
  // Another worker was quicker, or staff replayed it: theirs is the event's state, and its message is on its way.
  if (!outcome.committed) return
  if (alarm) deps.metric(alarm, 1, { provider })
  if (next.lastError !== undefined && next.status !== 'ignored')
    deps.log.warn('webhook', { requestId, provider, kind: event.kind, status: next.status, code: next.lastError })
  if (delaySeconds !== undefined)
    await deps.queues.send('webhook', [{ provider, eventKey, attempt: next.attempts, requestId }], { delaySeconds })
  if (next.status === 'dead') throw new WebhookDead(provider, next.lastError ?? '')
}
