import { paymentView } from '#domain/paymentView'
import { listPayments } from '#operations/paymentHistory'
import { loadAccount } from '#runtime/account'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { pageOfPayments } from '#runtime/paymentPage'
import { creditOf } from '#runtime/paymentViews'
import type { Run } from '#runtime/run'

export const run: Run<typeof listPayments> = async (input, deps) => {
  const { id } = await loadAccount(input, deps)
  const { payments, nextCursor } = await pageOfPayments(deps, id, input.query)
  const creditIn = await creditOf(deps, payments)
  return { data: payments.map((payment) => paymentView(payment, creditIn)), nextCursor }
}

export const handler = httpHandler(listPayments, run, live(catalogue))
