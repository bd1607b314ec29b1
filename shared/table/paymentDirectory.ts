import type { Payment } from '#domain/payment'
import { moneyShards, paymentDirectory } from './keys.ts'
import { readPayment } from './payments.ts'
import type { Item, Table } from './port.ts'

/** Rows that a page reads at most, but for its last round: filters that fit little make short pages, never slow ones. */
const mostRead = 800
/** Of each shard and round. */
const readAtOnce = 25
/** Months that a page passes over at most; an empty one costs a query a shard. */
const mostMonths = 6

/** Where a page goes on: before a payment's id, or at the end of a month. */
export interface DirectoryPosition {
  /** `yyyy-mm` */
  month: string
  before?: string
}

export interface DirectoryPage {
  payments: Payment[]
  /** Absent: there is nothing more. Present with a short page, too. */
  next?: DirectoryPosition
}

/**
 * Payments of all accounts, newest first, from `start` down to the month `last`, as far as `keep` takes them. A page is
 * bounded by what it reads, not only by what it finds. The index lags by moments.
 */
export async function listDirectory(
  table: Table,
  start: DirectoryPosition,
  last: string,
  { limit, keep }: { limit: number; keep: (payment: Payment) => boolean },
): Promise<DirectoryPage> {
  const payments: Payment[] = []
  let position = start
  let read = 0
  let months = 1
  while (position.month >= last) {
    if (read >= mostRead || months > mostMonths) return { payments, next: position }
    const round = await readRound(table, position)
    read += round.read
    for (const payment of round.payments) {
      if (!keep(payment)) continue
      payments.push(payment)
      if (payments.length === limit) return { payments, next: { month: position.month, before: payment.id } }
    }
    if (!round.more) months += 1
    position = round.more ? { month: position.month, before: round.more } : { month: monthBefore(position.month) }
  }
  return { payments }
}

/**
 * The next payments of a month over all its shards. A shard that has more to tell hides what lies below its last one, so
 * only what is above all of those is in order. `more`: the id to go on before.
 */
async function readRound(
  table: Table,
  { month, before }: DirectoryPosition,
): Promise<{ payments: Payment[]; read: number; more?: string }> {
  const shards = await Promise.all(
    Array.from({ length: moneyShards }, (_, shard) =>
      table.query({
        index: 'gsi1',
        pk: paymentDirectory(month, shard),
        descending: true,
        limit: readAtOnce,
        ...(before !== undefined && { sk: { to: before } }),
      }),
    ),
  )
  const ends = shards.flatMap(({ items, next }) => (next && items.length > 0 ? [idOf(items.at(-1))] : []))
  const floor = ends.toSorted().at(-1)
  const items = shards.flatMap((shard) => shard.items)
  const payments = items
    // The bound of a query is inclusive, and the page before has shown that one.
    .filter((item) => idOf(item) !== before && (floor === undefined || idOf(item) >= floor))
    .map(readPayment)
    .toSorted((a, b) => (a.id < b.id ? 1 : -1))
  return { payments, read: items.length, ...(floor !== undefined && { more: floor }) }
}

const idOf = (item: Item | undefined): string => String(item?.gsi1sk ?? '')

const monthBefore = (month: string): string =>
  new Date(Date.parse(`${month}-01T00:00:00Z`) - 1).toISOString().slice(0, 7)
