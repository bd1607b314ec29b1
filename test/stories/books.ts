import assert from 'node:assert/strict'
import type * as z from 'zod/mini'
import { type Caller, until } from './caller.ts'
import { staffPaymentDetail, staffPayments } from './views.ts'

type StaffPayment = z.output<typeof staffPaymentDetail>

export interface Books {
  payments: StaffPayment[]
  /** Numbers of invoices and credit notes by their series, `INV-2027`, in order. */
  series: Map<string, number[]>
}

/**
 * All payments since an instant with their documents, as staff see them. Asserts what holds of any books: every number
 * sequence counts 1, 2, 3 … without a gap, and the documents of each payment say the same as the money that moved.
 */
export async function booksOf(staff: Caller, since: string): Promise<Books> {
  const payments = await until(
    () => allPayments(staff, since),
    (all) => all.every(({ invoices }) => invoices.every(({ number }) => number !== null)),
  )
  assert.notEqual(payments.length, 0)
  for (const payment of payments) assert.equal(moneyOf(payment), 0, `${payment.id}, ${payment.description}`)
  const series = seriesOf(payments)
  for (const [name, numbers] of series) {
    assert.deepEqual(
      numbers,
      Array.from({ length: numbers.length }, (_, at) => at + 1),
      name,
    )
  }
  return { payments, series }
}

/** What the documents of a payment come to, less the money that moved for it and the account credit that it used: 0. */
function moneyOf({ invoices, adjustments, charges, captured, refunded }: StaffPayment): number {
  const documents = invoices.reduce((sum, { kind, total }) => sum + (kind === 'invoice' ? total : -total), 0)
  // Money that was kept as account credit or held is no sale: it has a document where it is used.
  if (charges.some(({ as }) => as === 'account_credit' || as === 'held')) return documents
  const adjusted = invoices.length === 0 ? 0 : adjustments.reduce((sum, { amount }) => sum + amount, 0)
  return documents + adjusted - (captured - refunded)
}

async function allPayments(staff: Caller, since: string): Promise<StaffPayment[]> {
  const found: StaffPayment[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: z.output<typeof staffPayments> = await staff.get(
      `/payments?limit=100&from=${since}${cursor === '' ? '' : `&cursor=${cursor}`}`,
      staffPayments,
    )
    for (const { id } of page.data) found.push(await staff.get(`/payments/${id}`, staffPaymentDetail))
    cursor = page.nextCursor
  }
  return found
}

function seriesOf(payments: readonly StaffPayment[]): Map<string, number[]> {
  const series = new Map<string, number[]>()
  for (const number of payments.flatMap(({ invoices }) => invoices.map((one) => one.number ?? ''))) {
    const cut = number.lastIndexOf('-')
    const name = number.slice(0, cut)
    series.set(name, [...(series.get(name) ?? []), Number(number.slice(cut + 1))])
  }
  for (const numbers of series.values()) numbers.sort((a, b) => a - b)
  return series
}
