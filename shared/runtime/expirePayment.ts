import { isVisitor } from '#domain/payment'
import { type ExpiryPlan, planExpiry } from '#domain/paymentExpiry'
import { findAccountCredit } from '#table/accountCredit'
import { findPayment } from '#table/payments'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { type PaymentAddress, type SettlementCall, writePayment } from './settlePayment.ts'

/**
 * Expires a payment that nobody paid in its time; whoever calls has asked the provider first. What it held is given back
 * in the same transaction. Undefined: there is no such payment.
 */
export function expirePayment(
  deps: Deps,
  { accountId, paymentId }: PaymentAddress,
  call: SettlementCall,
): Promise<ExpiryPlan | undefined> {
  return contend(deps, async () => {
    const [payment, now] = [await findPayment(deps.table, accountId, paymentId, { consistent: true }), deps.clock.now()]
    if (!payment) return undefined
    const held = payment.holds.creditMinor !== undefined && !isVisitor(accountId)
    const credit = held ? await findAccountCredit(deps.table, accountId, payment.currency) : undefined
    const plan = planExpiry(payment, credit, now)
    if (plan.kind === 'keep') return plan
    const outcome = await writePayment(deps, plan.writes, call)
    return outcome.committed ? plan : again
  })
}
