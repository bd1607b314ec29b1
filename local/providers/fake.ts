import * as z from 'zod/mini'
import type { BehaveRequest, Behaviour, Fault, Sending } from './behaviour.ts'
import type { Answer, Call, Route } from './call.ts'
import { cardName } from './cards.ts'
import type { Due } from './due.ts'
import type { Ids } from './ids.ts'
import type { Json, JsonObject } from './json.ts'
import type { Delivery, FakeEvent } from './webhooks.ts'

export const providerNames = ['razorpay', 'paystack', 'stripe'] as const
export type ProviderName = (typeof providerNames)[number]

export interface FakeOptions<Secrets> {
  secrets: Secrets
  /** The fake's clock, epoch milliseconds: the stack's business time. */
  now(): number
  /** Another text at every call. */
  random(): string
  /** Where the provider sends events; undefined while nobody listens. */
  webhookUrl(): string | undefined
  /** 0, the default, takes any. */
  port?: number
  /** Real time for what is signed with a time (Stripe); the machine's own by default. Turning the fake's clock leaves it alone. */
  signatureNow?(): number
  /** Waits between attempts of a webhook, instead of the provider's own. */
  retryDelaysMs?: readonly number[]
}

/** What the parts of one fake share. */
export interface Workshop {
  ids: Ids
  due: Due
  behaviour: Behaviour
  emit(events: FakeEvent[]): void
  /** The address of the fake itself; known once it listens. */
  url(): string
}

/** The body of `POST /_fake/pay`. `amount` and `currency` make the provider take something else than the order asks for. */
export const payRequest = z.strictObject({
  orderId: z.string().check(z.minLength(1), z.maxLength(200)),
  outcome: z.enum(['success', 'fail', 'lost_callback']),
  card: z.optional(cardName),
  saveMethod: z.optional(z.boolean()),
  amount: z.optional(z.int().check(z.minimum(1))),
  currency: z.optional(z.string().check(z.regex(/^[A-Za-z]{3}$/))),
})
export type PayRequest = z.infer<typeof payRequest>

/** The body of `POST /_fake/visit`, at Paystack alone: elsewhere a customer who comes and goes leaves no trace. */
export const visitRequest = z.strictObject({
  orderId: z.string().check(z.minLength(1), z.maxLength(200)),
  customer: z.enum(['opens', 'leaves']),
})
export type VisitRequest = z.infer<typeof visitRequest>

/**
 * What the browser's library hands to the page: the fields for `/payments/verify`; `{error}` when the payment failed (the
 * order stays payable); `{lost: true}` when the payment went through and the page never hears of it.
 */
export type PayAnswer = JsonObject

/** What the checkout page shows. */
export interface Bill {
  title: string
  /** In the provider's own unit; undefined when nothing is charged (a card is only saved). */
  amount: number | undefined
  currency: string
  open: boolean
  /** Where the customer goes afterwards, and where "back" leads. */
  returnUrl?: string
  cancelUrl?: string
}

export interface SendRequest {
  event: string
  /** Which payment, order, refund … it is about; the latest otherwise. */
  of?: string | undefined
  /** Laid over the body of the event. */
  fields?: JsonObject | undefined
  /** Another event id, for a replayed body. */
  eventId?: string | undefined
}

/** What a provider brings to the server. */
export interface Provider {
  name: ProviderName
  routes: readonly Route[]
  /** The answer to a call whose key is missing or wrong. */
  guard(call: Call): Answer | undefined
  /** Surrounds a call (Stripe's idempotency keys). */
  around(call: Call, route: string, run: () => Answer): Answer
  /** The provider's own 404, 429 and 500. */
  failure(kind: Extract<Fault, 'too_many_requests' | 'server_error'> | 'no_such_route', call: Call): Answer
  /** Undefined: no such order. */
  bill(orderId: string): Bill | undefined
  /** Throws `Refusal` when the order is unknown or closed. */
  pay(request: PayRequest): PayAnswer
  /** Absent: a visit changes nothing there. Throws `Refusal` when the order is unknown or closed. */
  visit?(request: VisitRequest): Json
  /** Raises a dispute or moves the open one. Throws `Refusal`. */
  dispute(paymentId: string, status: DisputeStatus): Json
  /** An event as the provider would send it now. Undefined: a kind that the fake does not know, or nothing to tell of. */
  compose(request: SendRequest): FakeEvent | undefined
  /** The event kinds that `compose` knows. */
  kinds: readonly string[]
}

export const disputeStatus = z.enum(['created', 'under_review', 'won', 'lost', 'closed'])
export type DisputeStatus = z.infer<typeof disputeStatus>

export interface Fake {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  url: string
  pay(request: PayRequest): PayAnswer
  /** Throws `RangeError` where a provider knows no visits, `Refusal` when the order is unknown or closed. */
  visit(request: VisitRequest): Json
  behave(request: BehaveRequest): void
  dispute(paymentId: string, status: DisputeStatus): Json
  /**
   * Composes and sends one event, `how` instead of by the rules. Throws `RangeError` for a kind the fake does not know.
   * Changes no state of the fake.
   */
  sendEvent(kind: string, overrides?: Omit<SendRequest, 'event'>, how?: Sending): FakeEvent
  deliveries(): readonly Delivery[]
  /** Runs what the clock has made due. A running fake does it by itself four times a second. */
  tick(): void
  /** When the clock next makes something due, epoch milliseconds; undefined: nothing waits for it. */
  nextAt(): number | undefined
  /** Waits until no webhook is on its way. */
  idle(): Promise<void>
  stop(): Promise<void>
}
