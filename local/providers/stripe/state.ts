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
  /** Taken from its customer: of no use to anybody any more. */
  detached?: true
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
  /** Charged again every so often; null: once. */
  interval: 'day' | 'week' | 'month' | 'year' | null
}

/** What the customer's next invoice takes up. */
export interface InvoiceItem extends Row {
  customer: string
  amount: number
  currency: string
  description: string | null
  invoice: string | null
}

export interface Invoice extends Row {
  customer: string
  subscription: string | null
  currency: string
  amount: number
  status: 'draft' | 'open' | 'paid' | 'void' | 'uncollectible'
  description: string | null
  sendsToCustomer: boolean
  attempts: number
  dueAtMs: number | null
  finalizedAtMs: number | null
  paidAtMs: number | null
  voidedAtMs: number | null
  uncollectibleAtMs: number | null
  lines: JsonObject[]
}

export interface Subscription extends Row {
  customer: string
  prices: { itemId: string; price: string; quantity: number }[]
  status: 'incomplete' | 'trialing' | 'active' | 'paused' | 'canceled'
  currency: string
  defaultPaymentMethod: string | null
  /** What happens at the end of a trial without a way to pay. */
  withoutMethod: 'cancel' | 'create_invoice' | 'pause'
  trialEndMs: number | null
  periodStartMs: number
  periodEndMs: number
  cancelAtPeriodEnd: boolean
  canceledAtMs: number | null
  latestInvoice: string | null
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
  invoiceItems: Map<string, InvoiceItem>
  invoices: Map<string, Invoice>
  subscriptions: Map<string, Subscription>
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
  invoiceItems: new Map(),
  invoices: new Map(),
  subscriptions: new Map(),
  events: new Map(),
  keys: new Map(),
})

/** Stripe's times are Unix seconds. */
export const seconds = (ms: number): number => Math.floor(ms / 1000)

export const newest = <Kept extends { createdAtMs: number }>(rows: Iterable<Kept>): Kept[] => [...rows].reverse()
