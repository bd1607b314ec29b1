import * as z from 'zod/mini'
import { type Answer, type Call, ok, type Route } from '../call.ts'
import { cards } from '../cards.ts'
import { type Json, type JsonObject, parseObject } from '../json.ts'
import { charge } from './charge.ts'
import { ensureCustomer } from './customers.ts'
import { bad, missing, read } from './errors.ts'
import { amountField, assertAmount, referenceField } from './fields.ts'
import { listAnswer } from './page.ts'
import type { Paystack, Transaction } from './state.ts'
import { chargeView, fetchView, listView, verifyView } from './views.ts'

const shared = {
  email: z.string().check(z.regex(/^[^@\s]+@[^@\s]+$/)),
  amount: amountField,
  currency: z.optional(z.string()),
  reference: z.optional(referenceField),
  metadata: z.optional(z.union([z.string(), z.record(z.string(), z.json())])),
}
const initializeBody = z.object({ ...shared, callback_url: z.optional(z.url()) })
/** Here metadata is text alone, by the description. */
const chargeBody = z.object({
  ...shared,
  metadata: z.optional(z.string()),
  authorization_code: z.string(),
  queue: z.optional(z.boolean()),
})

/** The account's own currency, where a call names none. */
const usualCurrency = 'NGN'

/** Metadata comes as an object or as JSON in text; the API answers with the object. */
function metadataOf(metadata: string | Record<string, Json> | undefined): Json {
  if (typeof metadata !== 'string') return metadata ?? ''
  return parseObject(metadata) ?? metadata
}

function open(paystack: Paystack, body: z.infer<typeof initializeBody>): Transaction {
  const { ids, due } = paystack.shop
  const currency = body.currency ?? usualCurrency
  assertAmount(body.amount, currency)
  if (body.reference !== undefined && paystack.transactions.has(body.reference)) {
    throw bad('Duplicate Transaction Reference', 'duplicate_reference')
  }
  const transaction: Transaction = {
    id: ids.number(),
    reference: body.reference ?? ids.id('', 10).toLowerCase(),
    accessCode: ids.id('', 16).toLowerCase(),
    customerCode: ensureCustomer(paystack, { email: body.email }).code,
    requestedAmount: body.amount,
    amount: body.amount,
    currency,
    status: 'abandoned',
    metadata: metadataOf(body.metadata),
    gatewayResponse: 'The transaction was not completed',
    authorization: null,
    fees: null,
    callbackUrl: body.callback_url ?? null,
    refunded: 0,
    createdAtMs: due.now(),
    paidAtMs: null,
  }
  paystack.transactions.set(transaction.reference, transaction)
  return transaction
}

const checkoutUrl = (paystack: Paystack, transaction: Transaction): string =>
  `${paystack.shop.url()}/_fake/checkout/${encodeURIComponent(transaction.reference)}`

function initialize(paystack: Paystack, call: Call): Answer {
  const transaction = open(paystack, read(initializeBody, call))
  const data = {
    authorization_url: checkoutUrl(paystack, transaction),
    access_code: transaction.accessCode,
    reference: transaction.reference,
  }
  return ok({ status: true, message: 'Authorization URL created', data })
}

function chargeSaved(paystack: Paystack, call: Call): Answer {
  const body = read(chargeBody, call)
  const authorization = paystack.authorizations.get(body.authorization_code)
  if (!authorization?.reusable) throw bad('Authorization code is invalid', 'invalid_authorization')
  // The mandate is between the card and the address it was given under.
  if (authorization.email !== body.email) throw bad('Email does not match Authorization code', 'email_mismatch')
  const transaction = open(paystack, body)
  transaction.authorization = authorization
  charge(paystack, transaction, cards[authorization.card].offSession)
  if (transaction.status !== 'paused') {
    return ok({ status: true, message: 'Charge attempted', data: chargeView(paystack, transaction) })
  }
  const paused: JsonObject = {
    ...chargeView(paystack, transaction),
    paused: true,
    authorization_url: checkoutUrl(paystack, transaction),
    access_code: transaction.accessCode,
  }
  const message = 'Please, redirect your customer to the authorization url provided'
  return ok({ status: true, message, data: paused })
}

/** 200 and `status: true` for failed and unpaid ones too: `data.status` is what counts. */
function verify(paystack: Paystack, { params }: Call): Answer {
  const transaction = paystack.transactions.get(params.reference ?? '')
  if (!transaction) throw missing('Transaction reference')
  return ok({ status: true, message: 'Verification successful', data: verifyView(paystack, transaction) })
}

function fetchOne(paystack: Paystack, { params }: Call): Answer {
  const transaction = [...paystack.transactions.values()].find(({ id }) => String(id) === params.id)
  if (!transaction) throw missing('Transaction')
  return ok({ status: true, message: 'Transaction retrieved', data: fetchView(paystack, transaction) })
}

function list(paystack: Paystack, { query }: Call): Answer {
  const status = query.get('status')
  const amount = query.get('amount')
  const rows = [...paystack.transactions.values()].filter(
    (row) => (status === null || row.status === status) && (amount === null || String(row.amount) === amount),
  )
  const volume = rows.reduce((sum, row) => sum + (row.status === 'success' ? row.amount : 0), 0)
  return listAnswer('Transactions retrieved', rows, query, (row) => listView(paystack, row), { total_volume: volume })
}

export const transactionRoutes = (paystack: Paystack): Route[] => [
  { route: 'POST /transaction/initialize', run: (call) => initialize(paystack, call) },
  { route: 'POST /transaction/charge_authorization', run: (call) => chargeSaved(paystack, call) },
  { route: 'GET /transaction/verify/:reference', run: (call) => verify(paystack, call) },
  { route: 'GET /transaction', run: (call) => list(paystack, call) },
  { route: 'GET /transaction/:id', run: (call) => fetchOne(paystack, call) },
]
