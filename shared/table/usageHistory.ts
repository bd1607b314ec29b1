import { windowKinds } from '#domain/terms'
import type { HistoryRow } from '#domain/usageHistory'
import { accountPk, counterKey, historyKey } from './keys.ts'
import type { Item, Table } from './port.ts'
import { readCounter, readHistory, type StoredCounter } from './usage.ts'

/** Sixty months and a little: a history never needs more rows of one feature. */
const mostMonths = 64
/** How far back windows of each kind may still hold what has not been rolled up: the sweep runs every quarter of an hour. */
const openForMs = {
  minute: 2 * 3_600_000,
  hour: 26 * 3_600_000,
  day: 3 * 86_400_000,
  month: 100 * 86_400_000,
  period: 400 * 86_400_000,
  lifetime: 0,
}
const pageSize = 400

/** Months (`yyyy-mm`, inclusive) of a feature. */
export async function listHistory(
  table: Table,
  accountId: string,
  feature: string,
  from: string,
  to: string,
): Promise<HistoryRow[]> {
  const { pk } = historyKey(accountId, feature, from)
  const sk = { from: historyKey(accountId, feature, from).sk, to: historyKey(accountId, feature, to).sk }
  const { items } = await table.query({ pk, sk, limit: mostMonths })
  return items.map(readHistory)
}

/** Counters that may hold what is not in history yet, whatever window the feature had when they were begun. */
export const listOpenCounters = async (
  table: Table,
  accountId: string,
  feature: string,
  now: number,
): Promise<StoredCounter[]> => (await listOpenCounterItems(table, accountId, feature, now)).map(readCounter)

/** The same as stored items, for whoever closes them. */
export async function listOpenCounterItems(
  table: Table,
  accountId: string,
  feature: string,
  now: number,
): Promise<Item[]> {
  const found = await Promise.all(
    windowKinds.map(async (kind) => {
      if (kind === 'lifetime') {
        const item = await table.get(counterKey(accountId, feature, 'lifetime'))
        return item ? [item] : []
      }
      const first = new Date(now - openForMs[kind]).toISOString()
      const sk = {
        from: counterKey(accountId, feature, `${kind}#${first}`).sk,
        to: counterKey(accountId, feature, `${kind}#~`).sk,
      }
      const { items } = await table.query({ pk: accountPk(accountId), sk, limit: pageSize })
      return items
    }),
  )
  return found.flat()
}
