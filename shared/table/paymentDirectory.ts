import type { Payment } from '#domain/payment'
import { directoryRound } from './directory.ts'
import { moneyShards, paymentDirectory } from './keys.ts'
import { readPayment } from './paymentCodec.ts'
import type { Table } from './port.ts'

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

export interface PaymentPage {
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
): Promise<PaymentPage> {
  const payments: Payment[] = []
  let position = start
  let read = 0
  let months = 1
  while (position.month >= last) {
    if (read >= mostRead || months > mostMonths) return { payments, next: position }
    const { month, before } = position
    const partitions = Array.from({ length: moneyShards }, (_, shard) => paymentDirectory(month, shard))
    const round = await directoryRound(table, partitions, { before, limit: readAtOnce })
    read += round.read
    for (const payment of round.rows.map(readPayment)) {
      if (!keep(payment)) continue
      payments.push(payment)
      if (payments.length === limit) return { payments, next: { month, before: payment.id } }
    }
    if (round.more === undefined) months += 1
    position = round.more === undefined ? { month: monthBefore(month) } : { month, before: round.more }
  }
  return { payments }
}

const monthBefore = (month: string): string =>
  new Date(Date.parse(`${month}-01T00:00:00Z`) - 1).toISOString().slice(0, 7)
