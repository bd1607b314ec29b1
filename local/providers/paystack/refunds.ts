import * as z from 'zod/mini'
import { type Answer, type Call, ok, type Route } from '../call.ts'
import { cards } from '../cards.ts'
import { byIdOrReference, eventOf } from './charge.ts'
import { bad, missing, read } from './errors.ts'
import { amountField } from './fields.ts'
import { listAnswer } from './page.ts'
import type { Paystack, Refund, Transaction } from './state.ts'
import { refundCreateView, refundEventView, refundView } from './views.ts'

const refundBody = z.object({
  transaction: z.union([z.string(), z.int()]),
  amount: z.optional(amountField),
  currency: z.optional(z.string()),
  customer_note: z.optional(z.string()),
  merchant_note: z.optional(z.string()),
})

/** No key makes this idempotent: asked twice, it refunds twice, as long as something is left. */
function create(paystack: Paystack, call: Call): Answer {
  const body = read(refundBody, call)
  const transaction = byIdOrReference(paystack, String(body.transaction))
  if (!transaction) throw missing('Transaction')
  if (transaction.status === 'reversed') throw bad('Transaction has been fully reversed', 'transaction_reversed')
  if (transaction.status !== 'success') throw bad('Transaction has not been completed', 'transaction_not_completed')
  const left = transaction.amount - transaction.refunded
  const amount = body.amount ?? left
  if (amount < 1 || amount > left) {
    throw bad('Refund amount cannot be more than the amount of the transaction', 'invalid_refund_amount')
  }
  const { ids, due, behaviour } = paystack.shop
  const refund: Refund = {
    id: ids.number(),
    reference: transaction.reference,
    amount,
    currency: transaction.currency,
    status: 'pending',
    bankReference: null,
    customerNote: body.customer_note ?? `Refund for transaction ${transaction.reference}`,
    merchantNote: body.merchant_note ?? `Refund for transaction ${transaction.reference} by merchant@example.com`,
    createdAtMs: due.now(),
  }
  paystack.refunds.set(String(refund.id), refund)
  transaction.refunded += amount
  tell(paystack, refund, transaction)
  due.at(due.now() + behaviour.settings.refundDelayMs, () => finish(paystack, refund, transaction))
  const data = refundCreateView(paystack, refund, transaction)
  return ok({ status: true, message: 'Refund has been queued for processing', data })
}

function finish(paystack: Paystack, refund: Refund, transaction: Transaction): void {
  refund.status = 'processing'
  tell(paystack, refund, transaction)
  const fails = cards[transaction.authorization?.card ?? 'success'].refundFails === true
  refund.status = fails ? 'failed' : 'processed'
  refund.bankReference = paystack.shop.ids.id('TRF_', 15).toLowerCase().replace('trf_', 'TRF_')
  if (fails) transaction.refunded -= refund.amount
  else if (transaction.refunded >= transaction.amount) transaction.status = 'reversed'
  tell(paystack, refund, transaction)
}

const tell = (paystack: Paystack, refund: Refund, transaction: Transaction): void =>
  paystack.shop.emit([eventOf(paystack, `refund.${refund.status}`, refundEventView(paystack, refund, transaction))])

function view(paystack: Paystack, refund: Refund) {
  const transaction = paystack.transactions.get(refund.reference)
  if (!transaction) throw missing('Transaction')
  return refundView(paystack, refund, transaction)
}

function fetchOne(paystack: Paystack, { params }: Call): Answer {
  const refund = paystack.refunds.get(params.id ?? '')
  if (!refund) throw missing('Refund')
  return ok({ status: true, message: 'Refund retrieved', data: view(paystack, refund) })
}

function list(paystack: Paystack, { query }: Call): Answer {
  const rows = [...paystack.refunds.values()]
  const failed = rows.filter(({ status }) => status === 'failed').length
  return listAnswer('Refunds retrieved', rows, query, (row) => view(paystack, row), { failedRefundCount: failed })
}

export const refundRoutes = (paystack: Paystack): Route[] => [
  { route: 'POST /refund', run: (call) => create(paystack, call) },
  { route: 'GET /refund', run: (call) => list(paystack, call) },
  { route: 'GET /refund/:id', run: (call) => fetchOne(paystack, call) },
]
