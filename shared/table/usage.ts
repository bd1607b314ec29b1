import * as z from 'zod/mini'
import type { Guard } from '#domain/guard'
import type { Window } from '#domain/time'
import type { UsageCounter } from '#domain/usage'
import type { HistoryRow } from '#domain/usageHistory'
import {
  counterKey,
  duePk,
  duePosition,
  dueShards,
  gaugeKey,
  historyKey,
  operationKey,
  shardOf,
  tallyKey,
} from './keys.ts'
import { absent, equals, type Item, type Key, type Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'

const statistics = z.object({
  ok: z.int(),
  failed: z.int(),
  timed: z.int(),
  sumMs: z.int(),
  buckets: z.record(z.string(), z.int()),
})
const price = z.object({
  unitAmount: z.string(),
  maxAmount: z.exactOptional(z.int()),
  planId: z.string(),
  currency: z.string(),
  limit: z.int(),
})
const counter = z.object({
  ...stored,
  feature: z.string(),
  n: z.int(),
  ver: z.int(),
  end: z.nullable(z.int()),
  d: z.record(z.string(), z.int()),
  s: z.record(z.string(), statistics),
  crossed: z.array(z.enum(['warn', 'limit'])),
  over: z.int(),
  late: z.exactOptional(z.int()),
  closed: z.exactOptional(z.int()),
  price: z.exactOptional(price),
  due: z.exactOptional(z.int()),
})

/** A counter as it is stored: the domain's value, and which feature and window it counts. */
export type StoredCounter = z.output<typeof counter>
export const readCounter = (item: Item): StoredCounter => read(counter, item)

/** The next state of a counter, on the version that was seen. Its due mark follows `due`: the first write of a window sets it. */
export function putCounterWrite(
  where: { accountId: string; feature: string; window: Pick<Window, 'id'> },
  next: UsageCounter,
  seen: StoredCounter | undefined,
  now: number,
): Extract<Write, { kind: 'put' }> {
  return putCounterAt(counterKey(where.accountId, where.feature, where.window.id), where.feature, next, seen, now)
}

/** As `putCounterWrite`, for who holds the key (the worker that closes windows). */
export function putCounterAt(
  key: Key,
  feature: string,
  next: UsageCounter,
  seen: StoredCounter | undefined,
  now: number,
): Extract<Write, { kind: 'put' }> {
  const due =
    next.due === undefined ? {} : { gsi2pk: duePk(shardOf(key.pk, dueShards)), gsi2sk: duePosition(next.due, key) }
  const body = { ...next, v: 1, createdAt: seen?.createdAt ?? now, updatedAt: now, feature, ...due }
  return { kind: 'put', item: toItem('counter', key, body), when: seen ? equals('ver', seen.ver) : absent }
}

/** What a use took, as its row records it: a usage event, or the ledger entry of a use that cost credits. */
const taken = z.object({
  feature: z.string(),
  /** Null for what is not counted. */
  windowId: z.nullable(z.string()),
  quantity: z.int(),
  cost: z.int(),
  at: z.int(),
})
export type TakenRow = z.output<typeof taken>
/** Undefined when the row is no use: a refusal, a deduction. */
export const readTaken = (item: Item): TakenRow | undefined =>
  typeof item.feature === 'string' ? read(taken, item) : undefined

const keptSeconds = 90 * 86_400

/** The event's row: log for 90 days and guard of its key in one. */
export const putUsageEventWrite = (
  accountId: string,
  guard: Guard,
  body: Record<string, unknown>,
  at: { now: number; real: number },
): Extract<Write, { kind: 'put' }> => ({
  kind: 'put',
  item: toItem('usage', operationKey(accountId, guard), {
    ...body,
    v: 1,
    createdAt: at.now,
    updatedAt: at.now,
    ttl: Math.ceil(at.real / 1000) + keptSeconds,
  }),
  when: absent,
})

const gauge = z.object({ ...stored, n: z.int(), ver: z.int() })
export type Gauge = z.output<typeof gauge>
export const readGauge = (item: Item): Gauge => read(gauge, item)
export const putGaugeWrite = (
  accountId: string,
  feature: string,
  value: number,
  seen: Gauge | undefined,
  now: number,
): Write => ({
  kind: 'put',
  item: toItem('gauge', gaugeKey(accountId, feature), {
    v: 1,
    createdAt: seen?.createdAt ?? now,
    updatedAt: now,
    n: value,
    ver: (seen?.ver ?? 0) + 1,
  }),
  when: seen ? equals('ver', seen.ver) : absent,
})

const tally = z.object({ ...stored, quantity: z.int(), credits: z.int(), ver: z.int() })
export type TallyRow = z.output<typeof tally>
export const readTally = (item: Item): TallyRow => read(tally, item)
export const putTallyWrite = (
  accountId: string,
  guard: Guard,
  next: { quantity: number; credits: number },
  seen: TallyRow | undefined,
  now: number,
): Write => ({
  kind: 'put',
  item: toItem('tally', tallyKey(accountId, guard), {
    ...next,
    v: 1,
    createdAt: seen?.createdAt ?? now,
    updatedAt: now,
    ver: (seen?.ver ?? 0) + 1,
  }),
  when: seen ? equals('ver', seen.ver) : absent,
})

const history = z.object({
  ...stored,
  month: z.string(),
  ver: z.int(),
  days: z.record(z.string(), z.int()),
  total: z.int(),
  statistics,
  /** Charges of closed windows that ended in this month, by window id; a later close of the same window replaces its own. */
  overage: z.exactOptional(
    z.record(z.string(), z.object({ quantity: z.int(), amountMinor: z.int(), price, late: z.exactOptional(z.int()) })),
  ),
  /** Window id → the payment whose order has its overage: from then on the charge is final. */
  billed: z.exactOptional(z.record(z.string(), z.string())),
})
export type StoredHistory = z.output<typeof history>
export const readHistory = (item: Item): StoredHistory => read(history, item)
export const putHistoryWrite = (
  accountId: string,
  feature: string,
  row: HistoryRow & Pick<Partial<StoredHistory>, 'overage' | 'billed'>,
  seen: StoredHistory | undefined,
  now: number,
): Write => ({
  kind: 'put',
  item: toItem('history', historyKey(accountId, feature, row.month), {
    ...row,
    v: 1,
    createdAt: seen?.createdAt ?? now,
    updatedAt: now,
  }),
  when: seen ? equals('ver', seen.ver) : absent,
})

/** What a counter's or gauge's item counts, without caring which it is; 0 for none. */
export const countOf = (item: Item | undefined): number => (typeof item?.n === 'number' ? item.n : 0)

/** The keys behind `feature`'s current count. */
export const countKey = (accountId: string, feature: string, window: Pick<Window, 'id'> | null): Key =>
  window ? counterKey(accountId, feature, window.id) : gaugeKey(accountId, feature)
