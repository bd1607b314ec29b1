import { paymentDetail } from '#domain/paymentView'
import { notFound } from '#errors/problem'
import { getPayment } from '#operations/paymentHistory'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { ownPayment } from '#runtime/ownPayment'
import { creditOf } from '#runtime/paymentViews'
import type { Run } from '#runtime/run'
import { invoicesOfPayment } from '#table/invoices'
import { refundsOf } from '#table/refunds'

export const run: Run<typeof getPayment> = async ({ accountId, params: { paymentId } }, deps) => {
  const payment = await ownPayment(deps, accountId, paymentId)
  if (!payment) throw notFound('payment')
  const [creditIn, documents, refunds] = await Promise.all([
    creditOf(deps, [payment]),
    invoicesOfPayment(deps.table, payment.accountId, paymentId),
    refundsOf(deps.table, payment.accountId, paymentId),
  ])
  return paymentDetail(payment, creditIn, documents, refunds)
}

export const handler = httpHandler(getPayment, run, live())
