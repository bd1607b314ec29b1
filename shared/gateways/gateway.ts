import type { PaymentProvider } from '#domain/moneyCharge'

/**
 * What the product needs of a payment provider, in the product's own words. Amounts are ISO 4217 minor units, currencies
 * upper case, times epoch milliseconds; each gateway converts at its own border. Every method that calls out throws
 * `GatewayError` and nothing else. Signature checks and parsing call nobody and load no SDK.
 */
export interface Gateway {
  readonly provider: PaymentProvider
  /** What has to be known before an order can be opened: asked for before anything is written. */
  readonly needs?: readonly OrderNeed[]
  /** Opens what the customer pays. Not repeatable after `unknown_outcome`: ask `findOrder` first. */
  createOrder(order: OrderRequest): Promise<OpenedOrder>
  /**
   * The order made earlier for this payment, found by our own receipt or reference.
   * Undefined: there is none, or none that a customer could still be sent to; making one is then safe.
   */
  findOrder(paymentId: string): Promise<FoundOrder | undefined>
  /** @throws GatewayError `not_found` when the provider does not know it. */
  fetchOrder(providerOrderId: string): Promise<ProviderOrder>
  fetchPayment(providerPaymentId: string): Promise<ProviderPayment>
  /** Our payment id on an order, where payments do not carry it (Razorpay); undefined: it is not of ours, or not known there. */
  orderReference?(providerOrderId: string): Promise<string | undefined>
  /** Takes an authorised payment; one that is captured already answers as captured. */
  capture(payment: CaptureRequest): Promise<ProviderPayment>
  /** Not repeatable at Paystack after `unknown_outcome`: ask `findRefund` first. Elsewhere `refundId` is the provider's key. */
  refund(refund: RefundRequest): Promise<ProviderRefund>
  findRefund(refund: RefundLookup): Promise<ProviderRefund | undefined>
  /** The provider's lists of refunds, where neither its payments nor most of its events name them. */
  readonly refundLists?: RefundLists
  /**
   * Charges a saved method. A decline is a payment with status `failed`, or `refused` where the provider makes no payment
   * of it. One `paymentId` is one attempt: asked again, the answer is about the attempt that was made.
   */
  chargeMethod(charge: ChargeRequest): Promise<ProviderPayment | PendingCharge>
  /** The attempt made earlier under this `paymentId`; to be asked after `unknown_outcome` and before charging again after 20 h. */
  findCharge(charge: ChargeLookup): Promise<ProviderPayment | PendingCharge | undefined>
  /** The saved method is never to be charged again: the provider forgets it too. One that it does not know is forgotten. */
  forgetMethod(method: HeldMethod): Promise<void>
  /**
   * Checks what the provider's browser library handed to the page. It proves at most that the payment belongs to the order:
   * fetch before believing in money.
   * @throws Problem `invalid_signature`
   */
  verifyReturn(returned: unknown, expected: { providerOrderId: string }): { providerPaymentId?: string }
  /** `now`: real time in milliseconds. Checks the bytes as they came, against the current and the previous secret. */
  verifyWebhook(rawBody: Uint8Array, headers: Headers, now: number): boolean
  /** Never throws: a body that cannot be understood is `unreadable`. To be called on a verified body only. */
  parseWebhook(rawBody: Uint8Array, headers: Headers): WebhookEvent
  /**
   * Payments made on a day (`yyyy-mm-dd`, UTC, by the provider's creation time), each at least once. One that cannot be
   * read, in a currency that we do not charge say, is told to `unreadable` and passed over.
   */
  listPayments(day: string, unreadable?: () => void): AsyncIterable<ProviderPayment>
}

export type OrderNeed = 'email' | 'returnUrl'

export type Headers = Record<string, string | undefined>
export type ProviderMode = 'test' | 'live' | 'unknown'

/** Who pays. Contact details go to the provider and nowhere else. */
export interface Payer {
  id: string
  email?: string
  name?: string
  gatewayCustomerId?: string
}

export interface OrderRequest {
  /** `fpay_<ULID>`: becomes the provider's receipt, reference or idempotency key. */
  paymentId: string
  amountMinor: number
  currency: string
  description: string
  account: Payer
  /** Asks the provider to keep the method for later charges. */
  saveMethod: boolean
  /** Where the provider's page sends the customer back; Stripe needs one. */
  returnUrl?: string
  /** Only Stripe closes an order by itself: 30 minutes to 24 hours ahead. */
  expiresAt?: number
}

