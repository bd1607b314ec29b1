import { isVisitor, type Payment } from '#domain/payment'
import { planExpiry } from '#domain/paymentExpiry'
import { findAccountCredit } from '#table/accountCredit'
import { commit } from '#table/commit'
import { findPayment, putPaymentWrite } from '#table/payments'
import { refundsOf } from '#table/refunds'
import { lookUpCharge } from './chargePayment.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { refundSetup } from './methodSetup.ts'
import { rememberOrder } from './openOrder.ts'
import { resumeRefund } from './refund.ts'
import { type PaymentAddress, type SettlementCall, settlePayment, writePayment } from './settlePayment.ts'

/**
 * Looks after one payment that is due: finds the order that a lost answer left at the provider, settles what is paid,
 * asks after refunds that were never confirmed, and expires what nobody paid in its time. It may run late, twice, or
 * beside webhook and verify: they all end in the same settlement.
 * @throws GatewayError when the provider cannot be asked: the queue tries again.
 */
export async function reconcile(deps: Deps, at: PaymentAddress, call: SettlementCall): Promise<void> {
  const { accountId, paymentId } = at
  const found = await findPayment(deps.table, accountId, paymentId, { consistent: true })
  if (!found) return
  await lookUp(deps, found, call)
  const payment = await settlePayment(deps, at, call)
  await refundSetup(deps, payment, call)
  for (const refund of await refundsOf(deps.table, accountId, paymentId)) await resumeRefund(deps, refund, call)
  if (payment.settled === undefined) await expireOrWait(deps, at, call)
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
  if (opened) await rememberOrder(deps, payment, opened)
}

function expireOrWait(deps: Deps, { accountId, paymentId }: PaymentAddress, call: SettlementCall): Promise<void> {
  return contend(deps, async () => {
    const [payment, now] = [await findPayment(deps.table, accountId, paymentId, { consistent: true }), deps.clock.now()]
    if (!payment) return undefined
    const held = payment.holds.creditMinor !== undefined && !isVisitor(accountId)
    const credit = held ? await findAccountCredit(deps.table, accountId, payment.currency) : undefined
    const plan = planExpiry(payment, credit, now)
    if (plan.kind === 'expire') {
      const outcome = await writePayment(deps, plan.writes, call)
      return outcome.committed ? undefined : again
    }
    if (plan.reason === 'done') return undefined
    // Written as it is: its place in the due index follows from the instant of its last write.
    const waits = putPaymentWrite({ ...payment, ver: payment.ver + 1, updatedAt: now }, payment.ver)
    const outcome = await commit(deps.table, [waits])
    return outcome.committed ? undefined : again
  })
}
