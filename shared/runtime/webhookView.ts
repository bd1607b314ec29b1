import type { StoredWebhook } from '#table/webhookEvents'

const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString())

/** An event as staff see it in a list: nothing of its body. */
export const webhookView = (event: StoredWebhook) => ({
  id: `${event.provider}:${event.eventKey}`,
  provider: event.provider,
  kind: event.kind,
  status: event.status,
  attempts: event.attempts,
  receivedAt: new Date(event.createdAt).toISOString(),
  nextAttemptAt: iso(event.nextAt),
  processedAt: iso(event.processedAt),
  lastError: event.lastError ?? null,
  paymentId: event.paymentId ?? null,
  accountId: event.accountId ?? null,
})
