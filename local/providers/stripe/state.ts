import type { Answer } from '../call.ts'
import type { CardName } from '../cards.ts'
import type { Workshop } from '../fake.ts'
import type { JsonObject } from '../json.ts'

export interface StripeSecrets {
  secretKey: string
  /** `whsec_…`, taken as text. */
  webhookSecret: string
  oldWebhookSecret?: string
}

interface Row {
  id: string
  createdAtMs: number
  metadata: JsonObject
}

export interface Customer extends Row {
  email: string | null
  name: string | null
  phone: string | null
  description: string | null
  defaultPaymentMethod: string | null
  deleted: boolean
}

export interface PaymentMethod extends Row {
  type: 'card' | 'sepa_debit'
  card: CardName
  customer: string | null
  billing: JsonObject
}

export interface Intent extends Row {
  amount: number
  amountReceived: number
  currency: string
  customer: string | null
  paymentMethod: string | null
  status:
    | 'requires_payment_method'
    | 'requires_confirmation'
    | 'requires_action'
    | 'processing'
    | 'requires_capture'
    | 'canceled'
    | 'succeeded'
  manualCapture: boolean
  setupFutureUsage: string | null
  description: string | null
  receiptEmail: string | null
  lastError: JsonObject | null
  latestCharge: string | null
  cancellationReason: string | null
  canceledAtMs: number | null
  /** A processing payment that the bank refuses in the end. */
  failsLater: boolean
}

export interface Charge extends Row {
  intent: string
  amount: number
  amountCaptured: number
  amountRefunded: number
  currency: string
  status: 'succeeded' | 'pending' | 'failed'
  failure: { code: string; message: string; declineCode: string } | null
  paymentMethod: string
  customer: string | null
  description: string | null
  disputed: boolean
}

export interface SetupIntent extends Row {
  customer: string | null
  paymentMethod: string | null
  status: 'requires_payment_method' | 'requires_confirmation' | 'requires_action' | 'canceled' | 'succeeded'
  description: string | null
  lastError: JsonObject | null
  cancellationReason: string | null
}

export interface Session extends Row {
  mode: 'payment' | 'setup'
  status: 'open' | 'complete' | 'expired'
  paymentStatus: 'unpaid' | 'paid' | 'no_payment_required'
  amountTotal: number | null
  currency: string | null
  customer: string | null
  customerEmail: string | null
  clientReferenceId: string | null
  successUrl: string | null
  cancelUrl: string | null
  intent: string | null
  setupIntent: string | null
  intentData: { setupFutureUsage: string | null; description: string | null; metadata: JsonObject }
  lineItems: JsonObject[]
  expiresAtMs: number
}

export interface Refund extends Row {
  charge: string
  intent: string
  amount: number
  currency: string
  reason: string | null
  status: 'pending' | 'succeeded' | 'failed' | 'canceled'
}

export interface Dispute extends Row {
  charge: string
  intent: string
  amount: number
  currency: string
  status: 'needs_response' | 'under_review' | 'won' | 'lost' | 'warning_closed'
}

export interface Product extends Row {
  name: string
  description: string | null
}

export interface Price extends Row {
  product: string
  currency: string
  unitAmount: number
}

interface StoredEvent extends Row {
  kind: string
  body: JsonObject
}

export interface Stripe {
  shop: Workshop
  secrets: StripeSecrets
  customers: Map<string, Customer>
  methods: Map<string, PaymentMethod>
  intents: Map<string, Intent>
  charges: Map<string, Charge>
  setupIntents: Map<string, SetupIntent>
  sessions: Map<string, Session>
  refunds: Map<string, Refund>
  disputes: Map<string, Dispute>
  products: Map<string, Product>
  prices: Map<string, Price>
  events: Map<string, StoredEvent>
  keys: Map<string, { request: string; answer: Answer; atMs: number }>
}

export const createState = (shop: Workshop, secrets: StripeSecrets): Stripe => ({
  shop,
  secrets,
  customers: new Map(),
  methods: new Map(),
  intents: new Map(),
  charges: new Map(),
  setupIntents: new Map(),
  sessions: new Map(),
  refunds: new Map(),
  disputes: new Map(),
  products: new Map(),
  prices: new Map(),
  events: new Map(),
  keys: new Map(),
})

/** Stripe's times are Unix seconds. */
export const seconds = (ms: number): number => Math.floor(ms / 1000)

export const newest = <Kept extends { createdAtMs: number }>(rows: Iterable<Kept>): Kept[] => [...rows].reverse()
