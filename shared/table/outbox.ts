import { ulidOf } from '#domain/guard'
import { outboxPk, outboxShards, shardOf } from './keys.ts'
import { absent, type Item, type Write } from './port.ts'
import { toItem } from './stored.ts'

/** What an account is told. It leaves in the transaction of its cause, and from there by the stream. */
export interface Notice {
  kind: 'usage_warning' | 'usage_limit'
  accountId: string
  feature: string
  used: number
  limit: number
  resetsAt?: number
  requestId: string
}

/** Rows live a week at most: they are deleted once sent, and a row the sweeper cannot send for a week is a defect long since alarmed. */
const keptSeconds = 7 * 86_400

/** One row of the outbox. `random` is 16 base-32 characters; the row's id is what makes a consumer idempotent. */
export function noticeWrite(notice: Notice, at: { now: number; real: number }, random: string): Write {
  const id = `out_${ulidOf(at.now, random)}`
  // The row lies under the real hour: the sweeper looks for what real time has left behind, wherever a test clock stands.
  const key = { pk: outboxPk(hourOf(at.real), shardOf(id, outboxShards)), sk: id }
  const body = {
    v: 1,
    createdAt: at.now,
    updatedAt: at.now,
    ttl: Math.ceil(at.real / 1000) + keptSeconds,
    id,
    // Real time: how long the stream has left it lying is the sweeper's question, whatever a test clock shows.
    writtenAt: at.real,
    ...notice,
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

/** What the queue's consumer gets: the row without what only the table needs. */
export function messageOf(row: Item): Record<string, unknown> {
  const {
    pk: _pk,
    sk: _sk,
    entity: _entity,
    v: _v,
    ttl: _ttl,
    updatedAt: _updatedAt,
    writtenAt: _writtenAt,
    ...message
  } = row
  return message
}
