import { isLive, type Subscription } from './subscription.ts'
import {
  accessEndOf,
  type BoughtSubscription,
  graceMs,
  isBought,
  isPaused,
  nextUnpaid,
  type PendingCharge,
  type PlanReference,
  paidUntil,
  periodAfter,
  statusAt,
} from './subscriptionState.ts'
import { dayMs, hourMs, minuteMs } from './zone.ts'

/**
 * Something a subscription waits for. Each is decided again when it is done, on the state read then: done twice, late, or
 * by two at once it has one effect.
 */
export type DueAction = { at: number } & (
  | { kind: 'end' }
  /** A period that is paid begins; `plan`: under other terms. */
  | { kind: 'advance'; plan?: PlanReference }
  /** `failed`: earlier charges for the same period. */
  | { kind: 'charge'; periodIndex: number; failed: number }
  /** What became of a charge that the provider works on. */
  | { kind: 'follow'; paymentId: string }
  /** What was used beyond the plan until its end may be owed. */
  | { kind: 'overage' }
  | { kind: 'remind'; endsAt: number; renews: boolean }
)

/** Retries, counted from the end of what is paid, where no setting says otherwise. Grace is over one hour after the last one's hour. */
export const retryHours = [24, 48, 71] as const
/** A debit that has to be announced is started so long before the period's end: a day's notice and half a day for the bank. */
export const mandateLeadMs = 48 * hourMs
/** Its customer is told a day before, and the provider may hear of it an hour after it was decided. */
const mandateNoticeMs = 25 * hourMs
/** A charge whose asker has not come back is looked at so soon: longer than any function runs. */
export const unansweredMs = 20 * minuteMs
/** How soon after it was asked for a charge is looked at that the provider works on, should nobody tell. */
export const followMs = hourMs
/** Then after as long again as it has taken so far, twice a day at least. */
const longestFollowMs = 12 * hourMs
/** Days before the end of what is paid at which a mail goes out. */
const reminderDays = (interval: BoughtSubscription['interval']): readonly number[] =>
  interval === 'year' ? [7, 1] : [1]

/** The first retry after an instant; null: there is none left. */
export function nextRetry(end: number, now: number, hours: readonly number[] = retryHours): number | null {
  const after = hours.map((hour) => end + hour * hourMs).filter((at) => at > now && at < end + graceMs)
  return after.length === 0 ? null : Math.min(...after)
}

/** Everything it waits for, whenever that is; of reminders the next one. */
function waitsFor(subscription: Subscription): DueAction[] {
  // The money of a charge under way is still to come, also when what it was for is over.
  if (!isLive(subscription)) return isBought(subscription) ? [...follow(subscription), ...overage(subscription)] : []
  const accessEnd = accessEndOf(subscription)
  const end: DueAction[] = accessEnd === null ? [] : [{ kind: 'end', at: accessEnd }]
  if (!isBought(subscription)) return end
  // The provider renews it and says so; grace over without a word, it ends here too.
  if (subscription.managedBy) return end
  return [...renewal(subscription), ...advance(subscription), ...reminder(subscription), ...end]
}

function follow({ pendingCharge }: BoughtSubscription): DueAction[] {
  return pendingCharge ? [{ kind: 'follow', at: followAt(pendingCharge), paymentId: pendingCharge.paymentId }] : []
}

function followAt({ startedAt, checkedAt, heard }: Pick<PendingCharge, 'startedAt' | 'checkedAt' | 'heard'>): number {
  if (heard) return startedAt
  if (checkedAt === undefined) return startedAt + unansweredMs
  return checkedAt + Math.min(Math.max(checkedAt - startedAt, followMs), longestFollowMs)
}

function overage({ finalOverage }: BoughtSubscription): DueAction[] {
  return finalOverage && finalOverage.at !== null ? [{ kind: 'overage', at: finalOverage.at }] : []
}

function renewal(subscription: BoughtSubscription): DueAction[] {
  const { pendingCharge, autoRenew, retry } = subscription
  // Also of a suspended account: what the provider took on is heard.
  if (pendingCharge) return follow(subscription)
  const from = chargedFrom(subscription)
  if (!autoRenew || from === null || retry?.nextAt === null || isPaused(subscription)) return []
  return [
    { kind: 'charge', at: retry?.nextAt ?? from, periodIndex: nextUnpaid(subscription), failed: retry?.failed ?? 0 },
  ]
}

