import type { CarriedCoupon } from './coupon.ts'
import type { PaymentProvider } from './moneyCharge.ts'
import type { OrderItem } from './order.ts'
import type { RenewalMethod } from './paymentMethod.ts'
import { monthsIn, periodEnd } from './period.ts'
import { isLive, type Subscription, type SubscriptionStatus } from './subscription.ts'
import type { TaxRule } from './tax.ts'
import type { Interval } from './terms.ts'
import { dayMs, hourMs } from './zone.ts'

/** A plan at a price, as a version of the catalogue has it: its terms are read from there. */
export interface PlanReference {
  planId: string
  priceId: string
  catalogueVersion: number
  interval: Interval
}

/** A period that is paid for and has not begun: renewed by hand, or charged ahead of the present one's end. */
export interface PaidAhead {
  paymentId: string
  paidMinor: number
  /** What of the payment's money is here still, as it was charged; absent: all. */
  hereMinor?: number
  /** That its price was taxed with; absent: none. */
  tax?: TaxRule
  /** It begins under another plan: a scheduled change that was paid with it. */
  plan?: PlanReference
}

/** Money of an earlier payment that a change credited into what the present period is paid with. Minor units, before tax on top. */
export interface CreditedMoney {
  paymentId: string
  /** At the change. */
  creditedMinor: number
  /** What of the payment's money was here then, as it was charged; absent: all. */
  foundMinor?: number
  /** Of `creditedMinor` what is here still. */
  paidMinor: number
  /** What of `foundMinor` is here still; absent: all of it. */
  hereMinor?: number
}

/** What a subscription owes and could not be charged alone: a line of the next order. `amountMinor` may be below zero. */
export interface CarriedItem extends Pick<OrderItem, 'kind' | 'id' | 'description'> {
  /** Before tax, after discounts. */
  amountMinor: number
  /** Its tax is on the invoice that it comes from: it is what is owed, whole. */
  taxed?: true
}

/** A charge of a saved method that the provider works on: at most one at a time. */
export interface PendingCharge {
  paymentId: string
  startedAt: number
  /** What it pays, where that is a period. */
  renews?: { priceId: string; periodIndex: number }
  /** A customer asked for it, who is told what came of it: one that fails is no missed renewal, and is not tried again. */
  byHand?: true
  /** When its payment was last looked at; absent: not yet. */
  checkedAt?: number
  /** Its provider has said that it failed: it is looked at at once. */
  heard?: true
  /** The provider has accepted it, by its own word, and will tell: access lasts until then. */
  processing?: boolean
  /** The subscription was cancelled or changed meanwhile: the money goes back when it comes in. */
  refund?: boolean
}

/** Charges of the next period that failed. */
export interface Retry {
  failed: number
  /** Null: none is tried by itself, unless with another method. */
  nextAt: number | null
  /** Mandates that were debited for it: once a cycle each. */
  debited?: string[]
}

/** Time that staff gave at the end of the present period: nobody paid for it, and it is no credit. */
export interface GivenTime {
  /** Where the time ends that was paid for; what is given lasts until `periodEnd`. */
  from: number
  /** How long the period is that the price is for. */
  wholeMs: number
  /** The price of the plan that it was given on: so much of an upgrade's price is given there, too. Minor units. */
  amountMinor: number
  /** The price of the plan that it has now. */
  presentMinor: number
}

/** Use beyond the plan that a subscription which is over may still owe. */
export interface FinalOverage {
  /** When it is looked at next; null: nothing is tried by itself any more, it waits for the next order. */
  at: number | null
  /** It is being charged with this payment. */
  paymentId?: string
  /** Charges that came to nothing. */
  failed?: number
}

/** What a provider says of a subscription that it renews. At one instant the later in this list counts: what is nearer to money. */
export const providerStates = ['past_due', 'paused', 'active', 'ended'] as const
export type ProviderState = (typeof providerStates)[number]

/** The last of it that was followed. Times are the provider's own, else those of receipt: they compare with each other alone. */
export interface ProviderWord {
  state: ProviderState
  at: number
  /** Whether it is to end with its period. */
  ends?: { asked: boolean; at: number }
}

