import type { Alteration } from '../behaviour.ts'
import type { SendRequest } from '../fake.ts'
import { type JsonObject, mergeJson } from '../json.ts'
import type { FakeEvent } from '../webhooks.ts'
import { byIdOrReference, eventOf } from './charge.ts'
import { ensureCustomer } from './customers.ts'
import { createState, type Dispute, type Paystack, type Refund, type Transaction } from './state.ts'
import { chargeEventView, disputeView, refundEventView } from './views.ts'

const disputeStates: Readonly<Record<string, Pick<Dispute, 'status' | 'resolution'>>> = {
  create: { status: 'awaiting-merchant-feedback', resolution: null },
  remind: { status: 'awaiting-merchant-feedback', resolution: null },
  resolve: { status: 'resolved', resolution: 'auto-accepted' },
}

const refundStates: readonly Refund['status'][] = ['pending', 'processing', 'processed', 'failed']

export const paystackKinds = [
  'charge.success',
  ...refundStates.map((status) => `refund.${status}`),
  ...Object.keys(disputeStates).map((step) => `charge.dispute.${step}`),
]

/** The event as Paystack would send it about that transaction, the latest, or one made up; nothing kept changes. */
export function compose(paystack: Paystack, { event, of, fields, eventId }: SendRequest): FakeEvent | undefined {
  if (!paystackKinds.includes(event)) return undefined
  const known = of === undefined ? [...paystack.transactions.values()].at(-1) : byIdOrReference(paystack, of)
  const stage = known ? paystack : createState(paystack.shop, paystack.secrets)
  const transaction = known ?? madeUp(stage)
  const composed = eventOf(paystack, event, dataOf(stage, event, transaction))
  const body: JsonObject = fields ? mergeJson(composed.body, fields) : composed.body
  return { ...composed, id: eventId ?? composed.id, body }
}

function dataOf(paystack: Paystack, event: string, transaction: Transaction): JsonObject {
  const paidAtMs = transaction.paidAtMs ?? paystack.shop.due.now()
  if (event === 'charge.success') return chargeEventView(paystack, { ...transaction, status: 'success', paidAtMs })
  const [step = ''] = event.split('.').slice(-1)
  const state = event.startsWith('charge.dispute.') ? disputeStates[step] : undefined
  if (!state) return refundEventView(paystack, refundOf(paystack, transaction, step), transaction)
  const latest = [...paystack.disputes.values()].findLast(({ reference }) => reference === transaction.reference)
  const dispute: Dispute = {
    id: latest?.id ?? paystack.shop.ids.number(),
    reference: transaction.reference,
    createdAtMs: latest?.createdAtMs ?? paystack.shop.due.now(),
    ...state,
  }
  return disputeView(paystack, dispute, transaction)
}

function refundOf(paystack: Paystack, transaction: Transaction, step: string): Refund {
  const latest = [...paystack.refunds.values()].findLast(({ reference }) => reference === transaction.reference)
  const status = refundStates.find((one) => one === step) ?? 'pending'
  if (latest) return { ...latest, status }
  return {
    id: paystack.shop.ids.number(),
    reference: transaction.reference,
    amount: transaction.amount,
    currency: transaction.currency,
    status,
    bankReference: null,
    customerNote: '',
    merchantNote: '',
    createdAtMs: paystack.shop.due.now(),
  }
}

function madeUp(stage: Paystack): Transaction {
  const { ids, due } = stage.shop
  return {
    id: ids.number(),
    reference: ids.id('', 10).toLowerCase(),
    accessCode: ids.id('', 16).toLowerCase(),
    customerCode: ensureCustomer(stage, { email: 'customer@example.com' }).code,
    requestedAmount: 500_000,
    amount: 500_000,
    currency: 'NGN',
    status: 'success',
    metadata: '',
    gatewayResponse: 'Successful',
    authorization: { code: 'AUTH_madeup', card: 'success', email: 'customer@example.com', reusable: true },
    fees: 7500,
    callbackUrl: null,
    refunded: 0,
    createdAtMs: due.now(),
    paidAtMs: due.now(),
  }
}

/** Another amount, currency or reference; for an event about a refund its own fields of that meaning. */
export function alter(body: JsonObject, { amount, currency, orderId }: Alteration): JsonObject {
  const isRefund = String(body.event).startsWith('refund.')
  const data: JsonObject = {
    ...(amount === undefined ? {} : isRefund ? { amount: String(amount) } : { amount, requested_amount: amount }),
    ...(currency === undefined ? {} : { currency }),
    ...(orderId === undefined ? {} : isRefund ? { transaction_reference: orderId } : { reference: orderId }),
  }
  return mergeJson(body, { data })
}
