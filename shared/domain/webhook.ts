/**
 * What becomes of a provider's event once it is stored. An event is a hint, so doing it twice, late or out of order changes
 * nothing; these rules only say when to try, and when to stop.
 */
export const webhookStatuses = [
  /** Stored and queued; nothing was tried yet. */
  'received',
  /** Tried in vain; the next try is set. */
  'retrying',
  /** Nothing of ours belongs to it yet; looked for again like a retry. */
  'unmatched',
  'processed',
  /** Not ours to act on. */
  'ignored',
  /** Cannot be understood: no retry helps, newer code may. */
  'failed',
  /** Every try failed. */
  'dead',
] as const
export type WebhookStatus = (typeof webhookStatuses)[number]

const minuteMs = 60_000
/** After the first failure, the second, …: the provider's bad hour and a deployment of ours both fit in. */
export const retryDelaysMs: readonly number[] = [1, 5, 30, 120, 480].map((minutes) => minutes * minuteMs)
/** A queue's message may wait 15 minutes; longer waits lie in the due index, which is looked at every 15 minutes. */
const longestMessageDelayMs = 15 * minuteMs
/** A received event that nobody has worked on for so long was lost between table and queue, and is queued again. */
export const receivedPatienceMs = 15 * minuteMs

/** What one try came to. `code` is one of our words, never a provider's text. */
export type WebhookResult =
  | { kind: 'processed'; accountId?: string; paymentId?: string }
  | { kind: 'ignored'; code?: string }
  | { kind: 'unreadable' }
  | { kind: 'unmatched' }
  | { kind: 'failed'; code: string }

export interface WebhookProgress {
  status: WebhookStatus
  /** Tries that failed. */
  attempts: number
  /** Epoch milliseconds; present while another try is to come. */
  nextAt?: number
  lastError?: string
  processedAt?: number
  accountId?: string
  paymentId?: string
}

export interface WebhookPlan {
  next: WebhookProgress
  /** Whole seconds after which a message starts the next try; absent: the due index does, or there is none. */
  delaySeconds?: number
  /** Worth an alarm, by name. */
  alarm?: 'WebhookUnreadable' | 'WebhookUnmatched' | 'WebhookDead'
}

/** The state after a try. */
export function planWebhook(attempts: number, result: WebhookResult, now: number): WebhookPlan {
  switch (result.kind) {
    case 'processed': {
      const { accountId, paymentId } = result
      const found = { ...(accountId !== undefined && { accountId }), ...(paymentId !== undefined && { paymentId }) }
      return { next: { status: 'processed', attempts, processedAt: now, ...found } }
    }
    case 'ignored':
      return { next: ended('ignored', attempts, result.code, now) }
    case 'unreadable':
      return { next: ended('failed', attempts, 'unreadable', now), alarm: 'WebhookUnreadable' }
    case 'unmatched':
      return (
        planRetry('unmatched', attempts, 'unmatched', now) ?? {
          next: ended('ignored', attempts + 1, 'unmatched', now),
          alarm: 'WebhookUnmatched',
        }
      )
    case 'failed':
      return (
        planRetry('retrying', attempts, result.code, now) ?? {
          next: ended('dead', attempts + 1, result.code, now),
          alarm: 'WebhookDead',
        }
      )
  }
}

const ended = (status: WebhookStatus, attempts: number, code: string | undefined, now: number): WebhookProgress => ({
  status,
  attempts,
  ...(code !== undefined && { lastError: code }),
  processedAt: now,
})

function planRetry(
  status: 'retrying' | 'unmatched',
  attempts: number,
  lastError: string,
  now: number,
): WebhookPlan | undefined {
  const delayMs = retryDelaysMs[attempts]
  if (delayMs === undefined) return undefined
  return {
    next: { status, attempts: attempts + 1, nextAt: now + delayMs, lastError },
    ...(delayMs <= longestMessageDelayMs && { delaySeconds: delayMs / 1000 }),
  }
}

/**
 * Whether a message is to be acted on. `attempt` is what the message was made for: a delayed one counts real seconds while
 * `nextAt` is business time, which a test clock may hold still. Queues deliver twice: a message whose turn is over, or yet
 * to come, does nothing. A dead event's message is a try each time, so that sending it back from the dead-letter queue works.
 */
export function isWebhookDue(
  { status, attempts, nextAt = 0 }: Pick<WebhookProgress, 'status' | 'attempts' | 'nextAt'>,
  attempt: number | undefined,
  now: number,
): boolean {
  if (status === 'received' || status === 'dead') return true
  if (status !== 'retrying' && status !== 'unmatched') return false
  return attempt === attempts || nextAt <= now
}

/**
 * Whether a try is written down as failed before it is made. One that came back, or was due again, may have killed its
 * worker: uncounted, it would for ever. A fresh event is spared the write.
 */
export const isCountedFirst = (
  { status, updatedAt }: Pick<WebhookProgress, 'status'> & { updatedAt: number },
  now: number,
): boolean => status !== 'received' || now >= updatedAt + receivedPatienceMs

/** That failure, until the try has come to something. */
export const planDied = (attempts: number, now: number): WebhookProgress =>
  planWebhook(attempts, { kind: 'failed', code: 'died' }, now).next