/** A subscription that was paid for: what renewals, changes and refunds need beside its state. */
export interface BoughtSubscription extends Subscription {
  interval: Interval
  currency: string
  /** Where the period `firstIndex` begins, and the zone that ends are counted in. */
  anchor: number
  zone: string
  /** Grows by one with every period and never again names another: charges are named by it. */
  periodIndex: number
  /** The period that begins at the anchor; absent: 0. Below zero where a shorter interval goes on from an old anchor. */
  firstIndex?: number
  /** What was paid for the time from `paidFrom` to `periodEnd`, after discounts, before tax on top: the ground of every proration. Minor units. */
  paidMinor: number
  /** Absent: `periodStart`. A change within the period moves it. */
  paidFrom?: number
  given?: GivenTime
  /** The payment of the present period, or of the change within it. */
  paymentId: string
  /** What of its money is here still, as it was charged; absent: all. */
  hereMinor?: number
  /** Whose money is in `paidMinor` beside that payment's own. */
  earlier?: CreditedMoney[]
  /** What was paid was taxed with it, and so is what is credited of it; absent: with none. */
  tax?: TaxRule
  /** False: it ends with what is paid. */
  autoRenew: boolean
  coupon?: CarriedCoupon
  /** Somebody asked for its end: now, or with the period while it is live. */
  canceledAt?: number
  cancelReason?: string
  /** What renewals charge; absent: the account's default method, as long as nothing was charged. */
  method?: RenewalMethod
  /** Waits for the end of what is paid. `at`: when it was asked for. */
  scheduledChange?: PlanReference & { at: number }
  /** Oldest first, at most `maxAhead`. */
  ahead?: PaidAhead[]
  retry?: Retry
  pendingCharge?: PendingCharge
  /** Grace is longer: its provider could not be asked for the first charge of the period. */
  graceUntil?: number
  /** From its end until nothing is owed for it any more. */
  finalOverage?: FinalOverage
  /** All of them are on the next order, whatever it is for. */
  carried?: CarriedItem[]
  /** Reminders up to this instant were sent or passed over. */
  remindedUntil?: number
  /** Its money went back: it cannot be taken up again. */
  refunded?: boolean
  /** Staff gave a plan in its place, and what was left of its money became account credit: it cannot be taken up again. */
  replaced?: boolean
  /** Since when its account is suspended: nothing is charged, no grace runs and nothing expires until that is lifted. */
  pausedAt?: number
  /** Nothing was paid for the present period: it is tried. */
  trial?: boolean
  /** The provider renews it (imported): period and state follow the provider, and nothing here charges it. */
  managedBy?: 'provider'
  provider?: PaymentProvider
  providerSubscriptionId?: string
  gatewayCustomerId?: string
  /** Absent: nothing was heard since it was brought over. */
  heard?: ProviderWord
}

/** Paid for, not given by staff. */
export const isBought = (subscription: Subscription): subscription is BoughtSubscription => !subscription.complimentary

/** From `currentPeriodEnd` a subscription that renews itself keeps access for as long as retries run. */
export const graceMs = 72 * hourMs
/** At most, where no charge has reached its provider: nothing was tried, which is not the customer's doing. */
export const longestGraceMs = 2 * graceMs
/** A charge that is under way keeps access, but no provider works on one for longer. */
export const chargeLifeMs = 30 * dayMs
/** A cancelled subscription may be taken up again for so long. */
export const reactivationMs = 30 * dayMs
/** Periods paid ahead: a subscription is one item. */
export const maxAhead = 12

/** The end of a period of this subscription; null: it has none. */
export const endOfPeriod = (
  { anchor, interval, zone, firstIndex = 0 }: BoughtSubscription,
  periodIndex: number,
): number | null => periodEnd(anchor, interval, zone, periodIndex - firstIndex)

/** The index of the period that the next renewal pays for. */
export const nextUnpaid = ({ periodIndex, ahead = [] }: BoughtSubscription): number => periodIndex + ahead.length + 1

/** The end of what is paid, periods ahead included; null: it has no end. */
export function paidUntil(subscription: BoughtSubscription): number | null {
  const { ahead = [] } = subscription
  if (ahead.length === 0) return subscription.periodEnd
  let last = subscription
  while (last.ahead?.length) last = periodAfter(last)
  return last.periodEnd
}

/** Somebody asked for its end, and it has not come yet. */
export const endsAtPeriodEnd = (subscription: Subscription): boolean =>
  isLive(subscription) && isBought(subscription) && !subscription.autoRenew && subscription.canceledAt !== undefined

/** It stands still with its account. What somebody asked to end ends all the same, and a provider's own goes by its word. */
export const isPaused = (subscription: Subscription): boolean =>
  isLive(subscription) &&
  isBought(subscription) &&
  subscription.pausedAt !== undefined &&
  !subscription.managedBy &&
  !endsAtPeriodEnd(subscription)

/**
 * What stood still, as it goes on from an instant. A period that was over by then ends now: nobody is charged for time in
 * which there was no access, and renewal, retries and grace count from here. Periods that are paid have gone by.
 */
export function stretched(subscription: BoughtSubscription, now: number): BoughtSubscription {
  const present = presentPeriod(subscription, now)
  const { periodEnd: end, periodIndex, retry, method } = present
  if (!isPaused(subscription) || end === null || end > now) return present
  // A mandate's one debit of the cycle was made: nothing is tried by itself.
  const isTriedAgain = retry && !(retry.nextAt === null && method?.mandate)
  return {
    ...present,
    periodEnd: now,
    anchor: now,
    firstIndex: periodIndex + 1,
    ...(isTriedAgain && { retry: { ...retry, nextAt: now } }),
  }
}