/** When the period after what is paid is charged first; null: never. */
export function chargedFrom(subscription: BoughtSubscription): number | null {
  const end = paidUntil(subscription)
  return end === null ? null : end - (subscription.method?.mandate ? mandateLeadMs : 0)
}

/** From when on a mandate is debited: not before what is paid is over, nor before its customer has had notice of it. */
export const debitAfter = (subscription: BoughtSubscription, now: number): number =>
  Math.max(paidUntil(subscription) ?? now, now + mandateNoticeMs)

/**
 * Whether the charge under way would still be begun: the subscription may have ended since or renew no more, or staff may have
 * given it more time. One that is not wanted is not asked for again where the provider knows nothing of it.
 */
export function isChargeWanted(subscription: BoughtSubscription, now: number): boolean {
  const from = chargedFrom(subscription)
  const { pendingCharge, autoRenew } = subscription
  const isOwed = autoRenew && pendingCharge?.refund !== true && from !== null && now >= from
  return isOwed && statusAt(subscription, now).access
}

function advance({ ahead: [first] = [], periodEnd }: BoughtSubscription): DueAction[] {
  if (!first || periodEnd === null) return []
  return [{ kind: 'advance', at: periodEnd, ...(first.plan && { plan: first.plan }) }]
}

function reminder(subscription: BoughtSubscription): DueAction[] {
  const endsAt = paidUntil(subscription)
  if (endsAt === null || isPaused(subscription)) return []
  const { interval, remindedUntil = Number.NEGATIVE_INFINITY, periodStart, autoRenew: renews } = subscription
  // One that lies before the period (a short trial) was never due.
  const from = Math.max(remindedUntil, periodStart)
  const instants = reminderDays(interval).map((days) => endsAt - days * dayMs)
  const at = instants.filter((instant) => instant > from)
  return at.length === 0 ? [] : [{ kind: 'remind', at: Math.min(...at), endsAt, renews }]
}

/** The earliest instant that it waits for; null: none. The due index holds it. */
export function nextDueAt(subscription: Subscription | BoughtSubscription): number | null {
  const instants = waitsFor(subscription).map(({ at }) => at)
  return instants.length === 0 ? null : Math.min(...instants)
}

/** At one instant: what is over is over, what is under way is heard, what is paid begins, before anything is charged. */
const order: Record<DueAction['kind'], number> = { end: 0, follow: 1, advance: 2, charge: 3, overage: 4, remind: 5 }

/**
 * What is due, in the order to do it, however late: paid periods that have begun meanwhile one by one, then what the
 * present one waits for. What is over is not charged any more, and nobody is reminded of an end that has passed.
 */
export function whatIsDue(subscription: Subscription | BoughtSubscription, now: number): DueAction[] {
  let state = subscription
  const begun: DueAction[] = []
  while (isBought(state) && isLive(state)) {
    const [next] = state.managedBy ? [] : advance(state)
    if (!next || next.at > now) break
    begun.push(next)
    state = periodAfter(state)
  }
  return [...begun, ...presentDue(state, now)]
}

/** Whether its next period is to be charged by now. */
export const isChargeDue = (subscription: Subscription | BoughtSubscription, now: number): boolean =>
  whatIsDue(subscription, now).some(({ kind }) => kind === 'charge')

/** Whether this charge is to be looked at by now: whoever looks moves the instant, so that of two one goes on. */
export const isFollowDue = (
  { pendingCharge }: Pick<BoughtSubscription, 'pendingCharge'>,
  paymentId: string,
  now: number,
): boolean => pendingCharge?.paymentId === paymentId && followAt(pendingCharge) <= now

function presentDue(subscription: Subscription, now: number): DueAction[] {
  const due = waitsFor(subscription).filter(({ at }) => at <= now)
  const over = due.filter(({ kind }) => kind === 'end')
  // A charge under way may have come in, whenever it was looked at last.
  if (over.length > 0) return [...(isBought(subscription) ? follow(subscription) : []), ...over]
  return due
    .filter((action) => action.kind !== 'remind' || now < action.endsAt)
    .sort((one, other) => order[one.kind] - order[other.kind] || one.at - other.at)
}
