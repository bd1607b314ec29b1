import type { Account } from '#domain/account'
import type { Payment } from '#domain/payment'
import type { OverageItem } from '#domain/renewal'
import type { MeteredTerm } from '#domain/terms'
import { historyKey } from '#table/keys'
import { findPayment } from '#table/payments'
import type { Write } from '#table/port'
import { putHistoryWrite, readHistory, type StoredHistory } from '#table/usage'
import { listOpenCounterItems } from '#table/usageHistory'
import { closeWindow } from './closeWindow.ts'
import type { Deps } from './deps.ts'

/** Overage of closed windows that no payment has billed yet. */
export interface OwedOverage {
  items: OverageItem[]
  /** Marks all of it as billed by a payment, in that payment's own transaction: nothing is on two orders. */
  billedBy: (paymentId: string) => Write[]
}

const nothing: OwedOverage = { items: [], billedBy: () => [] }
/** Windows are months or billing periods: a yearly plan's months are on its next order, up to a year later. */
const monthsBack = 13

/**
 * What an account owes for use beyond its plan. Windows that are over and still open are closed first, so that the order
 * has the whole of them. A plan without overage costs no read.
 */
export async function owedOverage(deps: Deps, account: Account): Promise<OwedOverage> {
  const features = Object.entries(account.plan?.features ?? {}).filter(
    ([, term]) => term.kind === 'metered' && (term satisfies MeteredTerm).overage !== undefined,
  )
  if (features.length === 0) return nothing
  const now = deps.clock.now()
  const { catalogue } = await deps.catalogue()
  const owed = await Promise.all(
    features.map(async ([feature]) => {
      await closeDue(deps, account.id, feature, now)
      return owedOf(deps, account.id, feature, catalogue.features[feature]?.name ?? feature, now)
    }),
  )
  const rows = owed.flat()
  return {
    items: rows.flatMap(({ items }) => items),
    billedBy: (paymentId) =>
      rows
        .filter(({ items }) => items.length > 0)
        .map(({ feature, row, items }) => {
          const billed = { ...row.billed, ...Object.fromEntries(items.map(({ windowId }) => [windowId, paymentId])) }
          return putHistoryWrite(account.id, feature, { ...row, billed, ver: row.ver + 1 }, row, now)
        }),
  }
}

async function closeDue(deps: Deps, accountId: string, feature: string, now: number): Promise<void> {
  for (const item of await listOpenCounterItems(deps.table, accountId, feature, now)) {
    const isOver = typeof item.end === 'number' && item.end <= now && typeof item.due === 'number' && item.due <= now
    if (isOver) await closeWindow(deps, accountId, item)
  }
}

interface OwedRow {
  feature: string
  row: StoredHistory
  items: OverageItem[]
}

async function owedOf(deps: Deps, accountId: string, feature: string, name: string, now: number): Promise<OwedRow[]> {
  const months = monthsUntil(now)
  const found = await deps.table.batchGet(
    months.map((month) => historyKey(accountId, feature, month)),
    { consistent: true },
  )
  const rows = found.flatMap((item) => (item ? [readHistory(item)] : []))
  return Promise.all(
    rows.map(async (row) => {
      const windows = Object.entries(row.overage ?? {}).filter(([, { amountMinor }]) => amountMinor > 0)
      const open = await Promise.all(
        windows.map(async ([windowId, { quantity, amountMinor }]) =>
          (await isBilled(deps, accountId, row.billed?.[windowId]))
            ? []
            : [{ feature, windowId, quantity, amountMinor, name }],
        ),
      )
      return { feature, row, items: open.flat() }
    }),
  )
}

/** The month of an instant and those before it, as far as is looked back; a window lies in the month in which it ended. */
const monthsUntil = (at: number): string[] =>
  Array.from({ length: monthsBack + 1 }, (_, back) =>
    new Date(Date.UTC(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth() - back)).toISOString().slice(0, 7),
  )

/** A payment that failed or expired bills nothing: what was on its order is owed again. */
async function isBilled(deps: Deps, accountId: string, paymentId: string | undefined): Promise<boolean> {
  if (paymentId === undefined) return false
  const payment: Payment | undefined = await findPayment(deps.table, accountId, paymentId, { consistent: true })
  return payment !== undefined && (payment.settled !== undefined || !['failed', 'expired'].includes(payment.progress))
}