/** The subscription in the first period that is paid ahead. @throws RangeError when there is none: a defect. */
export function periodAfter(subscription: BoughtSubscription): BoughtSubscription {
  const { ahead: [first, ...later] = [], periodEnd: start } = subscription
  const {
    paidFrom: _from,
    given: _given,
    ahead: _ahead,
    trial: _trial,
    earlier: _earlier,
    hereMinor: _here,
    tax: _tax,
    ...rest
  } = subscription
  if (!first || start === null) throw new RangeError('no period is paid ahead')
  const { plan, ...money } = first
  const next = { ...rest, ...(plan && underPlan(subscription, plan)), periodIndex: subscription.periodIndex + 1 }
  return {
    ...next,
    status: 'active',
    periodStart: start,
    periodEnd: endOfPeriod(next, next.periodIndex),
    ...money,
    ...(later.length > 0 && { ahead: later }),
  }
}

/**
 * The subscription in the period that holds an instant, as far as periods are paid ahead and whether or not a job has run.
 * What is over stays in the period in which it ended.
 */
export function presentPeriod(subscription: BoughtSubscription, now: number): BoughtSubscription {
  let present = subscription
  while (isLive(present) && present.ahead?.length && present.periodEnd !== null && present.periodEnd <= now)
    present = periodAfter(present)
  return present
}

/**
 * The ends of the periods that are paid ahead, as far as they are of the present plan: with another plan's period that plan's
 * terms begin, which a job brings.
 */
export function paidAheadEnds(subscription: BoughtSubscription): number[] {
  const ends: number[] = []
  for (let last = subscription; last.ahead?.[0] && !last.ahead[0].plan; ) {
    last = periodAfter(last)
    if (last.periodEnd !== null) ends.push(last.periodEnd)
  }
  return ends
}

/**
 * The plan of the next period. A shorter interval divides the longer one, so it goes on counting from the same anchor
 * and keeps its day; a longer one begins a count of its own.
 */
function underPlan(
  { anchor, interval, firstIndex = 0, periodIndex, periodEnd: start }: BoughtSubscription,
  { planId, priceId, catalogueVersion, interval: next }: PlanReference,
): Partial<BoughtSubscription> {
  const plan = { planId, priceId, catalogueVersion, interval: next }
  const from = monthsIn(interval)
  const to = monthsIn(next)
  if (from === to) return plan
  const months = (periodIndex + 1 - firstIndex) * (from ?? 0)
  if (to !== null && months % to === 0) return { ...plan, anchor, firstIndex: periodIndex + 1 - months / to }
  return { ...plan, anchor: start ?? anchor, firstIndex: periodIndex + 1 }
}

/** The instant at which access ends, grace included; null: it does not end by itself, or not while it stands still. Judged while it is live. */
export function accessEndOf(subscription: Subscription): number | null {
  if (!isBought(subscription)) return subscription.periodEnd
  if (isPaused(subscription)) return null
  const end = paidUntil(subscription)
  if (end === null) return null
  const { pendingCharge } = subscription
  const regular = hasGrace(subscription) ? Math.max(end + graceMs, subscription.graceUntil ?? end) : end
  if (!pendingCharge?.processing || pendingCharge.refund) return regular
  return Math.max(regular, pendingCharge.startedAt + chargeLifeMs)
}

/** One that its provider renews waits for the provider's word, unless that was the last. */
const hasGrace = ({ autoRenew, status, managedBy, heard }: BoughtSubscription): boolean =>
  managedBy ? heard?.state !== 'ended' : autoRenew || status === 'past_due'

export interface StatusAt {
  status: SubscriptionStatus
  /** The plan counts. */
  access: boolean
}

/**
 * Status and access at an instant, whether or not any job has run. From the end of what is paid on it is overdue where
 * it renews itself, and over where it does not; at the end of grace it is over. What was asked to end is `canceled`.
 */
export function statusAt(subscription: Subscription, now: number): StatusAt {
  const { status } = subscription
  if (!isLive(subscription)) return { status, access: false }
  const end = isBought(subscription) ? paidUntil(subscription) : subscription.periodEnd
  if (end === null || now < end) return { status, access: true }
  const accessEnd = accessEndOf(subscription)
  if (accessEnd === null || now < accessEnd) return { status: 'past_due', access: true }
  const asked = isBought(subscription) && !subscription.autoRenew && subscription.canceledAt !== undefined
  return { status: asked ? 'canceled' : 'expired', access: false }
}

/** Whole days that are still paid, begun ones counted; null: without end. 0 once it is over. */
export function daysRemaining(subscription: Subscription, now: number): number | null {
  const end = isBought(subscription) ? paidUntil(subscription) : subscription.periodEnd
  return end === null ? null : isLive(subscription) ? daysUntil(end, now) : 0
}

export const daysUntil = (end: number, now: number): number => Math.max(0, Math.ceil((end - now) / dayMs))

/** Names the state that a change was priced on: another one by the time it is paid means that it was overtaken. */
export const groundOf = ({
  priceId,
  periodIndex,
  paidFrom,
  periodStart,
  periodEnd: end,
  paidMinor,
  ahead,
}: BoughtSubscription): string =>
  [priceId, periodIndex, paidFrom ?? periodStart, end ?? '', paidMinor, ahead?.length ?? 0].join('#')
