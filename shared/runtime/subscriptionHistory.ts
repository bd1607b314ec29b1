import { isPlanLive } from '#domain/entitlement'
import type { HistoryEntry } from '#domain/paymentWrite'
import { isoOf } from '#domain/time'
import { defaultLimit } from '#operations/fields'
import { decodeCursor, encodeCursor } from '#table/cursor'
import { listHistory } from '#table/history'
import { paymentKey } from '#table/keys'
import { listMethods, type PaymentMethod } from '#table/methods'
import { readPayment } from '#table/paymentCodec'
import type { Table } from '#table/port'
import { loadAccount } from './account.ts'
import type { Deps } from './deps.ts'
import type { Input } from './run.ts'

/** A page of the plan history, newest first. The cursor also says whether a page before has shown the entry that holds. */
export async function pageOfHistory(
  deps: Deps,
  input: Pick<Input, 'accountId' | 'identity'>,
  { limit, cursor }: { limit?: string | undefined; cursor?: string | undefined },
) {
  const account = await loadAccount(input, deps)
  const list = `subscription history ${account.id}`
  const [before, seenActive] = (decodeCursor(list, cursor) ?? '').split(' ')
  const { entries, more } = await listHistory(deps.table, account.id, {
    limit: Number(limit ?? defaultLimit),
    ...(before && { before }),
  })
  const now = deps.clock.now()
  const isLive = account.subscriptionId !== undefined && isPlanLive(account, now)
  const active = seenActive === 'shown' ? undefined : entries.find((entry) => holds(entry, isLive, now))
  const [providers, labels] = await Promise.all([
    providersOf(deps.table, account.id, entries),
    labelsOf(deps.table, account.id, entries),
  ])
  const last = entries.at(-1)
  const position = last && `${last.id} ${active || seenActive === 'shown' ? 'shown' : 'open'}`
  return {
    data: entries.map((entry) => ({
      id: entry.id,
      planId: entry.planId,
      previousPlanId: entry.previousPlanId,
      priceId: entry.priceId,
      kind: entry.kind,
      startedAt: isoOf(entry.startedAt),
      endedAt: entry.endedAt === null ? null : isoOf(entry.endedAt),
      active: entry === active,
      amount: entry.amountMinor,
      currency: entry.currency,
      paymentId: entry.paymentId,
      provider: (entry.paymentId !== null && providers.get(entry.paymentId)) || null,
      providerPaymentId: entry.providerPaymentId,
      methodLabel: (entry.methodId !== undefined && labels.get(entry.methodId)) || null,
    })),
    nextCursor: more && position ? encodeCursor(list, position) : null,
  }
}

const isEnd = ({ kind }: HistoryEntry): boolean => kind === 'cancel' || kind === 'expire'

/**
 * The newest entry that can tell of this instant. While a plan is live, an end was taken back or is an older
 * subscription's; a period that is paid ahead has not begun. Without one, what ended last is what holds.
 */
const holds = (entry: HistoryEntry, isLive: boolean, now: number): boolean =>
  entry.startedAt <= now && isEnd(entry) !== isLive

async function providersOf(table: Table, accountId: string, entries: readonly HistoryEntry[]) {
  const ids = [...new Set(entries.flatMap(({ paymentId }) => paymentId ?? []))]
  const items = ids.length === 0 ? [] : await table.batchGet(ids.map((id) => paymentKey(accountId, id)))
  return new Map(items.flatMap((item) => (item ? [readPayment(item)] : [])).map(({ id, provider }) => [id, provider]))
}

async function labelsOf(table: Table, accountId: string, entries: readonly HistoryEntry[]) {
  if (entries.every(({ methodId }) => methodId === undefined)) return new Map<string, string>()
  return new Map((await listMethods(table, accountId)).map((method) => [method.id, labelOf(method)]))
}

/** `visa •••• 4242`; without a number what it is. */
const labelOf = ({ brand, kind, last4 }: PaymentMethod): string =>
  last4 === undefined ? (brand ?? kind) : `${brand ?? kind} •••• ${last4}`
