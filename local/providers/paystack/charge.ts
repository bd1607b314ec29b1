import { type CardName, cards } from '../cards.ts'
import type { DisputeStatus, PayAnswer, PayRequest, VisitRequest } from '../fake.ts'
import type { Json } from '../json.ts'
import type { FakeEvent } from '../webhooks.ts'
import { bad, missing } from './errors.ts'
import type { Authorization, Dispute, Paystack, Transaction } from './state.ts'
import { customerOf } from './state.ts'
import { chargeEventView, disputeView } from './views.ts'

/** Neither an id nor a time is in the envelope; the id here is the fake's own, for its list of deliveries. */
export const eventOf = (paystack: Paystack, event: string, data: Json): FakeEvent => ({
  id: paystack.shop.ids.id('fake_'),
  kind: event,
  body: { event, data },
})

/** The customer pays on the page. A failed charge sends no event: only a look at the transaction tells. */
export function pay(paystack: Paystack, request: PayRequest): PayAnswer {
  const transaction = paystack.transactions.get(request.orderId)
  if (!transaction) throw missing('Transaction')
  if (!isOpen(transaction)) throw bad('Transaction is not open', 'transaction_not_open')
  const name = request.card ?? 'success'
  transaction.requestedAmount = request.amount ?? transaction.requestedAmount
  transaction.currency = request.currency?.toUpperCase() ?? transaction.currency
  authorizeWith(paystack, transaction, name, request.saveMethod ?? true)
  const outcome = request.outcome === 'fail' ? 'declined' : cards[name].onPage
  charge(paystack, transaction, outcome)
  if (transaction.status === 'failed') {
    return { error: { code: outcome, description: transaction.gatewayResponse, reference: transaction.reference } }
  }
  return request.outcome === 'lost_callback' ? { lost: true } : { reference: transaction.reference }
}

/** Until it is paid: a failed attempt leaves the page open for another. */
export const isOpen = ({ status }: Transaction): boolean =>
  ['abandoned', 'ongoing', 'paused', 'failed'].includes(status)

/** The customer opens the page, or leaves it unpaid; no event tells of either. */
export function visit(paystack: Paystack, { orderId, customer }: VisitRequest): Json {
  const transaction = paystack.transactions.get(orderId)
  if (!transaction) throw missing('Transaction')
  if (!isOpen(transaction)) throw bad('Transaction is not open', 'transaction_not_open')
  transaction.status = customer === 'opens' ? 'ongoing' : 'abandoned'
  return { status: transaction.status }
}

function authorizeWith(paystack: Paystack, transaction: Transaction, card: CardName, reusable: boolean): void {
  const authorization: Authorization = {
    code: paystack.shop.ids.id('AUTH_', 10).toLowerCase().replace('auth_', 'AUTH_'),
    card,
    email: customerOf(paystack, transaction).email,
    reusable,
  }
  paystack.authorizations.set(authorization.code, authorization)
  transaction.authorization = authorization
}

export function charge(
  paystack: Paystack,
  transaction: Transaction,
  outcome: (typeof cards)[CardName]['onPage' | 'offSession'],
): void {
  const { due, behaviour } = paystack.shop
  switch (outcome) {
    case 'success':
      return succeed(paystack, transaction)
    case 'processing':
    case 'late_authorized':
      transaction.status = 'processing'
      return due.at(due.now() + behaviour.settings.processingMs, () => succeed(paystack, transaction))
    case 'authentication_required':
      transaction.status = 'paused'
      return
    default:
      transaction.status = 'failed'
      transaction.gatewayResponse = outcome === 'declined' ? 'Declined' : 'Insufficient Funds'
  }
}

function succeed(paystack: Paystack, transaction: Transaction): void {
  const { due, behaviour, emit } = paystack.shop
  // 1.5 % in whole subunits; a fee that the customer bears comes on top of what was asked for.
  transaction.fees = Math.floor((transaction.requestedAmount * 15) / 1000) + behaviour.settings.customerFee
  transaction.amount = transaction.requestedAmount + behaviour.settings.customerFee
  transaction.status = 'success'
  transaction.gatewayResponse = 'Successful'
  transaction.paidAtMs = due.now()
  emit([eventOf(paystack, 'charge.success', chargeEventView(paystack, transaction))])
  if (transaction.authorization && cards[transaction.authorization.card].dispute) {
    moveDispute(paystack, String(transaction.id), 'created')
  }
}

const resolutions = { won: 'declined', lost: 'merchant-accepted', closed: 'auto-accepted' } as const

/** Raises a dispute, or moves the transaction's latest. By transaction id or reference. */
export function moveDispute(paystack: Paystack, paymentId: string, status: DisputeStatus): Json {
  const transaction = byIdOrReference(paystack, paymentId)
  if (!transaction) throw missing('Transaction')
  const dispute = status === 'created' ? raise(paystack, transaction) : latestOf(paystack, transaction)
  if (status === 'under_review') dispute.status = 'pending'
  if (status === 'won' || status === 'lost' || status === 'closed') {
    dispute.status = 'resolved'
    dispute.resolution = resolutions[status]
    if (status !== 'won') transaction.status = 'reversed'
  }
  const kind = { created: 'create', under_review: 'remind', won: 'resolve', lost: 'resolve', closed: 'resolve' }[status]
  const data = disputeView(paystack, dispute, transaction)
  paystack.shop.emit([eventOf(paystack, `charge.dispute.${kind}`, data)])
  return data
}

function raise(paystack: Paystack, transaction: Transaction): Dispute {
  const { ids, due } = paystack.shop
  const dispute: Dispute = {
    id: ids.number(),
    reference: transaction.reference,
    status: 'awaiting-merchant-feedback',
    resolution: null,
    createdAtMs: due.now(),
  }
  paystack.disputes.set(String(dispute.id), dispute)
  return dispute
}

function latestOf(paystack: Paystack, transaction: Transaction): Dispute {
  const dispute = [...paystack.disputes.values()].findLast(({ reference }) => reference === transaction.reference)
  if (!dispute) throw missing('Dispute')
  return dispute
}

export const byIdOrReference = (paystack: Paystack, key: string): Transaction | undefined =>
  paystack.transactions.get(key) ?? [...paystack.transactions.values()].find(({ id }) => String(id) === key)
