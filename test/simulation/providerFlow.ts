import {
  type BookDispute,
  type BookOrder,
  type BookPayment,
  type BookRefund,
  type Books,
  refundable,
} from './providerBooks.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

const [secondMs, minuteMs, hourMs, dayMs] = [1_000, 60_000, 3_600_000, 86_400_000]

/** What becomes of payments and refunds at the provider, whatever anybody asks: all of it ends within days. */
export class Flow {
  readonly #books: Books
  readonly #random: Random
  readonly #scheduler: Scheduler

  constructor(books: Books, random: Random, scheduler: Scheduler) {
    this.#books = books
    this.#random = random
    this.#scheduler = scheduler
  }

  /** A customer pays an order: what the page shows is the payment as it is now. */
  pay(order: BookOrder): BookPayment {
    const payment = this.#attempt(order)
    this.#random.pick(this.#books.provider === 'paystack' ? plainWays : ways)(this, payment)
    return payment
  }

  /** Paystack has one transaction an order, however often the customer tries. */
  #attempt(order: BookOrder): BookPayment {
    const [first] = order.payments
    if (first && this.#books.provider === 'paystack') return first
    if (!this.#random.chance(0.1)) return this.#books.pay(order)
    const { amountMinor, currency } = order
    return this.#books.pay(
      order,
      this.#random.chance(0.7)
        ? { amountMinor: Math.max(1, amountMinor + this.#random.pick([-100, -1, 50])), currency }
        : { amountMinor, currency: 'EUR' },
    )
  }

  later(delays: readonly number[], then: () => void): void {
    this.#scheduler.after(this.#random.between(1, this.#random.pick(delays)), then)
  }

  move(payment: BookPayment, status: BookPayment['status']): void {
    this.#books.move(payment, status)
  }

  moveLater(payment: BookPayment, from: BookPayment['status'], to: BookPayment['status'], delays: number[]): void {
    this.later(delays, () => {
      if (payment.status === from) this.move(payment, to)
    })
  }

  chance(probability: number): boolean {
    return this.#random.chance(probability)
  }

  /** Now and then somebody gives money back in the provider's dashboard, or a customer's bank asks for it. */
  afterCapture(payment: BookPayment): void {
    this.#dispute(payment)
    if (!this.#random.chance(0.12)) return
    this.later([1, 5 * secondMs, 2 * hourMs, 20 * hourMs, 60 * hourMs], () => {
      const left = refundable(payment)
      const amountMinor = this.#random.chance(0.3) ? left : this.#random.between(1, left)
      this.#books.refundOutside(payment, amountMinor)
    })
  }

  /** A bank takes a day at least; it decides within days, and sometimes differently again, or never. */
  #dispute(payment: BookPayment): void {
    if (!this.#random.chance(0.2)) return
    const decide = (dispute: BookDispute) => {
      const state = this.#random.pick(['won', 'lost'] as const)
      // Razorpay may take less than was disputed.
      const isPart = this.#books.provider === 'razorpay' && this.#random.chance(0.3)
      this.#books.moveDispute(
        payment,
        dispute,
        state,
        isPart ? this.#random.between(1, dispute.amountMinor) : undefined,
      )
    }
    this.#scheduler.after(this.#random.between(20 * hourMs, 60 * hourMs), () => {
      const { amountMinor } = payment
      const atStake = this.#random.chance(0.5) ? amountMinor : this.#random.between(1, amountMinor)
      const dispute = this.#books.dispute(payment, atStake)
      if (this.#random.chance(0.2)) return
      this.later([secondMs, 10 * hourMs, dayMs], () => {
        decide(dispute)
        if (this.#random.chance(0.2)) this.later([minuteMs, dayMs], () => decide(dispute))
      })
    })
  }

  /** A refund that was taken on is done or fails; one that is done may come back from the bank. */
  afterRefund(payment: BookPayment, refund: BookRefund): void {
    const process = () => {
      this.#books.moveRefund(payment, refund, 'processed')
      if (this.#random.chance(0.1))
        this.later([minuteMs, 10 * hourMs], () => this.#books.moveRefund(payment, refund, 'failed'))
    }
    if (this.#random.chance(0.3)) process()
    else if (this.#random.chance(0.9)) this.later([secondMs, minuteMs, 5 * hourMs, 30 * hourMs], process)
    else this.later([minuteMs, 5 * hourMs], () => this.#books.moveRefund(payment, refund, 'failed'))
  }
}

type Way = (flow: Flow, payment: BookPayment) => void

const captured: Way = (flow, payment) => flow.move(payment, 'captured')
const declined: Way = (flow, payment) => flow.move(payment, 'failed')
/** A debit that a bank takes its time over. */
const slow: Way = (flow, payment) => {
  flow.move(payment, 'processing')
  flow.moveLater(payment, 'processing', flow.chance(0.8) ? 'captured' : 'failed', [
    10 * minuteMs,
    8 * hourMs,
    40 * hourMs,
  ])
}
const authorized: Way = (flow, payment) => {
  flow.move(payment, 'authorized')
  flow.moveLater(payment, 'authorized', 'captured', [2 * secondMs, minuteMs])
}
/** Nobody captures it but us; in the end it lapses. */
const waiting: Way = (flow, payment) => {
  flow.move(payment, 'authorized')
  flow.moveLater(payment, 'authorized', 'failed', [4 * dayMs])
}
/** The bank says no and then, minutes to days later, yes. */
const late: Way = (flow, payment) => {
  flow.move(payment, 'failed')
  flow.later([5 * minuteMs, 3 * hourMs, 30 * hourMs, 3 * dayMs], () => {
    flow.move(payment, 'authorized')
    flow.moveLater(payment, 'authorized', 'captured', [secondMs, minuteMs])
  })
}
const plainWays: Way[] = [captured, captured, captured, captured, declined, slow]
const ways: Way[] = [...plainWays, authorized, authorized, waiting, late, late]
