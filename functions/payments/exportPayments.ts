import { decimalText } from '#domain/money'
import type { Payment } from '#domain/payment'
import { noCreditIn } from '#domain/paymentState'
import { paymentView } from '#domain/paymentView'
import { exportPayments } from '#operations/paymentHistory'
import { loadAccount } from '#runtime/account'
import { type Cell, csvReply } from '#runtime/csv'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { allPayments, filterOf } from '#runtime/paymentPage'
import type { Run } from '#runtime/run'

/** Money as decimals: people open this in a spreadsheet, where minor units would be read as a hundred times too much. */
const columns: [string, (payment: Payment, view: ReturnType<typeof paymentView>) => Cell][] = [
  ['id', (_, { id }) => id],
  ['createdAt', (_, { createdAt }) => createdAt],
  ['completedAt', (_, { completedAt }) => completedAt],
  ['type', (_, { type }) => type],
  ['status', (_, { status }) => status],
  ['description', (_, { description }) => description],
  ['amount', ({ amountMinor, currency }) => decimalText(amountMinor, currency)],
  ['refunded', ({ refundedMinor, currency }) => decimalText(refundedMinor, currency)],
  ['lost', ({ currency }, { lost }) => decimalText(lost, currency)],
  ['tax', ({ order, currency }) => decimalText(order.taxMinor, currency)],
  ['currency', ({ currency }) => currency],
  ['provider', (_, { provider }) => provider],
  ['providerOrderId', (_, { providerOrderId }) => providerOrderId],
  ['providerPaymentId', (_, { providerPaymentId }) => providerPaymentId],
]

export const run: Run<typeof exportPayments> = async (input, deps) => {
  const filter = filterOf(input.query)
  const { id } = await loadAccount(input, deps)
  const payments = await allPayments(deps, id, filter)
  return csvReply(
    'payments',
    columns.map(([name]) => name),
    payments.map((payment) => {
      // What is refundable is in no column: no credit is asked for.
      const view = paymentView(payment, noCreditIn)
      return columns.map(([, cell]) => cell(payment, view))
    }),
  )
}

export const handler = httpHandler(exportPayments, run, live(catalogue))
