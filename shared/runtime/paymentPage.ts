import type * as z from 'zod/mini'
import { requestHash } from '#domain/guard'
import type { Payment } from '#domain/payment'
import {
  type AmountPosition,
  byAmount,
  isAskedFor,
  type PaymentFilter,
  rangeOf,
  shortRangeOf,
} from '#domain/paymentFilter'
import { Problem } from '#errors/problem'
import { defaultLimit } from '#operations/fields'
import type { paymentFilterQuery } from '#operations/paymentHistory'
import { decodeCursor, encodeCursor } from '#table/cursor'
import { type PaymentRange, paymentRows } from '#table/paymentPages'
import type { Deps } from './deps.ts'

/** What one request of a list reads at most: a filter that matches little answers a short page and a cursor. */
const mostRowsAPage = 500
const rowsAtOnce = 100
/** What one request adds up, sorts or exports: some 4 MB of payments. */
export const mostRows = 2_000

type GivenFilter = { [Name in keyof typeof paymentFilterQuery]?: z.output<(typeof paymentFilterQuery)[Name]> }
export interface PageQuery extends GivenFilter {
  sort?: 'createdAt' | 'amount'
  order?: 'asc' | 'desc'
  limit?: string | undefined
  cursor?: string | undefined
}

/** @throws Problem `validation_failed` for a range that ends before it begins. */
export function filterOf({ status, type, q, from, to }: GivenFilter): PaymentFilter {
  return {
    ...(status !== undefined && { status }),
    ...(type !== undefined && { type }),
    ...(q !== undefined && { text: q }),
    ...rangeOf({ from, to }),
  }
}

/**
 * A page of an account's payments. A cursor belongs to its filter and order.
 * @throws Problem `validation_failed` for another list's cursor, and for an order by amount without a short range.
 */
export function pageOfPayments(
  deps: Pick<Deps, 'table'>,
  accountId: string,
  query: PageQuery,
): Promise<{ payments: Payment[]; nextCursor: string | null }> {
  const { limit, cursor, sort = 'createdAt', order = 'desc', ...given } = query
  const list = `payments ${accountId} ${requestHash([sort, order, given])}`
  const page = { limit: Number(limit ?? defaultLimit), order, position: decodeCursor(list, cursor) }
  const read = sort === 'amount' ? amountPage : timePage
  return read(deps, accountId, given, page).then(({ payments, next }) => ({
    payments,
    nextCursor: next === null ? null : encodeCursor(list, next),
  }))
}

interface Page {
  limit: number
  order: 'asc' | 'desc'
  position: string | undefined
}
interface Found {
  payments: Payment[]
  next: string | null
}

async function timePage(
  deps: Pick<Deps, 'table'>,
  accountId: string,
  given: GivenFilter,
  { limit, order, position }: Page,
): Promise<Found> {
  const filter = filterOf(given)
  const payments: Payment[] = []
  let after = position
  for (let read = 0; read < mostRowsAPage; read += rowsAtOnce) {
    const { rows, more } = await paymentRows(deps.table, accountId, {
      ...rangeIn(filter),
      order,
      limit: rowsAtOnce,
      ...(after !== undefined && { after }),
    })
    for (const { payment, position: at } of rows) {
      // One more than fits is there: the page ends before it, at the row that was last taken in.
      const isWanted = payment !== undefined && isAskedFor(payment, filter)
      if (isWanted && payments.length === limit) return { payments, next: after ?? null }
      if (isWanted) payments.push(payment)
      after = at
    }
    if (!more) return { payments, next: null }
  }
  return { payments, next: after ?? null }
}

/** `to` is outside of a filter's range and inside of the table's. */
const rangeIn = ({ from, to }: PaymentFilter): Pick<PaymentRange, 'from' | 'to'> => ({
  ...(from !== undefined && { from }),
  ...(to !== undefined && { to: to - 1 }),
})

/** No index knows amounts: what is in the range is read whole, so the range is short. */
async function amountPage(
  deps: Pick<Deps, 'table'>,
  accountId: string,
  given: GivenFilter,
  { limit, order, position }: Page,
): Promise<Found> {
  shortRangeOf(given)
  const sign = order === 'asc' ? 1 : -1
  const sorted = (await allPayments(deps, accountId, filterOf(given))).sort((a, b) => sign * byAmount(a, b))
  const after = position === undefined ? undefined : amountPosition(position)
  const rest = after ? sorted.filter((payment) => sign * byAmount(payment, after) > 0) : sorted
  const payments = rest.slice(0, limit)
  const last = payments.at(-1)
  return { payments, next: last && rest.length > limit ? `${last.currency} ${last.amountMinor} ${last.id}` : null }
}

function amountPosition(text: string): AmountPosition {
  const [currency = '', amount = '', id = ''] = text.split(' ')
  return { currency, amountMinor: Number(amount), id }
}

/**
 * Every payment that a filter asks for, newest first.
 * @throws Problem `validation_failed` when that would read more than 2,000 rows: half an answer adds up to a wrong sum.
 */
export async function allPayments(
  deps: Pick<Deps, 'table'>,
  accountId: string,
  filter: PaymentFilter,
): Promise<Payment[]> {
  const payments: Payment[] = []
  let after: string | undefined
  for (let read = 0; ; ) {
    const { rows, more } = await paymentRows(deps.table, accountId, {
      ...rangeIn(filter),
      order: 'desc',
      limit: Math.min(1_000, mostRows + 1 - read),
      ...(after !== undefined && { after }),
    })
    payments.push(...rows.flatMap(({ payment }) => (payment && isAskedFor(payment, filter) ? [payment] : [])))
    read += rows.length
    if (read > mostRows) throw tooMany()
    if (!more) return payments
    after = rows.at(-1)?.position ?? after
  }
}

function tooMany(): Problem {
  const message = `asks for more than ${mostRows} rows at once: choose a shorter range`
  return new Problem('validation_failed', `from: ${message}`, { errors: [{ path: 'from', message }] })
}
