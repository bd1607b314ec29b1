import type { Headers, ProviderPayment, WebhookEvent, WebhookSubject } from '#gateways/gateway'
import type { BookPayment, Books, News } from './providerBooks.ts'
import { shown, shownDispute, shownRefund } from './providerGateway.ts'
import type { Random } from './random.ts'

/** One event on its way. `text` is its body; whoever has it may send it again. */
export interface Letter {
  event: WebhookEvent
  text: string
  headers: Record<string, string>
  /** Of the payment that it tells of: its creation, and the event's own time. */
  bornAt: number
  at: number
  mayBeLost: boolean
}

/**
 * What a provider writes to the receiver. An event shows the payment as it was at that instant, so that one that comes
 * late tells of the past; one change may be told by several events.
 */
export class Post {
  readonly letters: Letter[] = []
  readonly #random: Random
  readonly #now: () => number
  readonly #send: (letter: Letter) => void
  readonly #byText = new Map<string, Letter>()

  constructor(random: Random, now: () => number, send: (letter: Letter) => void) {
    this.#random = random
    this.#now = now
    this.#send = send
  }

  /** Events of one change. `books` are the sender's. */
  tell(books: Books, { payment, refund, dispute }: News): void {
    const seen = shown(books, payment)
    if (dispute) {
      this.#write(books, seen, `dispute.${dispute.state}`, {
        type: 'dispute',
        dispute: shownDispute(books, payment, dispute),
        ...(books.provider !== 'stripe' && { payment: seen }),
      })
      return
    }
    if (refund) {
      const told = shownRefund(books, payment, refund)
      this.#write(books, seen, `refund.${refund.status}`, {
        type: 'refund',
        refund: books.provider === 'paystack' ? withoutIds(told, seen) : told,
        ...(books.provider !== 'paystack' && { providerPaymentId: payment.id }),
        ...(books.provider === 'razorpay' && { payment: seen }),
      })
      return
    }
    // Paystack tells of no failure.
    if (books.provider === 'paystack' && seen.status !== 'captured') return
    const about: WebhookSubject = { type: 'payment', payment: this.#asTold(books, seen, payment) }
    const kinds = seen.status === 'captured' ? this.#random.pick(capturedKinds) : [`payment.${seen.status}`]
    for (const kind of kinds) this.#write(books, seen, kind, about)
  }

  isOurs(bytes: Uint8Array, headers: Headers): boolean {
    const letter = this.#byText.get(new TextDecoder().decode(bytes))
    return letter !== undefined && headers['x-signature'] === letter.headers['x-signature']
  }

  read(bytes: Uint8Array): WebhookEvent {
    const letter = this.#byText.get(new TextDecoder().decode(bytes))
    if (!letter) throw new Error('a body that was not verified is read')
    return letter.event
  }

  /** Webhooks of Stripe's intents show no refunds. An event may name the amount of the order whatever was paid. */
  #asTold(books: Books, seen: ProviderPayment, { order }: BookPayment): ProviderPayment {
    const { amountMinor, currency } = this.#random.chance(0.5) ? order : seen
    return { ...seen, amountMinor, currency, ...(books.provider === 'stripe' && { refundedMinor: 0 }) }
  }

  #write(
    books: Books,
    { providerPaymentId, createdAt = 0 }: ProviderPayment,
    kind: string,
    about: WebhookSubject,
  ): void {
    const at = this.#now()
    const eventKey = `evt_${this.letters.length}_${kind}`
    const event: WebhookEvent = {
      provider: books.provider,
      eventKey,
      kind,
      mode: books.provider === 'razorpay' ? 'unknown' : 'test',
      createdAt: at,
      about,
    }
    const text = JSON.stringify({ id: eventKey, kind, payment: providerPaymentId })
    const mayBeLost = about.type === 'payment' && isLookedForLater(createdAt, at)
    const headers = { 'x-signature': `signed ${eventKey}` }
    const letter = { event, text, headers, bornAt: createdAt, at, mayBeLost }
    this.letters.push(letter)
    this.#byText.set(text, letter)
    this.#send(letter)
  }
}

/** One charge, one to three events under different keys. */
const capturedKinds = [
  ['payment.captured'],
  ['payment.captured', 'order.paid'],
  ['order.paid', 'payment.captured', 'charge'],
]

/** Paystack names the transaction by its reference, and no refund. */
const withoutIds = (told: ReturnType<typeof shownRefund>, { providerOrderId, reference }: ProviderPayment) => {
  const { providerRefundId: _id, providerPaymentId: _payment, reference: _ours, ...rest } = told
  const order = providerOrderId !== undefined && { providerOrderId }
  return { ...rest, ...order, ...(reference !== undefined && { paymentReference: reference }) }
}

const [dayMs, hourMs] = [86_400_000, 3_600_000]
/** The nightly comparison looks at a payment once, at three o'clock on the day after it was made: what comes later has its event alone. */
const isLookedForLater = (createdAt: number, at: number): boolean =>
  at < (Math.floor(createdAt / dayMs) + 1) * dayMs + 2 * hourMs
