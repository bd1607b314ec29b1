import type { OrderLine } from './order.ts'
import { spreadAmount } from './orderSpread.ts'
import type { Payment } from './payment.ts'
import { lostMinorOf } from './paymentState.ts'
import type { BoughtSubscription, CreditedMoney, PaidAhead } from './subscriptionState.ts'
import type { TaxRule } from './tax.ts'

/**
 * Whose money the present period is paid with. A change credits what is left of the old plan's money into the new one's, so
 * a period may be paid by several payments, and each of them may still go back: in part, in full, or by a dispute.
 */

/** What a payment brings for its plan: before tax that comes on top, which prorations are taxed with as lines of their own. */
export const planMoney = (
  payment: Pick<Payment, 'id' | 'order' | 'subject'>,
): Pick<PaidAhead, 'paymentId' | 'paidMinor' | 'tax'> => ({
  paymentId: payment.id,
  paidMinor: planMinorOf(payment),
  ...planTax(payment),
})

/** The tax that came on, or in, what a payment brought for its plan; absent: none. */
function planTax({ subject, order }: Pick<Payment, 'subject' | 'order'>): { tax?: TaxRule } {
  if (subject.kind === 'subscription' && subject.change) return subject.change.tax ? { tax: subject.change.tax } : {}
  const [rule] = order.taxes
  return rule ? { tax: { name: rule.name, rate: rule.rate, inclusive: rule.inclusive } } : {}
}

/**
 * The present period's money after a change: the new plan's price, as far as it goes from what the old money was credited
 * with, in the shares that it had in that; the rest from the change's own payment. The shares are those of what was paid,
 * tax included: each payment's part is worth what it brought, also where the credit was taxed otherwise than the price.
 */
export function changedMoney(
  before: BoughtSubscription,
  payment: Pick<Payment, 'id' | 'order' | 'subject'>,
): Pick<BoughtSubscription, 'paidMinor' | 'paymentId' | 'earlier' | 'tax'> {
  const { lines } = payment.order
  const money = planMoney(payment)
  const found = foundIn(before, lines)
  const worth = found.map(({ worthMinor }) => worthMinor)
  const priceMinor = lines.find(({ id }) => id === priceIdOf(payment))?.totalMinor ?? 0
  const weights = [...worth, Math.max(0, priceMinor - total(worth))]
  const parts = total(weights) > 0 ? spreadAmount(money.paidMinor, weights) : []
  const earlier = found
    .map((one, index) => credited(one, parts[index] ?? 0))
    .filter(({ creditedMinor }) => creditedMinor > 0)
  return { ...money, ...(earlier.length > 0 && { earlier }) }
}

const priceIdOf = ({ subject }: Pick<Payment, 'subject'>): string | undefined =>
  subject.kind === 'subscription' ? subject.priceId : undefined

/** Money as a change finds it. `worthMinor`: of the credits on its order, tax included. */
interface Found extends Pick<CreditedMoney, 'paymentId' | 'foundMinor' | 'hereMinor'> {
  worthMinor: number
}

function foundIn(before: BoughtSubscription, lines: readonly OrderLine[]): Found[] {
  const { periodIndex, ahead = [], earlier = [] } = before
  const creditOf = (index: number) => -(lines.find(({ id }) => id === creditLineId(index))?.totalMinor ?? 0)
  const ownMinor = before.paidMinor - total(earlier.map(({ paidMinor }) => paidMinor))
  const present = [{ ...before, paidMinor: ownMinor }, ...earlier]
  const presentMinor = creditOf(periodIndex)
  const parts =
    presentMinor === 0
      ? []
      : spreadAmount(
          presentMinor,
          present.map(({ paidMinor }) => paidMinor),
        )
  return [
    ...present.map((one, index) => ({ ...one, worthMinor: parts[index] ?? 0 })),
    ...ahead.map((one, index) => ({ ...one, worthMinor: creditOf(periodIndex + 1 + index) })),
  ]
}

/** Names the line of a period's credit on the order of a change. */
export const creditLineId = (periodIndex: number): string => `credit:${periodIndex}`

