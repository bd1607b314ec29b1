import { refundView } from '#domain/refundView'
import { refundPayment } from '#operations/adminPayments'
import { auditOf } from '#runtime/audit'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { settings } from '#runtime/liveSettings'
import { requestRefund, sendRefund } from '#runtime/refund'
import { type Run, replayed } from '#runtime/run'

export const run: Run<typeof refundPayment> = async (input, deps) => {
  const { paymentId } = input.params
  const { amount, reason, plan, providerPaymentId } = input.body
  const call = callOf(input)
  const { refund, repeated } = await requestRefund(deps, {
    paymentId,
    key: input.key,
    call,
    request: {
      reason,
      ...(amount !== undefined && { amountMinor: amount }),
      ...(plan !== undefined && { plan }),
      ...(providerPaymentId !== undefined && { providerPaymentId }),
    },
    beside: ({ id, accountId, amountMinor, currency, plan: ends }) => [
      auditOf(input, deps, {
        action: 'refundPayment',
        entity: 'payment',
        entityId: paymentId,
        accountId,
        reason,
        after: { refundId: id, amountMinor, currency, plan: ends },
      }),
    ],
  })
  // A repetition never asks the provider: the first call may be doing so at this moment.
  if (repeated) return replayed(refundView(refund))
  return refundView(await sendRefund(deps, refund, call))
}

export const handler = httpHandler(refundPayment, run, live(catalogue, settings, payments))
