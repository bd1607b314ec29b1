import { Temporal } from 'temporal-polyfill'
import { isPrice, type PriceId, planOf, prices, trialDays } from './yearCatalogue.ts'

const [hourMs, dayMs] = [3_600_000, 86_400_000]
const graceMs = 72 * hourMs

/** What is paid without a gap: one span a period, the first one perhaps a trial. Instants are epoch milliseconds. */
interface Span {
  end: number
  priceId: PriceId
  /** Of a renewal: the product's number of it. */
  index?: number
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
  isTrial = false
  isGift = false
  endedAt: number | undefined
  scheduled: PriceId | undefined
  /** When somebody last did anything to it. */
  movedAt: number
  readonly zone: string
  /** What ends are counted from, and the months from there to the end of the last span. */
  #anchor: number
  #months = 0

  constructor(id: string, at: number, zone: string, { priceId, renews }: { priceId: PriceId; renews: boolean }) {
    this.id = id
    this.zone = zone
    this.renews = renews
    this.movedAt = at
    this.#anchor = at
    this.spans = []
    this.#add(priceId)
  }

  static trial(id: string, at: number, zone: string, terms: { priceId: PriceId; renews: boolean }): Life {
    const life = new Life(id, at, zone, terms)
    life.isTrial = true
    life.#anchor = Temporal.Instant.fromEpochMilliseconds(at)
      .toZonedDateTimeISO(zone)
      .add({ days: trialDays }).epochMilliseconds
    life.#months = 0
    life.spans = [{ end: life.#anchor, priceId: terms.priceId }]
    return life
  }

  static gift(id: string, at: number, until: number, priceId: PriceId): Life {
    const life = new Life(id, at, 'UTC', { priceId, renews: false })
    life.isGift = true
    life.spans = [{ end: until, priceId }]
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

  /** False: that period is paid already. */
  renewed(priceId: PriceId, index: number): boolean {
    if (this.spans.some((span) => span.index === index)) return false
    this.scheduled = undefined
    this.isOverdue = false
    this.#add(priceId, index)
    return true
  }

  /** At once: within the period where the interval stays, else in a new one. */
  changed(priceId: PriceId, at: number, decidedAt: number): void {
    const from = this.priceAt(at)
    const isTried = this.isTrial && at < (this.spans[0]?.end ?? 0)
    const isNew = isTried || prices[priceId].months !== prices[from].months
    this.scheduled = undefined
    this.isOverdue = false
    if (isNew) {
      this.isTrial = false
      this.#anchor = decidedAt
      this.#months = 0
      this.spans = []
      this.#add(priceId)
      return
    }
    // Periods that were paid ahead are credited, and gone.
    const present = this.spans.findIndex(({ end }) => at < end)
    for (const span of this.spans.splice(present + 1)) this.#months -= prices[span.priceId].months
    const last = this.spans[present]
    if (last) this.spans[present] = { ...last, priceId }
  }

  /** The present period, and what is paid after it. */
  extended(until: number, now: number): void {
    const present = Math.max(
      0,
      this.spans.findIndex(({ end }) => now < end),
    )
    const at = this.spans.some(({ end }) => now < end) ? present : this.spans.length - 1
    const later = this.spans.slice(at + 1)
    const priceId = this.spans[at]?.priceId ?? 'lite-month'
    this.spans = [...this.spans.slice(0, at), { end: until, priceId }]
    this.isOverdue = false
    this.isTrial = false
    this.#anchor = until
    this.#months = 0
    for (const span of later) this.#add(span.priceId, span.index)
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

  reactivated(hasMethod: boolean): void {
    if (this.endedAt === undefined && !(this.isAsked && !this.renews)) return
    this.endedAt = undefined
    this.isAsked = false
    this.renews = hasMethod
  }

  #add(priceId: PriceId, index?: number): void {
    this.#months += prices[priceId].months
    const end = Temporal.Instant.fromEpochMilliseconds(this.#anchor)
      .toZonedDateTimeISO(this.zone)
      .add({ months: this.#months }).epochMilliseconds
    this.spans.push({ end, priceId, ...(index !== undefined && { index }) })
  }
}

/** No provider works on a charge for longer. */
export const chargeLifeMs = 30 * dayMs
export { graceMs }
export const priceOf = (id: unknown): PriceId => {
  if (typeof id === 'string' && isPrice(id)) return id
  throw new Error(`${String(id)} is no price`)
}
export const planAt = (life: Life | undefined, now: number): string =>
  life?.statusAt(now).access ? planOf(life.priceAt(now)) : 'free'
