import type { CardName } from '../cards.ts'
import type { Workshop } from '../fake.ts'
import type { JsonObject } from '../json.ts'

export interface RazorpaySecrets {
  keyId: string
  /** Signs what Checkout hands to the page. */
  keySecret: string
  /** Signs webhooks; not the key's secret. */
  webhookSecret: string
  oldWebhookSecret?: string
}

export interface Order {
  id: string
  amount: number
  amountPaid: number
  currency: string
  receipt: string | null
  status: 'created' | 'attempted' | 'paid'
  attempts: number
  notes: JsonObject
  customerId: string | null
  /** Undefined: as the account is set. */
  capture: boolean | undefined
  /** The mandate that a first payment is to make. */
  token: { maxAmount: number | null; expireAt: number | null } | undefined
  /** The notice before a debit: its token. */
  notification: { tokenId: string; paymentAfter: number | null } | undefined
  createdAtMs: number
}

type PaymentStatus = 'created' | 'authorized' | 'captured' | 'refunded' | 'failed'

export interface PaymentError {
  code: string
  description: string
  source: string
  step: string
  reason: string
}

export interface Payment {
  id: string
  orderId: string
  amount: number
  currency: string
  status: PaymentStatus
  card: CardName
  cardId: string
  amountRefunded: number
  description: string | null
  email: string
  contact: string
  customerId: string | null
  tokenId: string | null
  invoiceId: string | null
  notes: JsonObject
  fee: number | null
  tax: number | null
  error: PaymentError | null
  createdAtMs: number
  capturedAtMs: number | null
}

export interface Refund {
  id: string
  paymentId: string
  amount: number
  currency: string
  notes: JsonObject
  receipt: string | null
  status: 'pending' | 'processed' | 'failed'
  speed: 'normal' | 'optimum'
  createdAtMs: number
}

export interface Customer {
  id: string
  name: string | null
  email: string | null
  contact: string | null
  gstin: string | null
  notes: JsonObject
  createdAtMs: number
}

export interface Token {
  id: string
  token: string
  customerId: string
  card: CardName
  status: 'initiated' | 'confirmed' | 'rejected' | 'cancelled' | 'paused'
  maxAmount: number
  expiredAt: number
  usedAtMs: number
  createdAtMs: number
}

export interface Dispute {
  id: string
  paymentId: string
  amount: number
  currency: string
  amountDeducted: number
  status: 'open' | 'under_review' | 'won' | 'lost' | 'closed'
  evidence: JsonObject
  createdAtMs: number
}

export interface Razorpay {
  shop: Workshop
  secrets: RazorpaySecrets
  orders: Map<string, Order>
  payments: Map<string, Payment>
  refunds: Map<string, Refund>
  customers: Map<string, Customer>
  tokens: Map<string, Token>
  disputes: Map<string, Dispute>
  /** Refund idempotency keys: the payment and body they came with, and the refund they made. */
  refundKeys: Map<string, { request: string; refundId: string }>
}

export const createState = (shop: Workshop, secrets: RazorpaySecrets): Razorpay => ({
  shop,
  secrets,
  orders: new Map(),
  payments: new Map(),
  refunds: new Map(),
  customers: new Map(),
  tokens: new Map(),
  disputes: new Map(),
  refundKeys: new Map(),
})

/** Razorpay's times are Unix seconds. */
export const seconds = (ms: number): number => Math.floor(ms / 1000)

export const newest = <Row extends { createdAtMs: number }>(rows: Iterable<Row>): Row[] => [...rows].reverse()
