import { localDateAt } from '#domain/time'
import { monthsToClose, planClose, withOverage } from '#domain/usageHistory'
import { findAccount } from '#table/accounts'
import { commit } from '#table/commit'
import { historyKey } from '#table/keys'
import type { Item } from '#table/port'
import { putCounterAt, putHistoryWrite, readCounter, readHistory, type StoredHistory } from '#table/usage'
import { counterOf } from './consume.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'

/**
 * Moves what a counter has gathered into history, and accounts the overage of a window that is over. Late, twice or in
 * parallel: counter and history are one transaction on their versions, so what moved is never moved again.
 */
export async function closeWindow(deps: Deps, accountId: string, found: Item): Promise<void> {
  let item: Item | undefined = found
  await contend(deps, async () => {
    item ??= await deps.table.get({ pk: found.pk, sk: found.sk }, { consistent: true })
    if (!item) return undefined
    const stored = readCounter(item)
    const { feature } = stored
    const counter = counterOf(stored)
    const months = monthsToClose(counter)
    // The overage of a window stands in the month in which it ended, on the account's calendar.
    const account = stored.price ? await findAccount(deps.table, accountId) : undefined
    const end = stored.closed ?? stored.end
    const endMonth = end === null || !account ? undefined : localDateAt(account.zones, end - 1).slice(0, 7)
    const wanted = [...new Set([...months, ...(endMonth && stored.price ? [endMonth] : [])])]
    const rows =
      wanted.length > 0
        ? await deps.table.batchGet(
            wanted.map((month) => historyKey(accountId, feature, month)),
            { consistent: true },
          )
        : []
    const known = new Map<string, StoredHistory>(
      rows.flatMap((row) => (row ? [readHistory(row)] : [])).map((row) => [row.month, row]),
    )
    const now = deps.clock.now()
    const plan = planClose(counter, known, now)
    if (!plan) return undefined

    const next = new Map(plan.rows.map((row) => [row.month, { ...row, ...overageIn(known.get(row.month)) }]))
    if (plan.overage && endMonth) {
      const before = known.get(endMonth)
      const row = next.get(endMonth) ?? { ...emptyMonth(endMonth), ...before, ver: (before?.ver ?? 0) + 1 }
      const isBilled = (lineId: string) => before?.billed?.[lineId] !== undefined
      const overage = withOverage(before?.overage ?? {}, windowIdOf(found.sk, feature), plan.overage, isBilled)
      next.set(endMonth, { ...row, overage })
    }
    const writes = [
      putCounterAt(item, feature, plan.next, stored, now),
      ...[...next.values()].map((row) => putHistoryWrite(accountId, feature, row, known.get(row.month), now)),
    ]
    const outcome = await commit(deps.table, writes)
    if (outcome.committed) return undefined
    item = undefined
    return again
  })
}

const overageIn = (row: StoredHistory | undefined) => ({
  ...(row?.overage && { overage: row.overage }),
  ...(row?.billed && { billed: row.billed }),
})
const emptyMonth = (month: string) => ({
  month,
  ver: 0,
  days: {},
  total: 0,
  statistics: { ok: 0, failed: 0, timed: 0, sumMs: 0, buckets: {} },
})
const windowIdOf = (sk: string, feature: string): string => sk.slice(`USE#${feature}#`.length)