export interface OpenedOrder {
  providerOrderId: string
  /** What the provider's browser library needs; holds no secret of ours. */
  checkout: Record<string, unknown>
  /** The provider's customer, when one was made or used for saving a method. */
  gatewayCustomerId?: string
}

/** What it asks for, too: one that was made for another amount is not the payment's. */
export interface FoundOrder extends OpenedOrder {
  amountMinor: number
  currency: string
}

export interface ProviderOrder {
  provider: PaymentProvider
  providerOrderId: string
  status: 'open' | 'paid' | 'expired'
  amountMinor: number
  currency: string
  /** Our payment id. */
  reference: string | undefined
  payments: ProviderPayment[]
}

export interface CaptureRequest {
  providerPaymentId: string
  amountMinor: number
  currency: string
}

export interface RefundRequest {
  /** At least 10 of `[A-Za-z0-9_-]`. */
  refundId: string
  providerPaymentId: string
  amountMinor: number
  currency: string
  /** Stays here: staff write names into it. */
  reason: string
}

/** What a refund is found again by: ours by our id, one made at the provider by its id there. */
export type RefundLookup = RefundRequest & { providerRefundId?: string }

export interface RefundLists {
  /** All of one payment that are among the provider's latest 500. */
  of(providerPaymentId: string): Promise<ProviderRefund[]>
  /** Made on a day (`yyyy-mm-dd`, UTC), each at least once. */
  on(day: string, unreadable?: () => void): AsyncIterable<ProviderRefund>
}

export interface ChargeRequest {
  paymentId: string
  amountMinor: number
  currency: string
  /** Razorpay `token_…`, Paystack `AUTH_…`, Stripe `pm_…`. */
  token: string
  gatewayCustomerId?: string
  account: Payer & { contact?: string }
  description: string
  /** Razorpay: debit no earlier than this, after the notice that regulation asks for. Without it Razorpay takes 36 h 05 min. */
  notice?: { debitAfter: number }
}

/** A saved method as its provider knows it. */
export type HeldMethod = Pick<ChargeRequest, 'token' | 'gatewayCustomerId'>

/** What a charge is found again by. */
export type ChargeLookup = Pick<ChargeRequest, 'paymentId' | 'gatewayCustomerId'>

/** A charge that was accepted and is not decided: a webhook or a look-up tells. */
export interface PendingCharge {
  provider: PaymentProvider
  /** `paused`: it goes on only once the customer approves. */
  status: 'processing' | 'paused'
  providerPaymentId?: string
  providerOrderId?: string
  /** The customer has to approve there (3-D Secure). */
  approvalUrl?: string
}

/**
 * `paused`: the charge of a saved method waits for the customer to approve. `abandoned`: nobody pays at this moment; the
 * customer has not come yet, or came and left, and may still come back. Both are Paystack's, which sends no event of either.
 */
export type PaymentState =
  | 'created'
  | 'paused'
  | 'abandoned'
  | 'authorized'
  | 'processing'
  | 'captured'
  | 'failed'
  | 'refunded'

export interface ProviderPayment {
  provider: PaymentProvider
  providerPaymentId: string
  providerOrderId?: string
  /** Our payment id, where our server put it (never from what a browser may set). */
  reference?: string
  status: PaymentState
  /** What was paid of what was asked; fees that the customer bears on top are not in it. */
  amountMinor: number
  currency: string
  /** A running total, not one refund. Paystack and webhooks of Stripe payment intents do not carry it: 0. */
  refundedMinor: number
  mode: ProviderMode
  method?: ProviderMethod
  failure?: { code: string; reason: string }
  createdAt?: number
  /** The provider made it for an invoice or plan of its own: no payment of ours is behind it. */
  isOwnCycle?: true
}

