import { paymentDetail } from '#domain/paymentDetail'
import { getAnyPayment } from '#operations/adminPayments'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { paymentById } from '#runtime/refund'
import type { Run } from '#runtime/run'
import { loadPayment } from '#runtime/settlePayment'
import { invoicesOfPayment } from '#table/invoices'
import { refundsOf } from '#table/refunds'

export const run: Run<typeof getAnyPayment> = async ({ params }, deps) => {
  const { accountId, id: paymentId } = await paymentById(deps, params.paymentId)
  const [payment, refunds, invoices] = await Promise.all([
    loadPayment(deps, { accountId, paymentId }),
    refundsOf(deps.table, accountId, paymentId),
    invoicesOfPayment(deps.table, accountId, paymentId),
  ])
  return paymentDetail(payment, refunds, invoices)
}

export const handler = httpHandler(getAnyPayment, run, live())
