import * as z from 'zod/mini'
import { type PaymentProvider, paymentProviders } from '#domain/moneyCharge'
import { receivedPatienceMs, type WebhookProgress, type WebhookStatus, webhookStatuses } from '#domain/webhook'
import { type DirectoryRound, directoryRound } from './directory.ts'
import {
  duePk,
  duePosition,
  dueShards,
  moneyShards,
  shardOf,
  webhookDirectory,
  webhookEventKey,
  webhookPosition,
  webhookStuckPk,
} from './keys.ts'
import { absent, equals, type Item, type Key, type Table, type Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'

const webhookEvent = z.object({
  ...stored,
  provider: z.enum(paymentProviders),
  eventKey: z.string(),
  kind: z.string(),
  status: z.enum(webhookStatuses),
  /** What was signed, byte for byte: UTF-8, or base64 where `encoding` says so. */
  body: z.string(),
  encoding: z.exactOptional(z.literal('base64')),
  attempts: z.int(),
  nextAt: z.exactOptional(z.int()),
  lastError: z.exactOptional(z.string()),
  processedAt: z.exactOptional(z.int()),
  accountId: z.exactOptional(z.string()),
  paymentId: z.exactOptional(z.string()),
  /** Of the call that brought it, or replayed it. */
  requestId: z.string(),
  ver: z.int(),
})
/** `createdAt` is the time of receipt, of the business clock. */
export type StoredWebhook = z.output<typeof webhookEvent>

/** Longer than any provider tries, and than staff take to look. */
const keptSeconds = 90 * 86_400

export interface NewWebhook {
  provider: PaymentProvider
  eventKey: string
  kind: string
  bytes: Uint8Array
  status: 'received' | 'ignored'
  lastError?: string
  requestId: string
}

/** Puts an event where there is none. The refusal's item is the one that is there. */
export function putWebhookWrite(event: NewWebhook, at: { now: number; real: number }): Write {
  const { bytes, ...told } = event
  const key = webhookEventKey(event.provider, event.eventKey)
  const isOver = event.status === 'ignored'
  const body = {
    v: 1,
    createdAt: at.now,
    updatedAt: at.now,
    ...told,
    ...textOf(bytes),
    attempts: 0,
    ...(isOver && { processedAt: at.now }),
    ver: 1,
    ttl: Math.ceil(at.real / 1000) + keptSeconds,
    ...directoryOf(event, at.now),
    ...(!isOver && dueOf(key, at.now + receivedPatienceMs)),
  }
  return { kind: 'put', item: toItem('webhookEvent', key, body), when: absent }
}

/** A byte order mark is a byte like others: dropped, the body would no longer be what was signed. */
function textOf(bytes: Uint8Array): { body: string; encoding?: 'base64' } {
  try {
    return { body: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return { body: Buffer.from(bytes).toString('base64'), encoding: 'base64' }
  }
}

export const bytesOf = ({ body, encoding }: Pick<StoredWebhook, 'body' | 'encoding'>): Uint8Array =>
  Buffer.from(body, encoding ?? 'utf8')

const directoryOf = ({ provider, eventKey }: { provider: PaymentProvider; eventKey: string }, now: number) => ({
  gsi1pk: webhookDirectory(monthOf(new Date(now).toISOString()), shardOf(`${provider}:${eventKey}`, moneyShards)),
  gsi1sk: webhookPosition(now, provider, eventKey),
})
const monthOf = (iso: string): string => iso.slice(0, 7)

const dueOf = (key: Key, at: number) => ({
  gsi2pk: duePk(shardOf(key.pk, dueShards)),
  gsi2sk: duePosition(at, key),
})

export const readWebhook = (item: Item): StoredWebhook => read(webhookEvent, item)

export async function findWebhook(
  table: Table,
  provider: PaymentProvider,
  eventKey: string,
): Promise<StoredWebhook | undefined> {
  const item = await table.get(webhookEventKey(provider, eventKey), { consistent: true })
  return item && readWebhook(item)
}

const mayBeAbsent = ['nextAt', 'lastError', 'processedAt', 'accountId', 'paymentId', 'gsi2pk', 'gsi2sk']

/** The next state on the version that was seen: due again, or waiting for staff, or out of both indexes. */
export function progressWrite(seen: StoredWebhook, next: WebhookProgress, now: number): Write {
  const key = webhookEventKey(seen.provider, seen.eventKey)
  return moved(seen, { ...next, ...(next.nextAt === undefined ? stuckOf(seen, next) : dueOf(key, next.nextAt)) }, now)
}

const stuckOf = ({ provider, eventKey, createdAt }: StoredWebhook, { status }: WebhookProgress) =>
  status === 'dead' || status === 'failed'
    ? { gsi2pk: webhookStuckPk(status), gsi2sk: webhookPosition(createdAt, provider, eventKey) }
    : {}

/** As if it had just been received; whoever dies between this write and the queue leaves it to the sweeper. */
export function replayWrite(seen: StoredWebhook, requestId: string, now: number): Write {
  const key = webhookEventKey(seen.provider, seen.eventKey)
  const fresh = { status: 'received' as const, attempts: 0, requestId, ...dueOf(key, now + receivedPatienceMs) }
  return moved(seen, fresh, now)
}

function moved(seen: StoredWebhook, next: Record<string, string | number>, now: number): Write {
  return {
    kind: 'update',
    key: webhookEventKey(seen.provider, seen.eventKey),
    set: { ...next, updatedAt: now },
    remove: mayBeAbsent.filter((name) => !Object.hasOwn(next, name)),
    add: { ver: 1 },
    when: equals('ver', seen.ver),
  }
}

export interface WebhookFilter {
  provider?: PaymentProvider
  status?: WebhookStatus
  /** Epoch milliseconds of receipt, inclusive. */
  from: number
  /** Exclusive. */
  to: number
}

/** Rows looked at in one shard and round: they hold bodies, and one read answers sixteen megabytes at most. */
const shardPage = 50
/** Rounds of eight queries a call: what is left, the next page looks at. */
const mostRounds = 6

/**
 * Events newest first, from before `position` on. A page may be short, even empty, and still have a `next`: it looks at a
 * bounded number of rows.
 */
export async function listWebhooks(
  table: Table,
  filter: WebhookFilter,
  page: { limit: number; position?: string },
): Promise<{ events: StoredWebhook[]; next?: string }> {
  const from = new Date(filter.from).toISOString()
  const to = new Date(filter.to).toISOString()
  // A position is a month and the sort key before which to go on; `~` sorts after every key.
  let [month = '', upper = ''] = page.position?.split(' ') ?? [monthOf(to), to]
  const events: StoredWebhook[] = []
  for (let round = 0; round < mostRounds; round++) {
    const { rows, more } = await monthRound(table, month, { from, before: upper })
    for (const [at, item] of rows.entries()) {
      const event = readWebhook(item)
      if (isWanted(event, filter)) events.push(event)
      const isLast = at === rows.length - 1 && more === undefined && month <= monthOf(from)
      if (events.length === page.limit && !isLast) return { events, next: `${month} ${String(item.gsi1sk)}` }
    }
    if (more === undefined && month <= monthOf(from)) return { events }
    if (more !== undefined) upper = more
    else [month, upper] = [monthBefore(month), '~']
  }
  return { events, next: `${month} ${upper}` }
}

const isWanted = (event: StoredWebhook, { provider, status }: WebhookFilter): boolean =>
  (provider === undefined || event.provider === provider) && (status === undefined || event.status === status)

const monthBefore = (month: string): string =>
  monthOf(new Date(Date.parse(`${month}-01T00:00:00.000Z`) - 1).toISOString())

/** A month's rows over its shards, newest first, below `before`. */
async function monthRound(
  table: Table,
  month: string,
  span: { from: string; before: string },
): Promise<Pick<DirectoryRound, 'rows' | 'more'>> {
  if (span.from > span.before) return { rows: [] }
  const partitions = Array.from({ length: moneyShards }, (_, shard) => webhookDirectory(month, shard))
  return directoryRound(table, partitions, { ...span, limit: shardPage })
}

/** Events that wait for staff, oldest first. `more`: there are some behind these. */
export async function stuckWebhooks(
  table: Table,
  status: 'dead' | 'failed',
  limit: number,
  provider?: PaymentProvider,
): Promise<{ events: StoredWebhook[]; more: boolean }> {
  const keys: Key[] = []
  let after: Record<string, string> | undefined
  for (let round = 0; round < mostRounds && keys.length <= limit; round++) {
    const found = await table.query({
      index: 'gsi2',
      pk: webhookStuckPk(status),
      limit: stuckPage,
      ...(after && { after }),
    })
    const wanted = found.items.filter(({ pk }) => provider === undefined || pk.startsWith(`EVT#${provider}#`))
    keys.push(...wanted.map(({ pk, sk }) => ({ pk, sk })))
    after = found.next
    if (!after) break
  }
  const items = await table.batchGet(keys.slice(0, limit), { consistent: true })
  // The index lags: what was replayed a moment ago is no longer stuck.
  const events = items.flatMap((item) => (item ? [readWebhook(item)] : [])).filter((event) => event.status === status)
  return { events, more: keys.length > limit || after !== undefined }
}
/** Keys alone lie in this index. */
const stuckPage = 500
