import { canonicalJson, guardOf, idOf } from './guard.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import { hasLiveSubscription } from './settlementPlan.ts'
import { isLive } from './subscription.ts'
import { endedLine } from './subscriptionEnd.ts'
import {
  accessEndOf,
  type BoughtSubscription,
  endsAtPeriodEnd,
  type ProviderState,
  type ProviderWord,
  providerStates,
  statusAt,
} from './subscriptionState.ts'
import { assertTransition } from './subscriptionTransition.ts'
import {
  historyWrite,
  noticeOf,
  type SubscriptionPlan,
  type SubscriptionScene,
  unchanged,
  written,
} from './subscriptionWrite.ts'
import type { PlanTerms } from './terms.ts'

/**
 * What one event of a provider says of a subscription that it renews; it does not tell what is absent. Times are epoch
 * milliseconds.
 */
export interface ProviderNews {
  /** The provider's own time of it, else that of its receipt. */
  at: number
  state?: ProviderState
  /** With `ended`: it was cancelled, and is over at once. Otherwise it has run out, and what is paid goes on to its end. */
  isCanceled?: boolean
  endsAtPeriodEnd?: boolean
  /** The provider's own instants. */
  period?: { start: number; end: number }
  /** Money of the provider's cycle that is in. */
  paid?: ProviderBill
}

export interface ProviderBill {
  /** The same in every event that tells of this money. */
  id: string
  providerPaymentId: string
  /** Minor units. */
  amountMinor?: number
  currency?: string
}

/**
 * The id of a bill's line in the plan history: made of the bill, so that it has one line, whatever tells of it. Undefined:
 * nothing is paid, or the period that it is for is told by another event.
 */
export const billLineId = (subscriptionId: string, { paid, period }: ProviderNews): string | undefined =>
  paid && period && idOf('his', period.start, guardOf('i', 'provider bill', `${subscriptionId} ${paid.id}`))

export interface FollowInput {
  /** Needed where the subscription is over: it may be taken up again. */
  terms?: PlanTerms
  /** Of the bill that is paid; absent: it has its line. */
  lineId?: string
  /** Of the line that says that it ended. */
  historyId: string
}

/**
 * What a provider's news makes of a subscription that it renews. It comes late, twice and in any order, so each part of it
 * has an order of its own: the state and the asked end by the provider's time, the period by its end, money by its bill.
 * What is older than what was followed changes nothing, a period never goes back, and `ended` is the last word.
 * @throws MoreIsDue when the wallet has to be settled first; Error without the terms of one that is taken up again.
 */
export function planFollow(
  scene: SubscriptionScene,
  news: ProviderNews,
  { terms, lineId, historyId }: FollowInput,
  now: number,
): SubscriptionPlan {
  const { subscription: seen } = scene
  if (!seen.managedBy) return unchanged(scene)
  const next = followed(scene, news, now)
  const line = lineId === undefined ? [] : billLine(scene, news, lineId)
  if (line.length === 0 && canonicalJson(next) === canonicalJson(seen)) return unchanged(scene)
  assertTransition('followed', seen.status, next.status)
  if (isLive(next) && !isLive(seen) && !terms) throw new Error('a subscription is taken up again with its terms')
  const ended = isLive(seen) && !isLive(next) ? [endedLine(scene, next, historyId, now)] : []
  const notices = noticesOf(scene, next, line.length > 0 ? news.period : undefined)
  return written(scene, { next, ...(terms && { terms }), beside: [...line, ...ended, ...notices] }, now)
}

function followed({ account, subscription: seen }: SubscriptionScene, news: ProviderNews, now: number) {
  const heard = heardAfter(seen.heard, news)
  const word: BoughtSubscription = heard ? { ...seen, heard } : seen
  // The account is on another plan by now: what becomes of this one at its provider is noted and no more.
  if (account.subscriptionId !== seen.id && hasLiveSubscription(account, now)) return word
  const paid = withPeriod(word, news, seen.heard)
  if (!heard || seen.status === 'canceled') return paid
  if (heard.state === 'ended' && seen.heard?.state !== 'ended' && news.isCanceled && isLive(seen))
    return canceled(paid, news, now)
  const live = asSaid(paid, heard)
  // What ran out while nothing was heard is taken up again with a period that is paid.
  return isLive(seen) || statusAt(live, now).access ? live : paid
}

