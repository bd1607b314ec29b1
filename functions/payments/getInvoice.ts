import type { Invoice } from '#domain/invoice'
import { notFound, Problem } from '#errors/problem'
import { invoicePdf } from '#gateways/invoicePdf'
import { getInvoice } from '#operations/paymentHistory'
import type { Deps } from '#runtime/deps'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { ownPayment } from '#runtime/ownPayment'
import { Reply, type Run } from '#runtime/run'
import { invoicesOfPayment } from '#table/invoices'

/** Numbers follow within seconds. */
const retryAfterSeconds = 2

export const run: Run<typeof getInvoice> = async ({ accountId, params, query }, deps) => {
  const { document: kind, refundId, disputeId } = query
  const named = [refundId, disputeId].filter((id) => id !== undefined)
  if (named.length > 1 || (kind === 'credit_note' && named.length === 0)) throw misnamed()
  // Under the caller's own account: another account's payment has no documents here, but for a visitor's that was claimed.
  const documents = await ownDocuments(deps, accountId, params.paymentId)
  const found = documents.findLast(
    (one) => one.kind === kind && one.refundId === refundId && one.disputeId === disputeId,
  )
  if (!found) throw notFound(kind === 'invoice' ? 'invoice' : 'credit note')
  const number = numberOf(found)
  const earlier = documents.find(({ id }) => id === found.invoiceId)
  const pdf = await invoicePdf(found, earlier && { earlierNumber: numberOf(earlier) })
  return new Reply(pdf, {
    headers: { 'content-disposition': `attachment; filename="${number}.pdf"`, 'cache-control': 'private, no-store' },
  })
}

/** Nearly always under the account itself: its payment is looked for only where there are none. */
async function ownDocuments(deps: Deps, accountId: string, paymentId: string): Promise<Invoice[]> {
  const own = await invoicesOfPayment(deps.table, accountId, paymentId)
  if (own.length > 0) return own
  const payment = await ownPayment(deps, accountId, paymentId)
  return payment && payment.accountId !== accountId ? invoicesOfPayment(deps.table, payment.accountId, paymentId) : []
}

/** @throws Problem `conflict`: a document without its number is none yet. */
function numberOf({ number }: Invoice): string {
  if (number !== undefined) return number
  throw new Problem('conflict', 'The invoice gets its number within seconds. Ask again.', { retryAfterSeconds })
}

const misnamed = (): Problem =>
  new Problem('validation_failed', 'refundId: it or disputeId, not both, and one of them with `document=credit_note`', {
    errors: [{ path: 'refundId', message: 'it or disputeId, not both, and one of them with `document=credit_note`' }],
  })

export const handler = httpHandler(getInvoice, run, live())
