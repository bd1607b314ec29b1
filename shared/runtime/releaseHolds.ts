import type { Payment } from '#domain/payment'
import { type ExpiryPlan, planExpiry } from '#domain/paymentExpiry'
import { type HeldRows, planRelease } from '#domain/paymentHolds'
import type { PaymentWrite } from '#domain/paymentWrite'
import { findPayment } from '#table/payments'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { type SettlementCall, writePayment } from './paymentCommit.ts'
import { heldRows } from './paymentHolds.ts'
import type { PaymentAddress } from './settlePayment.ts'

/**
 * A charge failed and is not tried again under its payment: what that holds is there for the next one, which would be
 * priced without it. Twice is once; a payment that money came in for keeps what it holds.
 */
export async function releaseHolds(deps: Deps, at: PaymentAddress, call: SettlementCall): Promise<void> {
  await givenBack(deps, at, call, (...held) => planRelease(...held) ?? { kind: 'keep' })
}

/**
 * Expires a payment that nobody paid in its time; whoever calls has asked the provider first. What it held is given back
 * in the same transaction. Undefined: there is no such payment.
 */
export const expirePayment = (
  deps: Deps,
  at: PaymentAddress,
  call: SettlementCall,
  how: { isUnasked: boolean } = { isUnasked: false },
): Promise<ExpiryPlan | undefined> =>
  givenBack(deps, at, call, (payment, held, now) => planExpiry(payment, held, now, how))

function givenBack<Plan extends { kind: 'keep' } | { writes: PaymentWrite[] }>(
  deps: Deps,
  { accountId, paymentId }: PaymentAddress,
  call: SettlementCall,
  decide: (payment: Payment, held: HeldRows, now: number) => Plan,
): Promise<Plan | undefined> {
  return contend(deps, async () => {
    const payment = await findPayment(deps.table, accountId, paymentId, { consistent: true })
    if (!payment) return undefined
    const plan = decide(payment, await heldRows(deps, payment), deps.clock.now())
    const outcome = await writePayment(deps, 'writes' in plan ? plan.writes : [], call)
    return outcome.committed ? plan : again
  })
}
