import type { Account } from '#domain/account'
import type { Catalogue, Entitlement } from '#domain/catalogue'
import type { Payment } from '#domain/payment'
import type { OverageItem } from '#domain/renewal'
import type { MeteredTerm, PlanTerms } from '#domain/terms'
import { historyKey } from '#table/keys'
import { findPayment } from '#table/payments'
import type { Write } from '#table/port'
import { putHistoryWrite, readHistory, type StoredHistory } from '#table/usage'
import { listOpenCounterItems, listOpenCounters } from '#table/usageHistory'
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
/** An order is one transaction, and one row: what is beyond is on the next one. */
const mostRows = 40
const mostLines = 100

/**
 * What an account owes in a currency for use beyond its plan, the oldest first, as far as one order takes it. Windows that
 * are over and still open are closed first, so that the order has the whole of them. Use may have been made under an
 * earlier plan, so all that is sold with overage is looked at; a product without it costs no read.
 */
export async function owedOverage(
  deps: Deps,
  account: Pick<Account, 'id' | 'plan'>,
  currency: string,
): Promise<OwedOverage> {
  const { catalogue } = await deps.catalogue()
  const features = overageFeatures(catalogue, account.plan)
  if (features.length === 0) return nothing
  const now = deps.clock.now()
  const found = await Promise.all(
    features.map(async (feature) => {
      await closeDue(deps, account.id, feature, now)
      return historyOf(deps, account.id, feature, now)
    }),
  )
  const rows = found.flat().toSorted((one, other) => (positionOf(one) < positionOf(other) ? -1 : 1))
  const billing = await payersOf(deps, account.id, rows)
  const owed = bounded(
    rows.map(({ feature, row }) => {
      const name = catalogue.features[feature]?.name ?? feature
      return { feature, row, items: itemsOf({ feature, name, row }, currency, billing) }
    }),
  )
  return {
    items: owed.flatMap(({ items }) => items),
    billedBy: (paymentId) =>
      owed.map(({ feature, row, items }) => {
        const billed = { ...row.billed, ...Object.fromEntries(items.map(({ windowId }) => [windowId, paymentId])) }
        return putHistoryWrite(account.id, feature, { ...row, billed, ver: row.ver + 1 }, row, now)
      }),
  }
}

/**
 * When the first window that was begun before an instant and may have overage can be billed; undefined: none is open, all
 * that was used until then is in `owedOverage`.
 */
export async function nextOverageAt(
  deps: Deps,
  account: Pick<Account, 'id' | 'plan'>,
  before: number,
): Promise<number | undefined> {
  const { catalogue } = await deps.catalogue()
  const now = deps.clock.now()
  const open = await Promise.all(
    overageFeatures(catalogue, account.plan).map((feature) => listOpenCounters(deps.table, account.id, feature, now)),
  )
  const instants = open.flat().flatMap(({ price, createdAt, end, due = end ?? 0 }) => {
    if (!price || end === null || createdAt >= before) return []
    const at = Math.max(end, due)
    return at > now ? [at] : []
  })
  return instants.length === 0 ? undefined : Math.min(...instants)
}

function overageFeatures(catalogue: Catalogue, plan: PlanTerms | null): string[] {
  const own = Object.entries(plan?.features ?? {}).filter(
    ([, term]) => term.kind === 'metered' && (term satisfies MeteredTerm).overage !== undefined,
  )
  const sold = catalogue.plans.flatMap(({ entitlements }) =>
    Object.entries(entitlements).filter(([, one]) => isPriced(one)),
  )
  return [...new Set([...own, ...sold].map(([feature]) => feature))].sort()
}

const isPriced = (entitlement: Entitlement): boolean =>
  typeof entitlement === 'object' && entitlement.overage !== undefined

async function closeDue(deps: Deps, accountId: string, feature: string, now: number): Promise<void> {
  for (const item of await listOpenCounterItems(deps.table, accountId, feature, now)) {
    const isOver = typeof item.end === 'number' && item.end <= now && typeof item.due === 'number' && item.due <= now
    if (isOver) await closeWindow(deps, accountId, item)
  }
}

interface FoundRow {
  feature: string
  row: StoredHistory
}
interface OwedRow extends FoundRow {
  items: OverageItem[]
}

const positionOf = ({ feature, row }: FoundRow): string => `${row.month}#${feature}`

async function historyOf(deps: Deps, accountId: string, feature: string, now: number): Promise<FoundRow[]> {
  const found = await deps.table.batchGet(
    monthsUntil(now).map((month) => historyKey(accountId, feature, month)),
    { consistent: true },
  )
  return found.flatMap((item) => (item ? [{ feature, row: readHistory(item) }] : []))
}

/**
 * Those of the payments on whose orders windows were that bill them. One that failed or expired bills nothing, nor does money
 * that became credit: the use is owed again.
 */
async function payersOf(deps: Deps, accountId: string, rows: readonly FoundRow[]): Promise<ReadonlySet<string>> {
  const named = [...new Set(rows.flatMap(({ row }) => Object.values(row.billed ?? {})))]
  const payments = await Promise.all(
    named.map((paymentId) => findPayment(deps.table, accountId, paymentId, { consistent: true })),
  )
  return new Set(payments.flatMap((payment) => (payment && isBilling(payment) ? [payment.id] : [])))
}

const isBilling = ({ settled, progress }: Payment): boolean =>
  settled ? settled.as !== 'account_credit' : !['failed', 'expired'].includes(progress)

/** What was used under a plan of another currency waits for an order in that one. */
function itemsOf(
  { feature, name, row }: FoundRow & { name: string },
  currency: string,
  billing: ReadonlySet<string>,
): OverageItem[] {
  return Object.entries(row.overage ?? {})
    .filter(([windowId, { amountMinor, price }]) => {
      const payer = row.billed?.[windowId]
      return amountMinor > 0 && price.currency === currency && (payer === undefined || !billing.has(payer))
    })
    .map(([windowId, { quantity, amountMinor }]) => ({ feature, windowId, quantity, amountMinor, name }))
    .toSorted((one, other) => (one.windowId < other.windowId ? -1 : 1))
}

function bounded(rows: readonly OwedRow[]): OwedRow[] {
  const taken: OwedRow[] = []
  let lines = 0
  for (const row of rows) {
    if (taken.length === mostRows || lines === mostLines) break
    const items = row.items.slice(0, mostLines - lines)
    if (items.length > 0) taken.push({ ...row, items })
    lines += items.length
  }
  return taken
}

/**
 * The month of an instant, the one after it and those before, as far as is looked back. A window lies in the month in
 * which it ended on the account's calendar, which may be a day ahead of this one.
 */
const monthsUntil = (at: number): string[] =>
  Array.from({ length: monthsBack + 2 }, (_, back) =>
    new Date(Date.UTC(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth() + 1 - back)).toISOString().slice(0, 7),
  )
