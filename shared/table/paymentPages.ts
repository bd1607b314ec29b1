import { type Payment, paymentId } from '#domain/payment'
import { accountPk, paymentKey, paymentPrefix } from './keys.ts'
import { readPayment } from './paymentCodec.ts'
import type { Table } from './port.ts'

/** A row below an account's payments: a payment, or what belongs to one (refund, pointer). */
export interface PaymentRow {
  /** Where to go on after it. */
  position: string
  payment?: Payment
}

export interface PaymentRange {
  /** Epoch milliseconds; both belong to it. A payment's id holds the instant at which it was made. */
  from?: number
  to?: number
  order: 'asc' | 'desc'
  after?: string
  /** Rows, not payments. */
  limit: number
}

const first = '0'.repeat(16)
const last = 'Z'.repeat(16)
/** 48 bits: no id is later. */
const endOfTimeMs = 2 ** 48 - 1

/** One page of rows in the order of time. `more` false: there is nothing behind it. */
export async function paymentRows(
  table: Table,
  accountId: string,
  { from = 0, to = endOfTimeMs, order, after, limit }: PaymentRange,
): Promise<{ rows: PaymentRow[]; more: boolean }> {
  const bound = (at: number, bits: string): string =>
    paymentKey(accountId, paymentId(Math.min(Math.max(0, at), endOfTimeMs), bits)).sk
  const page = await table.query({
    pk: accountPk(accountId),
    sk: { from: bound(from, first), to: bound(to, last) },
    descending: order === 'desc',
    limit,
    ...(after !== undefined && { after: { pk: accountPk(accountId), sk: `${paymentPrefix}${after}` } }),
  })
  const rows = page.items.map((item) => ({
    position: item.sk.slice(paymentPrefix.length),
    ...(item.entity === 'payment' && { payment: readPayment(item) }),
  }))
  return { rows, more: page.next !== undefined }
}
