import * as z from 'zod/mini'
import { ulidOf } from '#domain/guard'
import type { PaymentNotice } from '#domain/paymentWrite'
import { outboxPk, outboxShards, shardOf } from './keys.ts'
import { absent, type Item, type Write } from './port.ts'
import { read, toItem } from './stored.ts'

/** What an account is told of a limit. It leaves in the transaction of its cause, and from there by the stream. */
export interface UsageNotice {
  kind: 'usage_warning' | 'usage_limit'
  accountId: string
  feature: string
  used: number
  limit: number
  resetsAt?: number
  requestId: string
}

/** What an account is told of its money. `data` is small and flat: ids, amounts, dates. */
export interface MoneyNotice {
  kind: PaymentNotice
  accountId: string
  data: Record<string, string | number | null>
  requestId: string
}
export type Notice = UsageNotice | MoneyNotice

/** Queues that rows leave for; one without a name goes to `outbox`. */
export const outboxQueues = ['outbox', 'number'] as const
type OutboxQueue = (typeof outboxQueues)[number]

/** Rows live a week at most: they are deleted once sent, and a row the sweeper cannot send for a week is a defect long since alarmed. */
const keptSeconds = 7 * 86_400

/** An invoice waits for its number: wakes the worker which numbers its series; one that it finds nothing for costs a read. */
export interface NumberWaits {
  series: string
  requestId: string
}

/**
 * One row for an account's notice. `random` is 16 base-32 characters; the row's id is what makes a consumer idempotent.
 * `wakes`: the word to the numbers worker leaves with it, instead of as a row of its own.
 */
export function noticeWrite(
  notice: Notice,
  at: { now: number; real: number },
  random: string,
  wakes?: NumberWaits,
): Write {
  return rowWrite('outbox', { ...notice, ...(wakes && { wakes: { ...wakes } }) }, at, random)
}

/** The same as a row of its own, where nobody is told of anything. */
export const numberWaitsWrite = (waits: NumberWaits, at: { now: number; real: number }, random: string): Write =>
  rowWrite('number', { message: waits }, at, random)

function rowWrite(
  queue: OutboxQueue,
  content: Record<string, unknown>,
  at: { now: number; real: number },
  random: string,
): Write {
  const id = `out_${ulidOf(at.now, random)}`
  // The row lies under the real hour: the sweeper looks for what real time has left behind, wherever a test clock stands.
  const key = { pk: outboxPk(hourOf(at.real), shardOf(id, outboxShards)), sk: id }
  const body = {
    v: 1,
    createdAt: at.now,
    updatedAt: at.now,
    ttl: Math.ceil(at.real / 1000) + keptSeconds,
    id,
    queue,
    // Real time: how long the stream has left it lying is the sweeper's question, whatever a test clock shows.
    writtenAt: at.real,
    ...content,
  }
  return { kind: 'put', item: toItem('outbox', key, body), when: absent }
}

const hourOf = (real: number): string => new Date(real).toISOString().slice(0, 13)
const hourMs = 3_600_000

/** The partitions that may hold rows of the last hours, newest hour first. */
export const outboxPartitions = (real: number, hours: number): string[] =>
  Array.from({ length: hours }, (_, back) => hourOf(real - back * hourMs)).flatMap((hour) =>
    Array.from({ length: outboxShards }, (_, shard) => outboxPk(hour, shard)),
  )

const message = z.record(z.string(), z.unknown())
const routed = z.object({
  queue: z._default(z.enum(outboxQueues), 'outbox'),
  message: z.exactOptional(message),
  wakes: z.exactOptional(message),
})

interface Leaving {
  queue: OutboxQueue
  message: Record<string, unknown>
}

/**
 * Where a row goes, and what each queue's consumer gets: its message, else the row without what only the table needs;
 * and the word to the numbers worker where the row carries it.
 */
export function messagesOf(row: Item): Leaving[] {
  const { queue, message: own, wakes } = read(routed, row)
  const {
    pk: _pk,
    sk: _sk,
    entity: _entity,
    v: _v,
    ttl: _ttl,
    updatedAt: _updatedAt,
    queue: _queue,
    wakes: _wakes,
    writtenAt: _writtenAt,
    ...rest
  } = row
  return [{ queue, message: own ?? rest }, ...(wakes ? [{ queue: 'number' as const, message: wakes }] : [])]
}
