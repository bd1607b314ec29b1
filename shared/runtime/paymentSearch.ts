import { paymentProviders } from '#domain/moneyCharge'
import { isPaymentId, type Payment } from '#domain/payment'
import { findCharge } from '#table/charges'
import { decodeCursor, encodeCursor } from '#table/cursor'
import { findOrder } from '#table/orders'
import { findPayment, findPaymentById, listPayments } from '#table/payments'
import type { Table } from '#table/port'

export interface PaymentPage {
  payments: Payment[]
  nextCursor: string | null
}

/** The payment that `text` names by an id of ours or of a provider's; otherwise those of the account of that name, newest first. */
export async function searchPayments(
  table: Table,
  text: string,
  { cursor, limit, keep }: { cursor: string | undefined; limit: number; keep: (payment: Payment) => boolean },
): Promise<PaymentPage> {
  const list = `all-payments of ${text}`
  const before = decodeCursor(list, cursor)
  const named = before === undefined ? await findNamed(table, text) : undefined
  if (named) return { payments: [named].filter(keep), nextCursor: null }
  const { payments, more } = await listPayments(table, text, { limit, ...(before !== undefined && { before }) })
  const last = payments.at(-1)
  return { payments: payments.filter(keep), nextCursor: more && last ? encodeCursor(list, last.id) : null }
}

async function findNamed(table: Table, text: string): Promise<Payment | undefined> {
  if (isPaymentId(text)) return findPaymentById(table, text)
  const pointers = await Promise.all(
    paymentProviders.flatMap((provider) => [findOrder(table, provider, text), findCharge(table, provider, text)]),
  )
  const found = pointers.find((pointer) => pointer !== undefined)
  return found && findPayment(table, found.accountId, found.paymentId)
}
