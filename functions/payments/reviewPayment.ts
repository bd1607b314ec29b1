import { anyPaymentView } from '#domain/refundView'
import { reviewPayment } from '#operations/adminPayments'
import { commitAnswer } from '#runtime/answers'
import { auditOf } from '#runtime/audit'
import { contend } from '#runtime/contend'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { settings } from '#runtime/liveSettings'
import { paymentById } from '#runtime/refund'
import { reviewWrites } from '#runtime/review'
import type { Run } from '#runtime/run'
import { onSettledWallet } from '#runtime/settled'

export const run: Run<typeof reviewPayment> = async (input, deps) => {
  const { reason, ...decision } = input.body
  const { id: paymentId, accountId } = await paymentById(deps, input.params.paymentId)
  const attempt = async () => {
    const call = callOf(input)
    const { before, payment, writes, creditIn } = await reviewWrites(deps, { accountId, paymentId }, decision, call)
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

export const handler = httpHandler(reviewPayment, run, live(catalogue, settings))
