import { isVisitor, type Payment } from '#domain/payment'
import { findPayment, findPaymentById } from '#table/payments'
import { findPurchase } from '#table/purchases'
import type { Deps } from './deps.ts'

/**
 * An account's payment: its own, or that of a visitor whose purchase it has claimed. That payment stays the visitor's, with
 * its documents and refunds: `accountId` says under whom they are.
 */
export async function ownPayment(
  { table }: Pick<Deps, 'table'>,
  accountId: string,
  paymentId: string,
): Promise<Payment | undefined> {
  // Consistent: the page after a purchase asks within the second, and a payment that was just made is never "not found".
  const own = await findPayment(table, accountId, paymentId, { consistent: true })
  if (own || isVisitor(accountId)) return own
  const { accountId: visitor = '', settled } = (await findPaymentById(table, paymentId)) ?? {}
  if (!isVisitor(visitor) || settled?.reference === undefined) return undefined
  const purchase = await findPurchase(table, visitor, settled.reference)
  return purchase?.accountId === accountId ? findPayment(table, visitor, paymentId, { consistent: true }) : undefined
}
