import { type Payment, paymentId } from '#domain/payment'
import { anyPaymentView } from '#domain/refundView'
import { listAllPayments } from '#operations/adminPayments'
import { defaultLimit } from '#operations/fields'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { type PaymentPage, searchPayments } from '#runtime/paymentSearch'
import { creditOf } from '#runtime/paymentViews'
import type { Input, Run } from '#runtime/run'
import { decodeCursor, encodeCursor } from '#table/cursor'
import { listDirectory } from '#table/paymentDirectory'
import type { Table } from '#table/port'

type Query = Input<typeof listAllPayments>['query']
interface Range {
  from: number
  to: number
}

export const run: Run<typeof listAllPayments> = async ({ query }, deps) => {
  const range = rangeOf(query, deps.clock.now())
  const page = {
    cursor: query.cursor,
    limit: Number(query.limit ?? defaultLimit),
    keep: (payment: Payment) => fits(payment, query, range),
  }
  const { payments, nextCursor } =
    query.q === undefined ? await byTime(deps.table, range, page) : await searchPayments(deps.table, query.q, page)
  const data = await Promise.all(
    payments.map(async (payment) => anyPaymentView(payment, await creditOf(deps, [payment]))),
  )
  return { data, nextCursor }
}

const yearMs = 366 * 86_400_000
const list = 'all-payments'

/** Milliseconds; `to` exclusive. */
function rangeOf({ from, to }: Query, now: number): Range {
  const end = Math.max(1, to === undefined ? now + 1 : Date.parse(to))
  return { to: end, from: Math.max(0, from === undefined ? end - yearMs : Date.parse(from)) }
}

const fits = (payment: Payment, { status, provider, type }: Query, { from, to }: Range): boolean =>
  (status === undefined || payment.status === status) &&
  (provider === undefined || payment.provider === provider) &&
  (type === undefined || payment.type === type) &&
  payment.createdAt >= from &&
  payment.createdAt < to

async function byTime(
  table: Table,
  { from, to }: Range,
  { cursor, ...page }: { cursor: string | undefined; limit: number; keep: (payment: Payment) => boolean },
): Promise<PaymentPage> {
  const position = decodeCursor(list, cursor)?.split(' ') ?? [monthOf(to - 1), paymentId(to, '0'.repeat(16))]
  const [month = '', before] = position
  const start = { month, ...(before !== undefined && { before }) }
  const { payments, next } = await listDirectory(table, start, monthOf(from), page)
  const after = next && (next.before === undefined ? next.month : `${next.month} ${next.before}`)
  return { payments, nextCursor: after === undefined ? null : encodeCursor(list, after) }
}

const monthOf = (at: number): string => new Date(at).toISOString().slice(0, 7)

export const handler = httpHandler(listAllPayments, run, live())