export interface ProviderMethod {
  /** The provider's word: `card`, `upi`, `bank`, `us_bank_account`; `unknown` when only a token came. */
  kind: string
  brand?: string
  last4?: string
  expMonth?: number
  expYear?: number
  /** Secret: to be encrypted, never answered, never logged. */
  token?: string
  /** The provider's mark of the card itself, the same under every token of it; absent where the token is the mark. */
  instrument?: string
  /** The phone that was given with it, where a later charge has to name one (Razorpay); personal: kept with the token. */
  contact?: string
  /** May be charged again without the customer. */
  reusable: boolean
  gatewayCustomerId?: string
}

export interface ProviderRefund {
  provider: PaymentProvider
  /** Absent in most of Paystack's events. */
  providerRefundId?: string
  providerPaymentId?: string
  /** Paystack's events name the transaction by reference. */
  providerOrderId?: string
  /** Our payment id, where that is in what they name. */
  paymentReference?: string
  /** Our refund id, when the provider carries it. */
  reference?: string
  /** `processed` may still become `failed` when a bank returns the money. */
  status: 'pending' | 'processed' | 'failed'
  amountMinor: number
  currency: string
  failure?: { code: string; reason: string }
  createdAt?: number
}

export interface ProviderDispute {
  provider: PaymentProvider
  providerDisputeId: string
  providerPaymentId?: string
  providerOrderId?: string
  status: 'open' | 'under_review' | 'won' | 'lost' | 'closed'
  /** May be less than the payment. */
  amountMinor: number
  currency: string
  /** What the provider has taken back for good. */
  deductedMinor: number
  reason?: string
  respondBy?: number
}

/** A subscription that the provider itself renews (imported ones only). */
export interface ProviderSubscription {
  provider: PaymentProvider
  providerSubscriptionId: string
  state: 'pending' | 'active' | 'past_due' | 'paused' | 'ended'
  /** The provider's own word. */
  status: string
  periodStart?: number
  periodEnd?: number
  endsAtPeriodEnd: boolean
  gatewayCustomerId?: string
}

export interface ProviderInvoice {
  providerInvoiceId: string
  /** `open`: nothing was tried, or the customer has to come. */
  state: 'open' | 'paid' | 'failed'
  amountMinor?: number
  currency?: string
  /** What it is for. */
  periodStart?: number
  periodEnd?: number
  /** Stripe, on API versions before 2025-03-31. */
  providerPaymentId?: string
  /** Paystack: the reference of the transaction that paid it. */
  providerOrderId?: string
}

export type MethodChange = 'confirmed' | 'rejected' | 'cancelled' | 'paused' | 'updated' | 'detached'

export type WebhookSubject =
  | { type: 'payment'; payment: ProviderPayment }
  | { type: 'refund'; providerPaymentId?: string; refund: ProviderRefund; payment?: ProviderPayment }
  | { type: 'dispute'; dispute: ProviderDispute; payment?: ProviderPayment }
  | { type: 'order'; order: OrderNews }
  | {
      type: 'method'
      change: MethodChange
      token: string
      method?: ProviderMethod
      failure?: { code: string; reason: string }
    }
  | { type: 'notice'; delivered: boolean; providerOrderId?: string }
  | {
      type: 'subscription'
      /** Absent when only an invoice of it is told. */
      subscription?: ProviderSubscription
      providerSubscriptionId: string
      payment?: ProviderPayment
      invoice?: ProviderInvoice
    }
  /** Not ours to act on. */
  | { type: 'ignored' }
  /** A kind that matters in a shape that does not parse: an alarm, not a shrug. `detail` names paths, never values. */
  | { type: 'unreadable'; detail: string }

/** A Stripe checkout session, which names its payment without showing it. */
export interface OrderNews {
  providerOrderId: string
  status: 'open' | 'paid' | 'expired' | 'failed'
  amountMinor: number
  currency: string
  reference?: string
  providerPaymentId?: string
}

export interface WebhookEvent {
  provider: PaymentProvider
  /** Stripe's signed event id, else SHA-256 of the raw body: the other two sign no id. */
  eventKey: string
  /** The provider's name of the event; empty when it could not be read. */
  kind: string
  mode: ProviderMode
  /** Absent where the provider tells no time of the event. */
  createdAt?: number
  about: WebhookSubject
}

/** What a gateway borrows from its caller: time to wait and chance, so that tests own both. */
export interface GatewayTools {
  wait(milliseconds: number): Promise<void>
  /** Uniform in [0, 1). */
  rng(): number
}
