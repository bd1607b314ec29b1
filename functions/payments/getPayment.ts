import { paymentDetail } from '#domain/paymentView'
import { notFound } from '#errors/problem'
import { getPayment } from '#operations/paymentHistory'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { creditOf } from '#runtime/paymentViews'
import type { Run } from '#runtime/run'
import { invoicesOfPayment } from '#table/invoices'
import { findPayment } from '#table/payments'
import { refundsOf } from '#table/refunds'

export const run: Run<typeof getPayment> = async ({ accountId, params: { paymentId } }, deps) => {
  // Consistent: the page after a purchase asks within the second, and a payment that was just made is never "not found".
  const payment = await findPayment(deps.table, accountId, paymentId, { consistent: true })
  if (!payment) throw notFound('payment')
  const [creditIn, documents, refunds] = await Promise.all([
    creditOf(deps, [payment]),
    invoicesOfPayment(deps.table, accountId, paymentId),
    refundsOf(deps.table, accountId, paymentId),
  ])
  return paymentDetail(payment, creditIn, documents, refunds)
}

export const handler = httpHandler(getPayment, run, live())
