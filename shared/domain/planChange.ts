import type { Coupon } from './coupon.ts'
import type { ManualDiscount } from './discount.ts'
import type { ChargeRule } from './moneyCharge.ts'
import { type DiscountedItem, type Order, priceOrder, withDue } from './order.ts'
import type { PricedChange } from './payment.ts'
import { monthsIn } from './period.ts'
import { creditLineId } from './periodMoney.ts'
import { chargeLeft, creditLeft } from './proration.ts'
import type { Subscription } from './subscription.ts'
import {
  type BoughtSubscription,
  type CarriedItem,
  daysRemaining,
  daysUntil,
  endsAtPeriodEnd,
  groundOf,
  isBought,
  paidUntil,
  statusAt,
} from './subscriptionState.ts'
import { managedDetail, mayHappen } from './subscriptionTransition.ts'
import { isSameTax, isTaxed, noTax, type TaxRule } from './tax.ts'
import type { PlanTerms } from './terms.ts'

/** What a change of plan is priced on. */
export interface ChangeContext {
  subscription: Subscription | BoughtSubscription | undefined
  /** The terms that it holds. */
  from: PlanTerms
  to: PlanTerms
  /** One that was given for this change; absent: the percentage that the subscription carries goes on. */
  coupon?: Pick<Coupon, 'code' | 'percentOff' | 'amountOff'>
  manual?: ManualDiscount
  tax: TaxRule
  /** Account credit in the price's currency, minor units. */
  creditMinor: number
  /** Of the provider that charges the currency. */
  rule: ChargeRule
}

export type ChangeWhich = PricedChange['which'] | 'downgrade'

export type ChangePlan =
  | { kind: 'refused'; detail: string }
  /** Pay `order.dueMinor` (0: nothing, it happens at once); then the plan changes. */
  | {
      kind: 'now'
      which: PricedChange['which']
      order: Order
      change: PricedChange
      /** The whole sum, too small to be charged: a line of the next order. */
      carried?: CarriedItem
      effectiveAt: number
      daysRemaining: number | null
    }
  /** Nothing to pay now, nothing given back: at the end of what is paid. */
  | { kind: 'scheduled'; which: 'downgrade'; ground: string; effectiveAt: number; daysRemaining: number }

/**
 * What a change of plan is and costs at this instant. Preview and change are this one function, so they cannot differ.
 * Everybody's own order of rounding: each line half up, then discounts, then the tax once.
 */
export function planChange(context: ChangeContext, now: number): ChangePlan {
  const { subscription, to } = context
  if (!subscription || !statusAt(subscription, now).access) return refused('There is no live subscription: buy a plan.')
  if (!isBought(subscription)) return refused('The plan was given by staff: it is not changed, but bought anew.')
  const which = whichChange(subscription, context.from, to, now)
  if (typeof which === 'object') return which
  if (which !== 'downgrade') return pricedNow(context, subscription, which, now)
  const effectiveAt = paidUntil(subscription) ?? now
  return {
    kind: 'scheduled',
    which,
    ground: groundOf(subscription),
    effectiveAt,
    daysRemaining: daysUntil(effectiveAt, now),
  }
}

type Refused = Extract<ChangePlan, { kind: 'refused' }>
const refused = (detail: string): Refused => ({ kind: 'refused', detail })

/**
 * By interval first, then by amount. An endless price is only ever left for a dearer endless one. Between two plans of one
 * price nobody has a claim on the other's credits before the period ends.
 */
export function whichChange(
  subscription: BoughtSubscription,
  from: PlanTerms,
  to: PlanTerms,
  now: number,
): ChangeWhich | Refused {
  if (subscription.managedBy) return refused(managedDetail)
  const { status } = statusAt(subscription, now)
  if (!mayHappen('upgrade_paid', status)) return refused(`The subscription is ${status}: pay for it first.`)
  if (to.priceId === subscription.priceId) return refused('The subscription has this price.')
  if (to.amount === 0) return refused('A free plan is not bought: cancel.')
  if (to.currency !== subscription.currency) return refused(`The subscription is paid in ${subscription.currency}.`)
  const which = byInterval(from, to)
  // It would wait for a period that is not to come.
  return which === 'downgrade' && endsAtPeriodEnd(subscription) ? refused(endingDetail) : which
}

/** What is said of a change that would begin after the end that somebody asked for. */
export const endingDetail = 'The subscription ends with its period: reactivate it first.'

function byInterval(from: PlanTerms, to: PlanTerms): ChangeWhich | Refused {
  const present = monthsIn(from.interval)
  const next = monthsIn(to.interval)
  if (present === null) {
    if (next === null && to.amount > from.amount) return 'other_interval'
    return refused('A plan without an end is changed for a dearer one without an end only.')
  }
  if (next === null || next > present) return 'other_interval'
  if (next < present) return 'downgrade'
  return to.amount > from.amount ? 'upgrade' : 'downgrade'
}

