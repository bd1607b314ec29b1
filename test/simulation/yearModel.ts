import { Temporal } from 'temporal-polyfill'
import { type CouponCode, coupons, isPrice, type PriceId, planOf, prices, trialDays } from './yearCatalogue.ts'

const [hourMs, dayMs] = [3_600_000, 86_400_000]
const graceMs = 72 * hourMs

/** What is paid without a gap: one span a period, the first one perhaps a trial. Instants are epoch milliseconds. */
export interface Span {
  start: number
  end: number
  priceId: PriceId
  /** What was paid for the time from `paidFrom` to its end, after discounts: minor units. */
  paidMinor: number
  /** The same before anything went back. */
  wholeMinor: number
  paidFrom: number
  /** Time that staff gave at its end: from where, on a period of what length, and on which price. */
  gift?: { from: number; wholeMs: number; priceId: PriceId }
  /** Of a renewal: the product's number of it. */
  index?: number
}

interface Terms {
  priceId: PriceId
  renews: boolean
  paidMinor?: number
  code?: CouponCode | undefined
  method?: string | undefined
}

/** One subscription, as the written rules of the product have it. It knows no row of the product, only what happened to it. */
export class Life {
  readonly id: string
  spans: Span[]
  renews: boolean
  /** Somebody asked for its end. */
  isAsked = false
  /** Its end was asked for while it was overdue: grace stays. */
  isOverdue = false
  /** Until when there was nothing to charge for it, as its last method was forgotten. */
  bareUntil = Number.NEGATIVE_INFINITY
  isTrial = false
  /** Nothing was paid for the first period, also where it is no trial any more: extended, or taken up again. */
  isTried = false
  isGift = false
  endedAt: number | undefined
  scheduled: PriceId | undefined
  /** What it is renewed with; absent: with the account's default. */
  method: string | undefined
  /** What renewals have off, and how many of them still. */
  coupon: { code: CouponCode; left: number } | undefined
  /** Sums that were too small to be charged, by their line. */
  readonly carried = new Map<string, number>()
  /** When somebody last did anything to it. */
  movedAt: number
  readonly zone: string
  /** What ends are counted from, and the months from there to the end of the last span. */
  #anchor: number
  #months = 0

  constructor(id: string, at: number, zone: string, { priceId, renews, paidMinor = 0, code, method }: Terms) {
    this.id = id
    this.zone = zone
    this.renews = renews
    this.method = method
    this.movedAt = at
    this.#anchor = at
    this.spans = []
    this.#add(priceId, paidMinor)
    this.take(code)
  }

