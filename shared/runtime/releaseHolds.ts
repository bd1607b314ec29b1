import { isVisitor } from '#domain/payment'
import { planRelease } from '#domain/paymentHolds'
import { findAccountCredit } from '#table/accountCredit'
import { findPayment } from '#table/payments'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { type PaymentAddress, type SettlementCall, writePayment } from './settlePayment.ts'

/**
 * A charge failed and is not tried again under its payment: what that holds is there for the next one, which would be
 * priced without it. Twice is once; a payment that money came in for keeps what it holds.
 */
export function releaseHolds(
  deps: Deps,
  { accountId, paymentId }: PaymentAddress,
  call: SettlementCall,
): Promise<void> {
  return contend(deps, async () => {
    const payment = await findPayment(deps.table, accountId, paymentId, { consistent: true })
    if (!payment) return undefined
    const holdsCredit = payment.holds.creditMinor !== undefined && !isVisitor(accountId)
    const credit = holdsCredit ? await findAccountCredit(deps.table, accountId, payment.currency) : undefined
    const plan = planRelease(payment, credit, deps.clock.now())
    if (!plan) return undefined
    const outcome = await writePayment(deps, plan.writes, call)
    return outcome.committed ? undefined : again
  })
}
