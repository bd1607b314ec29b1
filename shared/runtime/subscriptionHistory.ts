import { isPlanLive } from '#domain/entitlement'
import type { HistoryEntry } from '#domain/paymentWrite'
import { endOfLine, laterLines, methodLabel } from '#domain/planHistory'
import { isoOf } from '#domain/time'
import { defaultLimit } from '#operations/fields'
import { decodeCursor, encodeCursor } from '#table/cursor'
import { laterHistory, listHistory } from '#table/history'
import { paymentKey } from '#table/keys'
import { listMethods } from '#table/methods'
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
  const [providers, labels, later] = await Promise.all([
    providersOf(deps.table, account.id, entries),
    labelsOf(deps.table, account.id, entries),
    before ? laterHistory(deps.table, account.id, { from: before, limit: laterLines }) : [],
  ])
  // What ended the last lines of a page is on the page before.
  const ends = entries.map((entry, index) => endOfLine(entry, [...later, ...entries.slice(0, index)]))
  const last = entries.at(-1)
  const position = last && `${last.id} ${active || seenActive === 'shown' ? 'shown' : 'open'}`
  return {
    data: entries.map((entry, index) => ({
      id: entry.id,
      planId: entry.planId,
      previousPlanId: entry.previousPlanId,
      priceId: entry.priceId,
      kind: entry.kind,
      startedAt: isoOf(entry.startedAt),
      endedAt: isoOrNull(ends[index]),
      active: entry === active,
      amount: entry.amountMinor,
      currency: entry.currency,
      paymentId: entry.paymentId,
      provider: entry.provider ?? ((entry.paymentId !== null && providers.get(entry.paymentId)) || null),
      providerPaymentId: entry.providerPaymentId,
      methodLabel: entry.methodLabel ?? ((entry.methodId !== undefined && labels.get(entry.methodId)) || null),
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

/** Of lines that do not say it themselves. */
async function labelsOf(table: Table, accountId: string, entries: readonly HistoryEntry[]) {
  const isOpen = (entry: HistoryEntry) => entry.methodId !== undefined && entry.methodLabel === undefined
  if (!entries.some(isOpen)) return new Map<string, string | undefined>()
  return new Map((await listMethods(table, accountId)).map((method) => [method.id, methodLabel(method)]))
}

const isoOrNull = (at: number | null | undefined): string | null => (at === null || at === undefined ? null : isoOf(at))
