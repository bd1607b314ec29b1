import type { CardName } from '../cards.ts'
import type { Workshop } from '../fake.ts'
import type { Json, JsonObject } from '../json.ts'

export interface PaystackSecrets {
  /** The API key; it signs the webhooks too. */
  secretKey: string
  oldSecretKey?: string
}

/** `abandoned` from the start, until a customer opens the page; `paused`: a charge waits for an approval there. */
type TransactionStatus = 'abandoned' | 'ongoing' | 'paused' | 'processing' | 'success' | 'failed' | 'reversed'

export interface Authorization {
  code: string
  card: CardName
  email: string
  reusable: boolean
}

export interface Transaction {
  id: number
  reference: string
  accessCode: string
  customerCode: string
  /** What was asked for, in the subunit (×100 in every currency). */
  requestedAmount: number
  /** What the customer paid: with the fee on top where the customer bears it. */
  amount: number
  currency: string
  status: TransactionStatus
  metadata: Json
  gatewayResponse: string
  authorization: Authorization | null
  fees: number | null
  callbackUrl: string | null
  refunded: number
  createdAtMs: number
  paidAtMs: number | null
}

export interface Customer {
  id: number
  code: string
  email: string
  firstName: string
  lastName: string
  phone: string
  metadata: JsonObject
  createdAtMs: number
}

export interface Refund {
  id: number
  reference: string
  amount: number
  currency: string
  status: 'pending' | 'processing' | 'processed' | 'failed'
  /** The bank's, once there is one. */
  bankReference: string | null
  customerNote: string
  merchantNote: string
  createdAtMs: number
}

export interface Dispute {
  id: number
  reference: string
  status: 'awaiting-merchant-feedback' | 'pending' | 'resolved'
  resolution: string | null
  createdAtMs: number
}

export interface Paystack {
  shop: Workshop
  secrets: PaystackSecrets
  /** By reference, which is unique. */
  transactions: Map<string, Transaction>
  customers: Map<string, Customer>
  authorizations: Map<string, Authorization>
  refunds: Map<string, Refund>
  disputes: Map<string, Dispute>
}

export const createState = (shop: Workshop, secrets: PaystackSecrets): Paystack => ({
  shop,
  secrets,
  transactions: new Map(),
  customers: new Map(),
  authorizations: new Map(),
  refunds: new Map(),
  disputes: new Map(),
})

export const integration = 100_032

export const iso = (ms: number): string => new Date(ms).toISOString()

export function customerOf(paystack: Paystack, transaction: Transaction): Customer {
  const customer = paystack.customers.get(transaction.customerCode)
  if (!customer) throw new RangeError(`no customer ${transaction.customerCode}`)
  return customer
}