  static trial(id: string, at: number, zone: string, terms: Terms): Life {
    const life = new Life(id, at, zone, terms)
    life.isTrial = true
    life.isTried = true
    life.#anchor = Temporal.Instant.fromEpochMilliseconds(at)
      .toZonedDateTimeISO(zone)
      .add({ days: trialDays }).epochMilliseconds
    life.#months = 0
    life.spans = [{ start: at, end: life.#anchor, priceId: terms.priceId, paidMinor: 0, wholeMinor: 0, paidFrom: at }]
    return life
  }

  static gift(id: string, at: number, until: number, priceId: PriceId): Life {
    const life = new Life(id, at, 'UTC', { priceId, renews: false })
    life.isGift = true
    life.spans = [{ start: at, end: until, priceId, paidMinor: 0, wholeMinor: 0, paidFrom: at }]
    return life
  }

  get end(): number {
    return this.spans.at(-1)?.end ?? 0
  }

  priceAt(now: number): PriceId {
    return (this.spans.find(({ end }) => now < end) ?? this.spans.at(-1))?.priceId ?? 'lite-month'
  }

  /** `isCharging`: a charge that was accepted may keep access beyond grace, so the instant alone does not say. */
  statusAt(now: number): { status: string; access: boolean } {
    if (this.endedAt !== undefined) return { status: 'canceled', access: false }
    // Paid ahead or not: until it is over it is tried.
    const isTried = this.isTrial && now < (this.spans[0]?.end ?? 0)
    if (now < this.end) return { status: isTried ? 'trialing' : 'active', access: true }
    if ((this.renews || this.isOverdue) && now < this.end + graceMs) return { status: 'past_due', access: true }
    return { status: this.isAsked ? 'canceled' : 'expired', access: false }
  }

  /** Of a coupon that was given with a payment renewals have what is left of it; one that is over leaves none. */
  take(code: CouponCode | undefined): void {
    if (code !== undefined && coupons[code].periods > 1) this.coupon = { code, left: coupons[code].periods - 1 }
  }

  /** No money came for it yet, and nobody asked for its end: whether it renews is open. */
  #isOpen(at: number): boolean {
    const present = this.spans.filter(({ end }, index) => at < end || index === this.spans.length - 1)
    return !this.renews && !this.isAsked && present.every(({ paidMinor }) => paidMinor === 0)
  }

  /** The first money brings the method that renews it; so does what pays by hand after a charge that failed. */
  boughtWith(method: string | undefined, { at, hasFailed }: { at: number; hasFailed: boolean }): void {
    if (method === undefined || !(this.renews ? hasFailed : this.#isOpen(at))) return
    this.renews = true
    this.#has(method, at)
  }

  /** A method has become the default: it is renewed with that, and a trial that had none is charged at its end. */
  chosen(method: string, at: number): void {
    if (this.isGift || !this.statusAt(at).access) return
    if (this.isTried && at < (this.spans[0]?.end ?? 0) && this.#isOpen(at)) this.renews = true
    this.#has(method, at)
  }

  #has(method: string, at: number): void {
    this.method = method
    this.bareUntil = Math.min(this.bareUntil, at)
  }

  /** False: that period is paid already. */
  renewed(
    priceId: PriceId,
    index: number,
    { paidMinor, hasCoupon }: { paidMinor: number; hasCoupon: boolean },
  ): boolean {
    if (this.spans.some((span) => span.index === index)) return false
    this.scheduled = undefined
    this.isOverdue = false
    this.#add(priceId, paidMinor, index)
    if (hasCoupon && this.coupon) this.coupon.left -= 1
    if (this.coupon?.left === 0) this.coupon = undefined
    return true
  }

  /** At once: within the period where the interval stays, else in a new one. */
  changed(priceId: PriceId, at: number, { paidMinor, pricedAt }: { paidMinor: number; pricedAt: number }): void {
    const from = this.priceAt(at)
    const isTried = this.isTried && at < (this.spans[0]?.end ?? 0)
    const isNew = isTried || prices[priceId].months !== prices[from].months
    this.scheduled = undefined
    this.isOverdue = false
    if (isNew) {
      this.isTrial = false
      this.isTried = false
      this.#anchor = at
      this.#months = 0
      this.spans = []
      this.#add(priceId, paidMinor)
      return
    }
    // Periods that were paid ahead are credited, and gone.
    const present = this.spans.findIndex(({ end }) => at < end)
    for (const span of this.spans.splice(present + 1)) this.#months -= prices[span.priceId].months
    const last = this.spans[present]
    if (last) this.spans[present] = { ...last, priceId, paidMinor, wholeMinor: paidMinor, paidFrom: pricedAt }
  }

  /** The present period, and what is paid after it. */
  extended(until: number, now: number): void {
    const present = Math.max(
      0,
      this.spans.findIndex(({ end }) => now < end),
    )
    const at = this.spans.some(({ end }) => now < end) ? present : this.spans.length - 1
    const later = this.spans.slice(at + 1)
    const extended = this.spans[at]
    if (!extended) throw new Error('nothing to extend')
    this.spans = [...this.spans.slice(0, at), { ...extended, end: until, gift: giftOf(extended) }]
    this.isOverdue = false
    this.isTrial = false
    this.#anchor = until
    this.#months = 0
    for (const span of later) this.#add(span.priceId, span.paidMinor, span.index, span.wholeMinor)
  }

  canceled(when: string, now: number): void {
    if (!this.statusAt(now).access && this.statusAt(now).status === 'canceled') return
    if (when === 'period_end') {
      if (this.isAsked && !this.renews) return
      if (now >= this.end) this.isOverdue = true
    } else this.endedAt = now
    this.isAsked = true
    this.renews = false
    this.scheduled = undefined
  }

  /** The method that it had was forgotten; `heir` is the default that is left. With none it renews with the next default. */
  withoutMethod(id: string, heir: string | undefined, now: number): void {
    if (this.method !== id) return
    if (heir !== undefined) this.chosen(heir, now)
    else if (!this.isGift && this.statusAt(now).access) {
      this.method = undefined
      this.bareUntil = Number.POSITIVE_INFINITY
    }
  }

  /** `method`: what would be charged. */
  reactivated(method: string | undefined): void {
    if (this.endedAt === undefined && !(this.isAsked && !this.renews)) return
    if (this.endedAt !== undefined) this.isTrial = false
    this.endedAt = undefined
    this.isAsked = false
    this.renews = method !== undefined
    this.method = method
  }

  #add(priceId: PriceId, paidMinor: number, index?: number, wholeMinor = paidMinor): void {
    const start = this.spans.at(-1)?.end ?? this.#anchor
    this.#months += prices[priceId].months
    const end = Temporal.Instant.fromEpochMilliseconds(this.#anchor)
      .toZonedDateTimeISO(this.zone)
      .add({ months: this.#months }).epochMilliseconds
    this.spans.push({
      start,
      end,
      priceId,
      paidMinor,
      wholeMinor,
      paidFrom: start,
      ...(index !== undefined && { index }),
    })
  }
}

/** Given twice it is one span, from where the paid time ends. */
const giftOf = ({ start, end, paidFrom, priceId, gift }: Span): NonNullable<Span['gift']> => ({
  from: gift && paidFrom < gift.from ? gift.from : end,
  wholeMs: gift?.wholeMs ?? end - start,
  priceId,
})

/** No provider works on a charge for longer. */
export const chargeLifeMs = 30 * dayMs
export { graceMs }
export const priceOf = (id: unknown): PriceId => {
  if (typeof id === 'string' && isPrice(id)) return id
  throw new Error(`${String(id)} is no price`)
}
export const planAt = (life: Life | undefined, now: number): string =>
  life?.statusAt(now).access ? planOf(life.priceAt(now)) : 'free'
