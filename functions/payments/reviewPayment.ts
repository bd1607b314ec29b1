import type { Payment } from '#domain/payment'
import { anyPaymentView } from '#domain/refundView'
import { reviewPayment } from '#operations/adminPayments'
import { commitAnswer } from '#runtime/answers'
import { auditOf } from '#runtime/audit'
import { contend } from '#runtime/contend'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { settings } from '#runtime/liveSettings'
import { toldCharge } from '#runtime/paidWith'
import { paymentById } from '#runtime/refund'
import { reviewWrites } from '#runtime/review'
import type { Run } from '#runtime/run'
import { onSettledWallet } from '#runtime/settled'

export const run: Run<typeof reviewPayment> = async (input, deps) => {
  const { reason, ...decision } = input.body
  const reviewed = await paymentById(deps, input.params.paymentId)
  const { id: paymentId, accountId } = reviewed
  // Asked for once, however often it is decided anew.
  const isGrant = decision.as === 'settled' && isChargeOf(reviewed, decision.providerPaymentId)
  const told = isGrant ? await toldCharge(deps, reviewed, decision.providerPaymentId) : undefined
  const attempt = async () => {
    const call = callOf(input)
    const at = { accountId, paymentId }
    const { before, payment, writes, creditIn } = await reviewWrites(deps, at, decision, call, told)
    const view = anyPaymentView(payment, creditIn)
    if (writes.length === 0) return view
    const audit = auditOf(input, deps, {
      action: 'reviewPayment',
      entity: 'payment',
      entityId: paymentId,
      accountId,
      ...(reason !== undefined && { reason }),
      before: { status: before.status },
      after: { status: payment.status, ...decision },
    })
    return commitAnswer(reviewPayment, input, deps, [...writes, audit], view)
  }
  return contend(deps, () => onSettledWallet(deps, accountId, attempt))
}

/** A provider is asked for no payment that is not known to be this one's. */
const isChargeOf = ({ charges }: Payment, id: string): boolean => charges.some((one) => one.providerPaymentId === id)

export const handler = httpHandler(reviewPayment, run, live(catalogue, settings, payments))