function credited({ paymentId, foundMinor, hereMinor = foundMinor }: Found, creditedMinor: number): CreditedMoney {
  const found = hereMinor === undefined ? {} : { foundMinor: hereMinor }
  return { paymentId, creditedMinor, paidMinor: creditedMinor, ...found }
}

/**
 * The subscription with what is left of the money that a payment brought: for the present period, by the change that
 * credited it there, or for a period ahead. The same object where nothing of it has moved.
 */
export function grounded(subscription: BoughtSubscription, payment: Payment): BoughtSubscription {
  const { earlier = [], ahead = [] } = subscription
  if (subscription.paymentId === payment.id) return withOwn(subscription, payment)
  const before = earlier.find(({ paymentId }) => paymentId === payment.id)
  if (before) return withEarlier(subscription, before, payment)
  const seen = ahead.find(({ paymentId }) => paymentId === payment.id)
  if (!seen) return subscription
  const { hereMinor: _before, ...rest } = seen
  const next = { ...rest, ...leftOf(payment, planMinorOf(payment)) }
  return isSameMoney(next, seen)
    ? subscription
    : { ...subscription, ahead: ahead.map((one) => (one === seen ? next : one)) }
}

function withOwn(subscription: BoughtSubscription, payment: Payment): BoughtSubscription {
  const { hereMinor: _before, ...rest } = subscription
  const { earlier = [] } = subscription
  const whole = planMinorOf(payment) - total(earlier.map(({ creditedMinor }) => creditedMinor))
  const own = leftOf(payment, whole)
  const next = { ...rest, ...own, paidMinor: own.paidMinor + total(earlier.map((one) => one.paidMinor)) }
  return isSameMoney(next, subscription) ? subscription : next
}

const isSameMoney = (
  one: Pick<PaidAhead, 'paidMinor' | 'hereMinor'>,
  other: Pick<PaidAhead, 'paidMinor' | 'hereMinor'>,
): boolean => one.paidMinor === other.paidMinor && one.hereMinor === other.hereMinor

/** What came back of it later than the change is no more than the change found of it: the rest was never credited. */
function withEarlier(subscription: BoughtSubscription, before: CreditedMoney, payment: Payment): BoughtSubscription {
  const { hereMinor: _before, ...rest } = before
  const found = before.foundMinor ?? payment.amountMinor
  const here = Math.min(hereOf(payment), found)
  const paidMinor = shareOfHere(before.creditedMinor, here, found)
  const next: CreditedMoney = { ...rest, paidMinor, ...(here < found && { hereMinor: here }) }
  if (isSameMoney(next, before)) return subscription
  return {
    ...subscription,
    paidMinor: subscription.paidMinor + paidMinor - before.paidMinor,
    earlier: (subscription.earlier ?? []).map((one) => (one === before ? next : one)),
  }
}

/** Always from the whole, so that parts take all of it in the end and never more, and what comes back is what went. */
function leftOf(payment: Payment, wholeMinor: number): Pick<PaidAhead, 'paidMinor' | 'hereMinor'> {
  const here = hereOf(payment)
  const paidMinor = shareOfHere(wholeMinor, here, payment.amountMinor)
  return { paidMinor, ...(here < payment.amountMinor && { hereMinor: here }) }
}

const shareOfHere = (amountMinor: number, here: number, of: number): number =>
  of === 0 ? 0 : Number((BigInt(amountMinor) * BigInt(here)) / BigInt(of))

/** Of what was charged: neither refunded nor lost in a dispute. */
const hereOf = (payment: Payment): number =>
  Math.max(0, payment.amountMinor - payment.reversedMinor - lostMinorOf(payment))

/** Of a change what the new plan costs for its time, else the plan's own lines: overage is no ground of a proration. */
function planMinorOf({ subject, order }: Pick<Payment, 'subject' | 'order'>): number {
  if (subject.kind === 'subscription' && subject.change) return subject.change.chargeMinor
  const lines =
    subject.kind === 'subscription' ? order.lines.filter((line) => isOf(line, subject.priceId)) : order.lines
  return total(lines.map(({ netMinor }) => netMinor))
}

const isOf = ({ kind, id }: OrderLine, priceId: string): boolean => kind === 'plan' && id === priceId

const total = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0)
