import type { Coupon } from './coupon.ts'
import type { ChargeRule } from './moneyCharge.ts'
import { type DiscountedItem, type Order, priceOrder, withDue } from './order.ts'
import type { Payment, PaymentSubject } from './payment.ts'
import { carriedLine, carriedOver } from './planChange.ts'
import {
  type BoughtSubscription,
  type CarriedItem,
  nextUnpaid,
  type PendingCharge,
  type PlanReference,
  statusAt,
} from './subscriptionState.ts'
import { managedDetail } from './subscriptionTransition.ts'
import type { TaxRule } from './tax.ts'
import type { PlanTerms } from './terms.ts'

/** A closed window's overage, priced by usage: `excess × unitAmount`, rounded half up once, on the total. */
export interface OverageItem {
  feature: string
  windowId: string
  /** Units beyond the limit. */
  quantity: number
  amountMinor: number
  /** The feature's and its unit's names. */
  name: string
}

export interface RenewalContext {
  subscription: BoughtSubscription
  /** Of the next period: the subscription's own, or those of its scheduled change. Null: overage alone, after the last period. */
  terms: PlanTerms | null
  /** Closed and not billed yet: of a charge that starts ahead of the period's end, what was over by then. */
  overage: readonly OverageItem[]
  tax: TaxRule
  /** Account credit in the subscription's currency, minor units. */
  creditMinor: number
  rule: ChargeRule
}

export interface PricedRenewal {
  /** `dueMinor` 0: nothing to pay, it renews at once. */
  order: Order
  /** The whole sum, too small to be charged: a line of the next order. */
  carried?: CarriedItem
}

/**
 * What the next period costs: the plan with the coupon that is carried, overage and what was carried over, neither with
 * a discount. Undefined: there is nothing to ask for.
 */
export function renewalOrder(context: RenewalContext, now: number): PricedRenewal | undefined {
  const { subscription, terms, tax, creditMinor, rule } = context
  const items = renewalItems(context)
  if (items.length === 0) return undefined
  const coupon: Pick<Coupon, 'code' | 'percentOff' | 'amountOff'> | undefined = terms ? subscription.coupon : undefined
  const priced = priceOrder(items, { currency: subscription.currency, ...(coupon && { coupon }), tax })
  const order = withDue(priced, creditMinor, rule)
  return order ? { order } : carriedOver(items, priced, { tax, coupon }, now)
}

function renewalItems({ subscription, terms, overage }: RenewalContext): DiscountedItem[] {
  return [
    ...(terms ? [planItem(terms)] : []),
    ...overage.filter(({ amountMinor }) => amountMinor > 0).map(overageLine),
    ...(subscription.carried ?? []).map(carriedLine),
  ]
}

const planItem = ({ priceId, name, amount }: PlanTerms): DiscountedItem => ({
  item: { kind: 'plan', id: priceId, description: name, quantity: 1, unitAmountMinor: amount },
})

/** One line a window: its amount was rounded on the total, so it is not a product of units any more. */
const overageLine = ({ feature, windowId, quantity, amountMinor, name }: OverageItem): DiscountedItem => ({
  item: {
    kind: 'overage',
    id: `overage:${feature}:${windowId}`,
    description: `${name}: ${quantity} beyond the plan`,
    quantity: 1,
    unitAmountMinor: amountMinor,
  },
  withoutCoupon: true,
})

/** The plan of the next period: that of the last one that is paid, unless a change waits for its end. */
export function nextPlan({ scheduledChange, ahead = [], ...present }: BoughtSubscription): PlanReference {
  const last = ahead.findLast(({ plan }) => plan)?.plan ?? present
  const { planId, priceId, catalogueVersion, interval } = scheduledChange ?? last
  return { planId, priceId, catalogueVersion, interval }
}

/** The period that a payment pays, where it pays one. */
export function renewedBy({ type, subject }: Pick<Payment, 'type' | 'subject'>): Pick<PendingCharge, 'renews'> {
  if (type !== 'renewal' || subject.kind !== 'subscription') return {}
  return { renews: { priceId: subject.priceId, periodIndex: subject.periodIndex } }
}

/** Whether the charge under way pays another period than comes next, or another price than it has by now. */
export function isForOther(subscription: BoughtSubscription, { renews }: Pick<PendingCharge, 'renews'>): boolean {
  if (!renews) return false
  return renews.priceId !== nextPlan(subscription).priceId || renews.periodIndex !== nextUnpaid(subscription)
}

/** What the payment of the next period is for. */
export function renewalSubject(subscription: BoughtSubscription, carried?: CarriedItem): PaymentSubject {
  const { planId, priceId } = nextPlan(subscription)
  return {
    kind: 'subscription',
    subscriptionId: subscription.id,
    planId,
    priceId,
    periodIndex: nextUnpaid(subscription),
    ...(carried && { carried }),
  }
}

/**
 * Names a renewal's charge: guard, payment and the provider's key are made from it, so a crash or a second delivery never
 * charges twice. A retry after a decline is another attempt, under a name of its own.
 */
export const renewalName = (subscriptionId: string, periodIndex: number, failed = 0): string =>
  failed === 0 ? `renew:${subscriptionId}:${periodIndex}` : `renew:${subscriptionId}:${periodIndex}:${failed}`

export type ManualRenewal =
  /** Pays the next period, at the end of what is paid. */
  | { kind: 'renewal'; subject: PaymentSubject; plan: PlanReference }
  /** What there was is over: it is bought anew, from now. */
  | { kind: 'purchase'; priceId: string }
  | { kind: 'refused'; code: 'conflict' | 'not_found'; detail: string }

/** A renewal by hand: also before the period is over, or to settle one that is overdue. */
export function planManualRenewal(
  subscription: BoughtSubscription | undefined,
  asked: { priceId?: string; maxAhead: number },
  now: number,
): ManualRenewal {
  if (!subscription)
    return asked.priceId === undefined
      ? { kind: 'refused', code: 'not_found', detail: 'There is no subscription to renew.' }
      : { kind: 'purchase', priceId: asked.priceId }
  if (!statusAt(subscription, now).access) return { kind: 'purchase', priceId: asked.priceId ?? subscription.priceId }
  const plan = nextPlan(subscription)
  const fault = manualFault(subscription, plan, asked)
  if (fault !== undefined) return { kind: 'refused', code: 'conflict', detail: fault }
  return { kind: 'renewal', subject: renewalSubject(subscription), plan }
}

function manualFault(
  { periodEnd, managedBy, pendingCharge, ahead = [] }: BoughtSubscription,
  { priceId }: PlanReference,
  asked: { priceId?: string; maxAhead: number },
): string | undefined {
  if (managedBy) return managedDetail
  if (periodEnd === null) return 'The plan has no end.'
  if (pendingCharge) return 'A renewal is being charged.'
  if (asked.priceId !== undefined && asked.priceId !== priceId) return 'The subscription has another price: change it.'
  return ahead.length >= asked.maxAhead ? `${asked.maxAhead} periods are paid ahead.` : undefined
}

/** What is carried after an order: what it did not have on it, and what it was too small for. */
export function carriedAfter(
  { carried = [] }: BoughtSubscription,
  { order, subject }: Pick<Payment, 'order' | 'subject'>,
): CarriedItem[] {
  const left = carried.filter(({ id }) => !order.lines.some((line) => line.id === id))
  return subject.kind === 'subscription' && subject.carried ? [...left, subject.carried] : left
}
