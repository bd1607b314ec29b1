import { paymentDetail } from '#domain/paymentDetail'
import { getAnyPayment } from '#operations/adminPayments'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { creditOf } from '#runtime/paymentViews'
import { paymentById } from '#runtime/refund'
import type { Run } from '#runtime/run'
import { loadPayment } from '#runtime/settlePayment'
import { invoicesOfPayment } from '#table/invoices'
import { refundsOf } from '#table/refunds'

export const run: Run<typeof getAnyPayment> = async ({ params }, deps) => {
  const { accountId, id: paymentId } = await paymentById(deps, params.paymentId)
  const payment = await loadPayment(deps, { accountId, paymentId })
  const [creditIn, refunds, invoices] = await Promise.all([
    creditOf(deps, [payment]),
    refundsOf(deps.table, accountId, paymentId),
    invoicesOfPayment(deps.table, accountId, paymentId),
  ])
  return paymentDetail(payment, creditIn, refunds, invoices)
}

export const handler = httpHandler(getAnyPayment, run, live())
