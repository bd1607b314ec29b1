import { GatewayError } from '#gateways/gatewayError'
import type { Deps } from './deps.ts'
import type { SettlementCall } from './paymentCommit.ts'
import { expirePayment } from './releaseHolds.ts'
import type { PaymentAddress } from './settlePayment.ts'

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
