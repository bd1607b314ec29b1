import type { PaymentProvider } from '#domain/moneyCharge'
import type { PaymentState } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import type { Random } from './random.ts'

/** A refund as the provider has it. Amounts are minor units, times epoch milliseconds. */
export interface BookRefund {
  id: string
  /** Ours; absent: made in the provider's dashboard. */
  reference?: string
  amountMinor: number
  status: 'pending' | 'processed' | 'failed'
  createdAt: number
}

/** The customer's bank takes the money back, or tries to: who wins may be told twice, and differently. */
export interface BookDispute {
  id: string
  amountMinor: number
  /** Of a lost one: it may be less than was disputed. */
  takenMinor: number
  state: 'open' | 'won' | 'lost'
  wasLost?: true
}

export interface BookPayment {
  id: string
  order: BookOrder
  status: Exclude<PaymentState, 'refunded'>
  amountMinor: number
  currency: string
  createdAt: number
  /** Of its last change. */
  changedAt: number
  capturedAt?: number
  refunds: BookRefund[]
  disputes: BookDispute[]
  /** Of the method that it was paid with, where that may be charged again. */
  token?: string
}

export interface BookOrder {
  id: string
  /** Our payment id. */
  reference: string
  amountMinor: number
  currency: string
  createdAt: number
  payments: BookPayment[]
  /** Nobody was sent to pay it: a saved method was charged. */
  isCharge?: true
}

export type News = { payment: BookPayment; refund?: BookRefund; dispute?: BookDispute }

interface BooksOptions {
  provider: PaymentProvider
  random: Random
  now: () => number
  /** Each change, at the instant of it. */
  tell: (news: News) => void
}

/** Keys of refunds and orders are forgotten after a day. */
const keyLifeMs = 24 * 3_600_000

/**
 * A provider's own books, in memory: what was ordered, paid and given back there, whoever asked for it. They are what the
 * oracle counts against, so nothing here knows of the product's rows. Each change happens at one instant.
 */
export class Books {
  readonly provider: PaymentProvider
  readonly orders: BookOrder[] = []
  /** What could not have been asked of a provider by a sound product. */
  readonly faults: string[] = []
  readonly #random: Random
  readonly #now: () => number
  readonly #tell: (news: News) => void
  /** By idempotency key: what was made under it, and when. */
  readonly #keys = new Map<string, { made: BookOrder | BookRefund; at: number }>()
  #ids = 0

  constructor({ provider, random, now, tell }: BooksOptions) {
    this.provider = provider
    this.#random = random
    this.#now = now
    this.#tell = tell
  }

  get payments(): BookPayment[] {
    return this.orders.flatMap(({ payments }) => payments)
  }

