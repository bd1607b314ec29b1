import type { Payment } from '#domain/payment'
import { commit } from '#table/commit'
import { findPayment, putPaymentWrite } from '#table/payments'
import { refundsOf } from '#table/refunds'
import { lookUpCharge } from './chargePayment.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { refundSetup } from './methodSetup.ts'
import { isAsAsked, rememberOrder } from './openOrder.ts'
import type { SettlementCall } from './paymentCommit.ts'
import { resumeRefund } from './refund.ts'
import { expirePayment } from './releaseHolds.ts'
import { type PaymentAddress, settlePayment } from './settlePayment.ts'
import { unlessAsked } from './unaskedPayment.ts'

/**
 * Looks after one payment that is due: finds the order that a lost answer left at the provider, settles what is paid,
 * asks after refunds that were never confirmed, and expires what nobody paid in its time. It may run late, twice, or
 * beside webhook and verify: they all end in the same settlement. One whose provider can never be asked any more waits, and
 * expires in the end.
 * @throws GatewayError when the provider cannot be asked at this moment: the queue tries again.
 */
export async function reconcile(deps: Deps, at: PaymentAddress, call: SettlementCall): Promise<void> {
  const { accountId, paymentId } = at
  const found = await findPayment(deps.table, accountId, paymentId, { consistent: true })
  if (!found) return
  const payment = await settledAsFound(deps, at, found, call)
  if (!payment) return
  await refundSetup(deps, payment, call)
  for (const refund of await refundsOf(deps.table, accountId, paymentId)) await resumeRefund(deps, refund, call)
  if (payment.settled === undefined) await expireOrWait(deps, at, call)
}

async function settledAsFound(
  deps: Deps,
  at: PaymentAddress,
  found: Payment,
  call: SettlementCall,
): Promise<Payment | undefined> {
  try {
    await lookUp(deps, found, call)
    return await settlePayment(deps, at, call)
  } catch (error) {
    if (found.settled) throw error
    if ((await unlessAsked(deps, at, error, call)) === 'waits') await wait(deps, at)
    return undefined
  }
}

/**
 * A checkout that died, or whose answer was lost, between its row and the provider's order; or a saved method's charge
 * whose answer and event were.
 */
async function lookUp(deps: Deps, payment: Payment, call: SettlementCall): Promise<void> {
  if (!payment.provider || payment.providerOrderId !== undefined || payment.settled) return
  if (payment.method) {
    await lookUpCharge(deps, payment, call)
    return
  }
  const gateway = (await deps.payments()).gateway(payment.provider)
  const opened = await gateway.findOrder(payment.id)
  if (!opened) return
  // Nobody is led to it, and money that comes on it all the same is held for staff.
  if (isAsAsked(opened, payment)) await rememberOrder(deps, payment, opened)
  else deps.log.error('an order at the provider asks for another amount than its payment', { paymentId: payment.id })
}

async function expireOrWait(deps: Deps, at: PaymentAddress, call: SettlementCall): Promise<void> {
  const plan = await expirePayment(deps, at, call)
  if (plan?.kind === 'keep' && plan.reason !== 'done') await wait(deps, at)
}

/** Written as it is: its place in the due index follows from the instant of its last write. */
function wait(deps: Deps, { accountId, paymentId }: PaymentAddress): Promise<void> {
  return contend(deps, async () => {
    const payment = await findPayment(deps.table, accountId, paymentId, { consistent: true })
    if (!payment) return undefined
    const next = { ...payment, ver: payment.ver + 1, updatedAt: deps.clock.now() }
    const outcome = await commit(deps.table, [putPaymentWrite(next, payment.ver)])
    return outcome.committed ? undefined : again
  })
}