function pricedNow(
  context: ChangeContext,
  subscription: BoughtSubscription,
  asked: PricedChange['which'],
  now: number,
): ChangePlan {
  // A trial has no paid time to share: whoever leaves it for a dearer plan begins that one.
  const isTrial = subscription.status === 'trialing' || subscription.trial === true
  const which = isTrial ? 'other_interval' : asked
  const charge = chargeItem(context, subscription, which, now)
  const items = [
    ...creditItems(context.from, subscription, now),
    charge,
    ...(subscription.carried ?? []).map(carriedLine),
  ]
  const coupon = context.coupon ?? carriedPercent(subscription)
  const priced = priceOrder(items, {
    currency: subscription.currency,
    ...(coupon && { coupon }),
    tax: context.tax,
  })
  const { order, surplusMinor, carried } = settledOrder(context, items, priced, coupon, now)
  const line = order.lines.find(({ id }) => id === charge.item.id)
  return {
    kind: 'now',
    which,
    order,
    change: {
      which,
      ground: groundOf(subscription),
      pricedAt: now,
      chargeMinor: line?.netMinor ?? 0,
      surplusMinor,
      ...(isTaxed(context.tax) && { tax: context.tax }),
    },
    ...(carried && { carried }),
    effectiveAt: now,
    daysRemaining: daysRemaining(subscription, now),
  }
}

/** A fixed amount is for a whole price: it comes off renewals, never off a part of a period again. */
const carriedPercent = ({ coupon }: BoughtSubscription): ChangeContext['coupon'] =>
  coupon?.percentOff === undefined ? undefined : { code: coupon.code, percentOff: coupon.percentOff }

function chargeItem(
  { to, manual }: ChangeContext,
  subscription: BoughtSubscription,
  which: PricedChange['which'],
  now: number,
): DiscountedItem {
  const isPart = which === 'upgrade'
  return {
    item: {
      kind: isPart ? 'proration' : 'plan',
      id: to.priceId,
      description: isPart ? `${to.name}, rest of the period` : to.name,
      quantity: 1,
      unitAmountMinor: isPart ? chargeLeft(subscription, to.amount, now) : to.amount,
    },
    ...(manual && { manual }),
  }
}

/**
 * The present period's money, and that of periods paid ahead: none of them begins under the old plan any more. Each is
 * credited with the tax that was paid on it, wherever the account is billed by now.
 */
function creditItems(from: Pick<PlanTerms, 'name'>, subscription: BoughtSubscription, now: number): DiscountedItem[] {
  const present = { ...subscription, paidMinor: creditLeft(subscription, now) }
  return [present, ...(subscription.ahead ?? [])].flatMap(({ paidMinor, tax = noTax }, index) =>
    paidMinor === 0
      ? []
      : [
          {
            ...credited(
              creditLineId(subscription.periodIndex + index),
              index === 0 ? `${from.name}, unused time` : `${from.name}, paid ahead`,
              paidMinor,
            ),
            tax,
          },
        ],
  )
}

/** What the money of a subscription is worth that ends here, with its tax: what a change to nothing would leave over. */
export function creditWorth(subscription: BoughtSubscription, now: number): number {
  const items = creditItems({ name: subscription.planId }, subscription, now)
  if (items.length === 0) return 0
  return -priceOrder(items, { currency: subscription.currency, tax: noTax }).totalMinor
}

const credited = (id: string, description: string, amountMinor: number): DiscountedItem => ({
  item: { kind: 'proration', id, description, quantity: 1, unitAmountMinor: -amountMinor },
  withoutCoupon: true,
})

/** What an earlier order left: it had its discounts then, and maybe its tax. */
export const carriedLine = ({ kind, id, description, amountMinor, taxed }: CarriedItem): DiscountedItem => ({
  item: { kind, id, description, quantity: 1, unitAmountMinor: amountMinor },
  withoutCoupon: true,
  ...(taxed && { tax: noTax }),
})

/** A surplus is kept as account credit; a rest too small to be charged is a line of the next order. */
function settledOrder(
  { creditMinor, rule, tax }: ChangeContext,
  items: DiscountedItem[],
  priced: Order,
  coupon: ChangeContext['coupon'],
  now: number,
): { order: Order; surplusMinor: number; carried?: CarriedItem } {
  const { totalMinor } = priced
  if (totalMinor < 0) return { order: withSurplus(priced), surplusMinor: -totalMinor }
  const order = withDue(priced, creditMinor, rule)
  return order ? { order, surplusMinor: 0 } : { ...carriedOver(items, priced, { tax, coupon }, now), surplusMinor: 0 }
}

/** What the buyer has over is an adjustment above zero: nothing is due, and the document adds up. */
const withSurplus = (order: Order): Order => ({
  ...order,
  adjustments: [{ kind: 'account_credit', amountMinor: -order.totalMinor }],
  dueMinor: 0,
})

/**
 * The order whose whole sum goes to the next one: it comes to nothing, tax included, which is taxed there with its line.
 * Of several rates each is stated here, once, and what is left of it all goes on without tax.
 */
export function carriedOver(
  items: readonly DiscountedItem[],
  { lines, currency, totalMinor }: Order,
  { tax, coupon }: { tax: TaxRule; coupon: ChangeContext['coupon'] },
  now: number,
): { order: Order; carried: CarriedItem } {
  const taxed = items.some((item) => item.tax && !isSameTax(item.tax, tax))
  const amountMinor = taxed ? totalMinor : lines.reduce((sum, { netMinor }) => sum + netMinor, 0)
  const id = `carry:${now}`
  const away = { ...credited(id, 'Carried to the next invoice', amountMinor), ...(taxed && { tax: noTax }) }
  return {
    order: priceOrder([...items, away], { currency, ...(coupon && { coupon }), tax }),
    carried: {
      kind: 'proration',
      id,
      description: 'Carried from an earlier invoice',
      amountMinor,
      ...(taxed && { taxed }),
    },
  }
}
