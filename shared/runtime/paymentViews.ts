import type { Payment } from '#domain/payment'
import { type CreditIn, creditedCurrencies, noCreditIn } from '#domain/paymentState'
import { paymentView } from '#domain/paymentView'
import { findAccountCredit } from '#table/accountCredit'
import type { Deps } from './deps.ts'

/**
 * The account credit that payments of one account may still be refunded from. It is read only where money of one of them
 * became credit, which is rare.
 */
export async function creditOf(deps: Pick<Deps, 'table'>, payments: readonly Payment[]): Promise<CreditIn> {
  const [first] = payments
  const currencies = [...new Set(payments.flatMap(creditedCurrencies))]
  if (!first || currencies.length === 0) return noCreditIn
  const found = await Promise.all(
    currencies.map(async (currency): Promise<[string, number]> => {
      const credit = await findAccountCredit(deps.table, first.accountId, currency)
      return [currency, credit?.balanceMinor ?? 0]
    }),
  )
  const balances = new Map(found)
  return (currency) => balances.get(currency) ?? 0
}

/** A payment as answers show it. */
export const viewOf = async (deps: Pick<Deps, 'table'>, payment: Payment) =>
  paymentView(payment, await creditOf(deps, [payment]))
