import { isVisitor } from '#domain/payment'
import { type ExpiryPlan, planExpiry } from '#domain/paymentExpiry'
import { GatewayError } from '#gateways/gatewayError'
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
  how: { isUnasked: boolean } = { isUnasked: false },
): Promise<ExpiryPlan | undefined> {
  return contend(deps, async () => {
    const [payment, now] = [await findPayment(deps.table, accountId, paymentId, { consistent: true }), deps.clock.now()]
    if (!payment) return undefined
    const held = payment.holds.creditMinor !== undefined && !isVisitor(accountId)
    const credit = held ? await findAccountCredit(deps.table, accountId, payment.currency) : undefined
    const plan = planExpiry(payment, credit, now, how)
    if (plan.kind === 'keep') return plan
    const outcome = await writePayment(deps, plan.writes, call)
    return outcome.committed ? plan : again
  })
}

/** Asked again it will say the same: it is not turned on, has other keys, or knows no such order under these. */
export const isForGood = (error: unknown): error is GatewayError =>
  error instanceof GatewayError && (error.kind === 'misconfigured' || error.kind === 'not_found')

/**
 * What becomes of a payment whose provider could not be asked. `waits`: keys may still be put right; `over`: its time and
 * some days have passed, and it has expired. What is no lasting reason is thrown again.
 */
export async function unlessAsked(
  deps: Deps,
  at: PaymentAddress,
  error: unknown,
  call: SettlementCall,
): Promise<'waits' | 'over'> {
  if (!isForGood(error)) throw error
  deps.metric('PaymentNotAsked', 1, { provider: error.provider })
  deps.log.warn('the provider of a payment cannot be asked', {
    paymentId: at.paymentId,
    code: error.code ?? error.kind,
  })
  const plan = await expirePayment(deps, at, call, { isUnasked: true })
  return plan?.kind === 'expire' || plan?.reason === 'done' ? 'over' : 'waits'
}