  /** Razorpay knows no key of orders; Stripe's is the payment id; Paystack refuses a reference that it has. */
  createOrder(reference: string, amountMinor: number, currency: string): BookOrder {
    const known = this.orders.find((order) => order.reference === reference)
    if (known && this.provider === 'paystack') throw new GatewayError(this.provider, 'refused', { code: 'duplicate' })
    if (this.provider === 'stripe') {
      const kept = this.#kept(`order ${reference}`)
      if (kept && 'payments' in kept) return kept
    }
    const order = { id: this.#id('order'), reference, amountMinor, currency, createdAt: this.#now(), payments: [] }
    this.orders.push(order)
    this.#keep(`order ${reference}`, order)
    return order
  }

  findOrder(reference: string): BookOrder | undefined {
    const isOrder = ({ isCharge }: BookOrder) => this.provider !== 'stripe' || !isCharge
    return this.orders.findLast((order) => order.reference === reference && isOrder(order))
  }

  /** One more charge of a saved method, whatever was charged before: whoever asks has looked, or holds a key. */
  charge(reference: string, amountMinor: number, currency: string, token: string): BookPayment {
    const createdAt = this.#now()
    const id = this.#id('charge')
    const order: BookOrder = { id, reference, amountMinor, currency, createdAt, payments: [], isCharge: true }
    this.orders.push(order)
    return Object.assign(this.pay(order), { token })
  }

  order(id: string): BookOrder {
    return this.#found(this.orders.find((order) => order.id === id))
  }

  payment(id: string): BookPayment {
    return this.#found(this.payments.find((payment) => payment.id === id))
  }

  /** A customer at the provider's page. Another amount than the order's is what a provider's own defect looks like. */
  pay(order: BookOrder, paid: { amountMinor: number; currency: string } = order): BookPayment {
    const now = this.#now()
    const { amountMinor, currency } = paid
    const payment: BookPayment = {
      id: this.#id('pay'),
      order,
      status: 'created',
      amountMinor,
      currency,
      createdAt: now,
      changedAt: now,
      refunds: [],
      disputes: [],
    }
    order.payments.push(payment)
    return payment
  }

  /** Money that is in stays in: from there on only refunds change anything. */
  move(payment: BookPayment, status: BookPayment['status']): void {
    if (payment.status === 'captured' || payment.status === status) return
    const now = this.#now()
    Object.assign(payment, { status, changedAt: now }, status === 'captured' && { capturedAt: now })
    this.#tell({ payment })
  }

  /** @throws GatewayError `refused` unless it is authorised or captured. */
  capture(id: string): BookPayment {
    const payment = this.payment(id)
    if (payment.status !== 'authorized' && payment.status !== 'captured')
      throw new GatewayError(this.provider, 'refused', { code: 'not_authorized' })
    this.move(payment, 'captured')
    return payment
  }

  /** Under our reference. Razorpay and Stripe know it as a key for a day; Paystack has none, and makes another one. */
  refund(id: string, reference: string, amountMinor: number): BookRefund {
    const payment = this.payment(id)
    const kept = this.provider === 'paystack' ? undefined : this.#kept(`refund ${reference}`)
    if (kept && 'status' in kept) return kept
    if (payment.refunds.some((refund) => refund.reference === reference))
      this.faults.push(`the refund ${reference} was asked for again`)
    // Of what somebody else takes, we may hear later.
    const isOurs =
      payment.refunds.every((refund) => refund.reference !== undefined) &&
      payment.disputes.every(({ state }) => state !== 'lost')
    if (amountMinor > refundable(payment)) {
      if (isOurs)
        this.faults.push(`${amountMinor} of ${payment.id} were to be refunded, ${refundable(payment)} are left`)
      throw new GatewayError(this.provider, 'refused', { code: 'too_much' })
    }
    // Too little balance at the provider, an account that is closed.
    if (this.#random.chance(0.06)) throw new GatewayError(this.provider, 'refused', { code: 'balance' })
    const refund = this.#refunded(payment, amountMinor, reference)
    this.#keep(`refund ${reference}`, refund)
    return refund
  }

  /** In the provider's dashboard, by somebody who does not know of us. */
  refundOutside(payment: BookPayment, amountMinor: number): BookRefund | undefined {
    return amountMinor < 1 || amountMinor > refundable(payment) ? undefined : this.#refunded(payment, amountMinor)
  }

  moveRefund(payment: BookPayment, refund: BookRefund, status: BookRefund['status']): void {
    if (refund.status === status) return
    refund.status = status
    this.#tell({ payment, refund })
  }

  dispute(payment: BookPayment, amountMinor: number): BookDispute {
    const dispute: BookDispute = { id: this.#id('dp'), amountMinor, takenMinor: amountMinor, state: 'open' }
    payment.disputes.push(dispute)
    this.#tell({ payment, dispute })
    return dispute
  }

  moveDispute(
    payment: BookPayment,
    dispute: BookDispute,
    state: 'won' | 'lost',
    takenMinor = dispute.amountMinor,
  ): void {
    if (dispute.state === state) return
    Object.assign(dispute, { state, takenMinor }, state === 'lost' && { wasLost: true })
    this.#tell({ payment, dispute })
  }

  #refunded(payment: BookPayment, amountMinor: number, reference?: string): BookRefund {
    const refund: BookRefund = {
      id: this.#id('rfnd'),
      ...(reference !== undefined && { reference }),
      amountMinor,
      status: 'pending',
      createdAt: this.#now(),
    }
    payment.refunds.push(refund)
    this.#tell({ payment, refund })
    return refund
  }

  #kept(key: string): BookOrder | BookRefund | undefined {
    const known = this.#keys.get(key)
    return known && this.#now() - known.at < keyLifeMs ? known.made : undefined
  }

  #keep(key: string, made: BookOrder | BookRefund): void {
    this.#keys.set(key, { made, at: this.#now() })
  }

  #found<Thing>(thing: Thing | undefined): Thing {
    if (thing === undefined) throw new GatewayError(this.provider, 'not_found')
    return thing
  }

  #id(kind: string): string {
    return `${kind}_sim${String(++this.#ids).padStart(4, '0')}`
  }
}

const sumOf = (refunds: readonly BookRefund[]): number => refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0)

/** What may still be given back: captured, less what went back or is on its way, less what a bank took. */
export const refundable = ({ status, amountMinor, refunds, disputes }: BookPayment): number => {
  const gone = sumOf(refunds.filter((refund) => refund.status !== 'failed'))
  const lost = disputes.reduce((sum, one) => sum + (one.state === 'lost' ? one.takenMinor : 0), 0)
  return status === 'captured' ? Math.max(0, amountMinor - gone - lost) : 0
}

/** What has arrived at the customer and stayed there. */
export const refundedMinor = ({ refunds }: Pick<BookPayment, 'refunds'>): number =>
  sumOf(refunds.filter(({ status }) => status === 'processed'))

export const isOutside = ({ reference }: BookRefund): boolean => reference === undefined