function heardAfter(heard: ProviderWord | undefined, news: ProviderNews): ProviderWord | undefined {
  const { at, state, endsAtPeriodEnd: asked } = news
  if (state === undefined || heard?.state === 'ended') return heard
  if (state === 'ended') return { state, at }
  const isState = !heard || isLater({ at, rank: rankOf(state) }, { at: heard.at, rank: rankOf(heard.state) })
  const seen = heard?.ends && { at: heard.ends.at, rank: Number(heard.ends.asked) }
  const ends = asked !== undefined && isLater({ at, rank: Number(asked) }, seen) ? { asked, at } : heard?.ends
  return { ...(isState ? { state, at } : { state: heard.state, at: heard.at }), ...(ends && { ends }) }
}

interface Said {
  at: number
  rank: number
}
const isLater = (one: Said, seen: Said | undefined): boolean =>
  !seen || one.at > seen.at || (one.at === seen.at && one.rank > seen.rank)
const rankOf = (state: ProviderState): number => providerStates.indexOf(state)

/**
 * One that is paid, or that the provider has begun: not one that waits for its money, nor one that it names with the end or
 * after it.
 */
function withPeriod(
  subscription: BoughtSubscription,
  { at, period, paid, state }: ProviderNews,
  heard: ProviderWord | undefined,
): BoughtSubscription {
  const hasBegun = state === 'active' || state === 'paused'
  const counts = paid !== undefined || (hasBegun && !(heard?.state === 'ended' && at > heard.at))
  const { periodEnd } = subscription
  if (!period || !counts || (periodEnd !== null && period.end <= periodEnd)) return subscription
  return { ...subscription, periodStart: period.start, periodEnd: period.end }
}

/** At the provider's instant, but neither before it was brought over nor ahead of our own clock. */
function canceled(subscription: BoughtSubscription, { at }: ProviderNews, now: number): BoughtSubscription {
  const endedAt = Math.min(now, Math.max(at, subscription.createdAt))
  return { ...subscription, status: 'canceled', autoRenew: false, canceledAt: endedAt, endedAt }
}

/** While paused nothing renews; what is paid goes on. Of one that ran out nobody asked for the end. */
function asSaid(subscription: BoughtSubscription, { state, ends }: ProviderWord): BoughtSubscription {
  const { canceledAt: _asked, endedAt: _ended, ...rest } = subscription
  const isAsked = ends?.asked === true
  return {
    ...rest,
    status: state === 'past_due' ? 'past_due' : 'active',
    autoRenew: (state === 'active' || state === 'past_due') && !isAsked,
    ...(isAsked && { canceledAt: ends.at }),
  }
}

const billLine = (
  { account, subscription }: SubscriptionScene,
  { paid, period }: ProviderNews,
  id: string,
): PaymentWrite[] =>
  paid && period
    ? [
        historyWrite(account.id, subscription, {
          id,
          kind: 'renewal',
          previousPlanId: subscription.planId,
          startedAt: period.start,
          endedAt: period.end,
          amountMinor: paid.amountMinor ?? 0,
          currency: paid.currency ?? subscription.currency,
          providerPaymentId: paid.providerPaymentId,
          ...(subscription.provider && { provider: subscription.provider }),
        }),
      ]
    : []

/** `booked`: the period whose money has its line from now on. */
function noticesOf(
  { account, subscription: seen }: SubscriptionScene,
  next: BoughtSubscription,
  booked: ProviderNews['period'],
): PaymentWrite[] {
  if (!isLive(next))
    return isLive(seen) ? [noticeOf(account.id, 'subscription.ended', next, { reason: 'canceled' })] : []
  const { periodEnd } = next
  const isRenewed = booked !== undefined && booked.end === periodEnd
  const isTakenUp = !isLive(seen) || (endsAtPeriodEnd(seen) && next.autoRenew)
  const isOverdue = next.status === 'past_due' && seen.status !== 'past_due'
  const failure = { reason: 'The payment provider could not charge.', nextAt: null, accessEnd: accessEndOf(next) }
  return [
    ...(isRenewed ? [noticeOf(account.id, 'subscription.renewed', next, { periodEnd })] : []),
    ...(isTakenUp && !isRenewed ? [noticeOf(account.id, 'subscription.reactivated', next)] : []),
    ...(isOverdue ? [noticeOf(account.id, 'subscription.renewal_failed', next, failure)] : []),
    ...(endsAtPeriodEnd(next) && !endsAtPeriodEnd(seen)
      ? [noticeOf(account.id, 'subscription.cancel_scheduled', next, { endsAt: periodEnd })]
      : []),
  ]
}
