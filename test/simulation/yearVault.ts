import type { ChargeRequest, Gateway } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import type { BookPayment, Books } from './providerBooks.ts'
import { shownOnOrder } from './providerGateway.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000]
/** Stripe's own keys; the other two know a reference for ever. */
const keyLifeMs = dayMs
/** What a bank takes for a debit that has to be announced and names no time. */
const noticeMs = 36 * hourMs + 5 * minuteMs

/** How a saved method behaves: always well, badly from an instant on, now and then, in days, or it is gone. */
interface Method {
  token: string
  accountId: string
  manner: 'good' | 'fading' | 'flaky' | 'slow' | 'gone'
  from: number
  /** The customer asked us to forget it; never: absent. */
  forgottenAt?: number
}

/** The methods that a provider keeps, what it charges with them, and when it is down. */
export class Vault {
  readonly #books: Books
  readonly #random: Random
  readonly #scheduler: Scheduler
  readonly #methods = new Map<string, Method>()
  readonly #keys = new Map<string, { payment: BookPayment; at: number }>()
  /** Told of each charge that is made, by our payment's id. */
  charged: (reference: string, token: string) => void = () => {}
  /** From, to: nothing answers between. */
  readonly outages: [number, number][] = []

  constructor(books: Books, random: Random, scheduler: Scheduler) {
    this.#books = books
    this.#random = random
    this.#scheduler = scheduler
  }

  get isMandate(): boolean {
    return this.#books.provider === 'razorpay'
  }

  /** A provider that lost an answer is often about to go down, for longer than it remembers a key. */
  worsen(): void {
    const { now } = this.#scheduler
    if (this.#random.chance(0.4)) this.outages.push([now, now + this.#random.between(20 * hourMs, 2 * dayMs)])
  }

  isDown(at: number): boolean {
    return this.outages.some(([from, to]) => at >= from && at < to)
  }

  /** Whoever pays on the page may leave something that can be charged again. */
  keep(accountId: string, badFrom: number): string {
    const token = `token_${this.#methods.size + 1}`
    const manners = ['good', 'good', 'good', 'fading', 'flaky', 'gone', 'slow'] as const
    const picked = this.#random.pick(manners)
    const manner = picked === 'slow' && this.#books.provider !== 'stripe' ? 'good' : picked
    this.#methods.set(token, { token, accountId, manner, from: badFrom })
    return token
  }

  forget(token: string): void {
    const method = this.#methods.get(token)
    if (method) method.forgottenAt ??= this.#scheduler.now
  }

  /** Whatever method of this account was charged at any time in between, it was a good one. */
  wasPayable(accountId: string, from: number, to: number): boolean {
    const all = [...this.#methods.values()].filter((method) => method.accountId === accountId)
    const own = all.filter(({ forgottenAt = to }) => forgottenAt >= from)
    const isDown = this.outages.some(([begin, end]) => begin < to && end > from)
    const isKept = own.some(({ forgottenAt }) => forgottenAt === undefined)
    return !isDown && isKept && own.every(({ manner }) => manner === 'good')
  }

  find(reference: string): BookPayment | undefined {
    return this.#books.payments.findLast(({ order }) => order.isCharge && order.reference === reference)
  }

  charge({ paymentId, amountMinor, currency, token, notice }: ChargeRequest): BookPayment {
    const known = this.#known(paymentId)
    if (known) return known
    const method = this.#methods.get(token)
    const { now } = this.#scheduler
    if (!method || (method.manner === 'gone' && now >= method.from))
      throw new GatewayError(this.#books.provider, 'refused', { code: 'no_such_method' })
    if (this.isMandate && notice && notice.debitAfter < now + dayMs) {
      this.#books.faults.push(`${paymentId} is to be debited ${(notice.debitAfter - now) / hourMs} h after its notice`)
      throw new GatewayError(this.#books.provider, 'refused', { code: 'notice_too_short' })
    }
    if (this.find(paymentId)) this.#books.faults.push(`${paymentId} was charged again`)
    const payment = this.#books.charge(paymentId, amountMinor, currency, token)
    this.#keys.set(paymentId, { payment, at: now })
    this.charged(paymentId, token)
    this.#decide(payment, method, notice?.debitAfter)
    return payment
  }

  #known(paymentId: string): BookPayment | undefined {
    if (this.#books.provider !== 'stripe') return this.find(paymentId)
    const kept = this.#keys.get(paymentId)
    return kept && this.#scheduler.now - kept.at < keyLifeMs ? kept.payment : undefined
  }

  #decide(payment: BookPayment, { manner, from }: Method, debitAfter: number | undefined): void {
    const { now } = this.#scheduler
    const isRefused = (at: number) =>
      manner === 'flaky' ? this.#random.chance(0.5) : (manner === 'fading' || manner === 'gone') && at >= from
    const end = () => this.#books.move(payment, isRefused(this.#scheduler.now) ? 'failed' : 'captured')
    if (!this.isMandate && manner !== 'slow') return end()
    this.#books.move(payment, 'processing')
    const debitAt = this.isMandate ? (debitAfter ?? now + noticeMs) : now
    const delayMs = this.isMandate ? this.#random.between(1, 4 * hourMs) : this.#random.between(hourMs, 5 * dayMs)
    this.#scheduler.after(debitAt + delayMs - now, end)
  }
}

type Reached = <Answer>(kind: 'ask' | 'provide', what: string, perform: () => Answer) => Promise<Answer>

/** The charges of a gateway; a provider that is down answers nothing else either. */
export function chargingGateway(
  gateway: Gateway,
  books: Books,
  vault: Vault,
  now: () => number,
  reached: Reached,
): Gateway {
  const answer = (payment: BookPayment) => {
    const seen = shownOnOrder(books, payment)
    if (books.provider !== 'razorpay' || seen.status !== 'processing') return seen
    const { provider, providerPaymentId, providerOrderId } = seen
    return { provider, status: 'processing' as const, providerPaymentId, ...(providerOrderId && { providerOrderId }) }
  }
  const up = (): void => {
    if (vault.isDown(now())) throw new GatewayError(books.provider, 'unavailable', { code: 'down' })
  }
  const charging: Gateway = {
    ...gateway,
    chargeMethod: (request) =>
      reached('provide', `charge ${request.paymentId}`, () => answer(vault.charge(request))).catch((error: unknown) => {
        vault.worsen()
        throw error
      }),
    findCharge: ({ paymentId }) =>
      reached('ask', `find charge ${paymentId}`, () => {
        const found = vault.find(paymentId)
        return found && answer(found)
      }),
  }
  const guarded =
    <Request extends unknown[], Answer>(ask: (...request: Request) => Promise<Answer>) =>
    async (...request: Request): Promise<Answer> => {
      up()
      return ask(...request)
    }
  return {
    ...charging,
    createOrder: guarded(charging.createOrder),
    findOrder: guarded(charging.findOrder),
    fetchOrder: guarded(charging.fetchOrder),
    fetchPayment: guarded(charging.fetchPayment),
    capture: guarded(charging.capture),
    refund: guarded(charging.refund),
    findRefund: guarded(charging.findRefund),
    chargeMethod: guarded(charging.chargeMethod),
    findCharge: guarded(charging.findCharge),
  }
}
