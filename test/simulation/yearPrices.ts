import { Violation } from './world.ts'
import { type CouponCode, coupons, isCoupon, type PriceId, prices } from './yearCatalogue.ts'
import type { Life, Span } from './yearModel.ts'
import type { YearPayment } from './yearRows.ts'

/** One line of an order as the written rules have it: what it costs, and what its coupon takes off. Minor units. */
interface Line {
  kind: string
  gross: number
  off: number
}

/** `amount × left / whole`, rounded half up; never more than the amount. */
function share(amount: number, left: number, whole: number): number {
  const [part, of] = [BigInt(Math.min(Math.max(0, Math.round(left)), whole)), BigInt(whole)]
  return Number((2n * BigInt(amount) * part + of) / (2n * of))
}

function offBy(code: CouponCode | undefined, gross: number): number {
  if (code === undefined) return 0
  const coupon = coupons[code]
  return 'amountOff' in coupon ? Math.min(gross, coupon.amountOff) : share(gross, coupon.percentOff, 100)
}

const priced = (kind: string, gross: number, code: CouponCode | undefined): Line => ({
  kind,
  gross,
  off: offBy(code, gross),
})
/** Neither what is given back nor what was carried has a coupon: it had it when it was paid. */
const plain = (gross: number): Line[] => (gross === 0 ? [] : [{ kind: 'proration', gross, off: 0 }])

export const purchaseLines = (priceId: PriceId, code: CouponCode | undefined): Line[] => [
  priced('plan', prices[priceId].amount, code),
]

/** The whole price with the coupon that is carried, as long as it lasts, and what was too small to be charged before. */
export const renewalLines = (life: Life, priceId: PriceId): Line[] => [
  priced('plan', prices[priceId].amount, life.coupon?.code),
  ...carriedLines(life),
]

export const carriedLines = (life: Life | undefined): Line[] => [...(life?.carried.values() ?? [])].flatMap(plain)

/**
 * What is left of the money of the present period, and of those paid ahead, against the new price for what is left, or for
 * a period that begins now. Of a carried coupon only a percentage goes on.
 */
export function changeLines(
  life: Life,
  priceId: PriceId,
  { which, pricedAt }: { which: string; pricedAt: number },
  code: CouponCode | undefined,
): Line[] {
  const at = life.spans.findIndex(({ end }) => pricedAt < end)
  const present = life.spans[at]
  if (!present) throw new Violation(`${life.id} was changed when it was over`)
  const carried = life.coupon && 'percentOff' in coupons[life.coupon.code] ? life.coupon.code : undefined
  const { amount } = prices[priceId]
  const isPart = which === 'upgrade'
  const gross = isPart ? restOf(present, amount, pricedAt) : amount
  return [
    ...plain(-leftOf(present, pricedAt)),
    ...life.spans.slice(at + 1).flatMap(({ paidMinor }) => plain(-paidMinor)),
    priced(isPart ? 'proration' : 'plan', gross, code ?? carried),
    ...carriedLines(life),
  ]
}

/** Given time was paid for only as far as the price is above the one it was given on. */
function leftOf({ paidMinor, paidFrom, end, gift, priceId }: Span, at: number): number {
  if (!gift) return share(paidMinor, end - at, end - paidFrom)
  const { amount } = prices[priceId]
  const above = amount - prices[gift.priceId].amount
  const worth = (from: number) => amount * Math.max(0, gift.from - from) + above * (end - Math.max(from, gift.from))
  return worth(paidFrom) === 0 ? 0 : share(paidMinor, worth(Math.max(at, paidFrom)), worth(paidFrom))
}

/** What is left of a period at a price; of given time what is dearer. */
function restOf({ start, end, gift }: Span, amount: number, at: number): number {
  if (!gift) return share(amount, end - at, end - start)
  const given = prices[gift.priceId].amount * (end - Math.max(at, gift.from))
  return Math.round((amount * (end - at) - given) / gift.wholeMs)
}

/** The order of a payment has these lines and no other, overage apart; what was too small to be charged is carried whole. */
export function judgeLines(payment: YearPayment, expected: Line[]): void {
  const { id, subject, adjustments = [], amountMinor } = payment
  const told = payment.lines.filter(({ kind }) => kind !== 'overage')
  const lines = told.map((line) => ({ kind: line.kind, gross: line.count * line.unit, off: offOf(line) }))
  const away = subject.carried ? plain(-subject.carried.amountMinor) : []
  const [is, should] = [lines, [...expected, ...away]].map((all) => all.map(textOf).sort().join(', '))
  if (is !== should) throw new Violation(`${id} has the lines ${is}, expected ${should}`)
  const sums = [...payment.lines.map(({ total }) => total), ...adjustments.map((one) => one.amountMinor)]
  const due = sums.reduce((sum, each) => sum + each, 0)
  if (due !== amountMinor || due < 0) throw new Violation(`${id} asks for ${amountMinor}, its lines for ${due}`)
}

const offOf = ({ off = [] }: YearPayment['lines'][number]): number =>
  off.reduce((sum, { amountMinor }) => sum + amountMinor, 0)
export const isDiscounted = (payment: YearPayment): boolean => payment.lines.some((line) => offOf(line) > 0)

const textOf = ({ kind, gross, off }: Line): string => `${kind} ${gross}${off === 0 ? '' : ` less ${off}`}`

export const couponOf = (code: string | undefined): CouponCode | undefined =>
  code !== undefined && isCoupon(code) ? code : undefined
