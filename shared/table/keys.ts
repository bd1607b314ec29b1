import { createHash } from 'node:crypto'
import { type Guard, operationSk } from '#domain/guard'
import type { Key } from './port.ts'

/**
 * Every key of the table, and nothing else makes one. Values from outside enter a key only after their border parsed
 * them: an account id has no `#`, a feature id neither, an idempotency key enters as its hash (`#domain/guard`).
 */
export const accountPk = (accountId: string): string => `ACCOUNT#${accountId}`
export const accountKey = (accountId: string): Key => ({ pk: accountPk(accountId), sk: 'ACCOUNT' })
export const walletKey = (accountId: string): Key => ({ pk: accountPk(accountId), sk: 'WALLET' })

/** The guard of an operation: ledger entry, usage event or stored refusal, all under one key, so that a plan change between two tries cannot split them. */
export const operationKey = (accountId: string, guard: Guard): Key => ({
  pk: accountPk(accountId),
  sk: operationSk(guard),
})
export const tallyKey = (accountId: string, guard: Guard): Key => ({
  pk: accountPk(accountId),
  sk: operationSk(guard).replace('OP#', 'TALLY#'),
})
/** Stored answers live beside what they changed: `ACCOUNT#…` or `STAFF#…`. */
export const answerKey = (pk: string, guard: Guard): Key => ({ pk, sk: operationSk(guard).replace('OP#', 'IDEM#') })
export const staffPk = (subject: string): string => `STAFF#${subject}`

/** `windowId` comes from `#domain/time`: `<kind>#<start, ISO>`, or `lifetime`. */
export const counterKey = (accountId: string, feature: string, windowId: string): Key => ({
  pk: accountPk(accountId),
  sk: `USE#${feature}#${windowId}`,
})
export const gaugeKey = (accountId: string, feature: string): Key => ({
  pk: accountPk(accountId),
  sk: `USE#${feature}#gauge`,
})
/** `month` is `yyyy-mm`, in the account's zone. */
export const historyKey = (accountId: string, feature: string, month: string): Key => ({
  pk: accountPk(accountId),
  sk: `HIST#${feature}#${month}`,
})
export const subscriptionKey = (accountId: string, subscriptionId: string): Key => ({
  pk: accountPk(accountId),
  sk: `SUB#${subscriptionId}`,
})
export const noticeKey = (accountId: string, rowId: string): Key => ({
  pk: accountPk(accountId),
  sk: `NOTICE#${rowId}`,
})
export const noticePrefix = 'NOTICE#'

/** Quotas have partitions of their own, so a function that only counts may write nothing else. An account id has no `#`. */
export const accountRateKey = (accountId: string, policy: string): Key => ({
  pk: `RATE#${accountId}`,
  sk: policy,
})
export const addressRateKey = (address: string, policy: string): Key => ({ pk: `RATE#IP#${address}`, sk: policy })

export const userKey = (subject: string): Key => ({ pk: `USER#${subject}`, sk: 'USER' })
export const apiKeyKey = (hash: string): Key => ({ pk: `KEY#${hash}`, sk: 'KEY' })
export const catalogueKey = (version: number): Key => ({
  pk: 'CATALOGUE',
  sk: `VERSION#${String(version).padStart(6, '0')}`,
})
export const currentCatalogueKey = (): Key => ({ pk: 'CATALOGUE', sk: 'CURRENT' })
export const priceCountKey = (priceId: string): Key => ({ pk: `PRICE#${priceId}`, sk: 'COUNT' })
export const clockKey = (): Key => ({ pk: 'CLOCK', sk: 'CLOCK' })
/** Jobs report under their name and the time they were scheduled for. */
export const runKey = (job: string, scheduledAt: string): Key => ({ pk: `RUN#${job}`, sk: scheduledAt })

/** Outbox rows are spread over the hour they were made in and 4 shards: no partition is hot, and the sweeper knows where to look. */
export const outboxShards = 4
export const outboxPk = (hour: string, shard: number): string => `OUT#${hour}#${shard}`
export const auditPk = (day: string): string => `AUDIT#${day}`

/** Directory shards of accounts: the index has no hotter partition than a shard. */
export const accountShards = 8
export const accountDirectory = (shard: number): string => `DIR#account#${shard}`
export const keyDirectory = 'DIR#key'
export const auditDirectory = (month: string): string => `DIR#audit#${month}`
export const ledgerIndex = (accountId: string): string => `${accountId}#LEDGER`
/** `seq` as an index key sorts as a number up to 2^53. */
export const ledgerPosition = (seq: number): string => String(seq).padStart(16, '0')

/** Due work: 16 shards by hash, sorted by the instant at which it falls due. */
export const dueShards = 16
export const duePk = (shard: number): string => `DUE#${String(shard).padStart(2, '0')}`
export const duePosition = (at: number, key: Key): string => `${new Date(at).toISOString()}#${key.pk}#${key.sk}`

/** A stable spread of `text` over `shards`. */
export function shardOf(text: string, shards: number): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) % shards
}
