import { refundView } from '#domain/refundView'
import { listRefunds } from '#operations/adminPayments'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { paymentById } from '#runtime/refund'
import type { Run } from '#runtime/run'
import { refundsOf } from '#table/refunds'

export const run: Run<typeof listRefunds> = async ({ params }, deps) => {
  const { id, accountId } = await paymentById(deps, params.paymentId)
  const refunds = await refundsOf(deps.table, accountId, id)
  // Their ids do not sort: each carries its payment's time.
  const newest = refunds.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1))
  return { data: newest.map(refundView) }
}

export const handler = httpHandler(listRefunds, run, live())
