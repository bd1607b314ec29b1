import { describe, expect, it } from 'vitest'
import { subscriptionStatuses } from '#domain/subscription'
import { mandateLeadMs, nextDueAt, retryHours, unansweredMs, whatIsDue } from '#domain/subscriptionDue'
import {
  accessEndOf,
  type BoughtSubscription,
  daysRemaining,
  graceMs,
  paidUntil,
  statusAt,
} from '#domain/subscriptionState'
import {
  assertMayHappen,
  assertTransition,
  mayHappen,
  type SubscriptionEvent,
  type SubscriptionState,
  subscriptionEvents,
} from '#domain/subscriptionTransition'
import { dayMs, hourMs } from '#domain/zone'
import { at, codeOf, sceneOf, start, termsOf, yearly } from './subscriptionSupport.ts'

const end = at('2025-07-01T00:00:00Z')
const subscriptionOf = (over: Partial<BoughtSubscription> = {}): BoughtSubscription => ({
  ...sceneOf().subscription,
  ...over,
})
const ending = { autoRenew: false, canceledAt: start + dayMs }

/** The specification's table, written again by hand: what is not in it is refused. */
const lawful: [SubscriptionEvent, string][] = [
  ['checkout_settled', 'none>active canceled>active expired>active'],
  ['trial_started', 'none>trialing canceled>trialing expired>trialing'],
  ['trial_ended_unpaid', 'trialing>expired trialing>canceled'],
  ['renewal_paid', 'trialing>active active>active past_due>active'],
  ['renewal_failed', 'trialing>past_due active>past_due past_due>past_due'],
  ['period_ended', 'active>canceled active>expired'],
  ['grace_over', 'past_due>expired past_due>canceled'],
  ['cancel_now', 'trialing>canceled active>canceled past_due>canceled'],
  ['cancel_at_period_end', 'trialing>trialing active>active past_due>past_due'],
  ['reactivate', 'canceled>active'],
  ['keep', 'trialing>trialing active>active past_due>past_due'],
  ['upgrade_paid', 'trialing>active active>active'],
  ['change_scheduled', 'trialing>trialing active>active'],
  ['change_dropped', 'trialing>trialing active>active past_due>past_due'],
  ['refunded', 'trialing>canceled active>canceled past_due>canceled'],
  ['granted', 'none>active canceled>active expired>active trialing>active active>active past_due>active'],
  ['imported', 'none>active none>past_due canceled>active canceled>past_due expired>active expired>past_due'],
  [
    'followed',
    'active>active active>past_due active>canceled past_due>active past_due>past_due past_due>canceled expired>active expired>past_due expired>expired canceled>canceled',
  ],
]
const states: SubscriptionState[] = ['none', ...subscriptionStatuses]
const steps = lawful.map(([event, pairs]) => [event, new Set(pairs.split(' '))] as const)
const everyStep = steps.flatMap(([event, pairs]) =>
  states.flatMap((from) => subscriptionStatuses.map((to) => [event, from, to, pairs.has(`${from}>${to}`)] as const)),
)

describe('transitions', () => {
  it('names every event once', () => {
    expect(lawful.map(([event]) => event)).toEqual([...subscriptionEvents])
  })

  it.each(everyStep)('%s: %s → %s is lawful: %s', (event, from, to, isLawful) => {
    expect(codeOf(() => assertTransition(event, from, to)) === undefined).toBe(isLawful)
  })

  it.each(steps.flatMap(([event, pairs]) => states.map((from) => [event, from, pairs] as const)))(
    '%s in %s is refused as a conflict unless the table has it',
    (event, from, pairs) => {
      const expected = [...pairs].some((pair) => pair.startsWith(`${from}>`))
      expect(mayHappen(event, from)).toBe(expected)
      expect(codeOf(() => assertMayHappen(event, from))).toBe(expected ? undefined : 'conflict')
    },
  )
})

describe('status and access at an instant, without any job', () => {
  const graceEnd = end + graceMs
  const trial = { status: 'trialing' as const, trial: true }
  const processing = { paymentId: 'fpay_r', startedAt: end - hourMs, processing: true }
  it.each<[string, Partial<BoughtSubscription>, number, string, boolean]>([
    ['active to the last millisecond', {}, end - 1, 'active', true],
    ['overdue from its end', {}, end, 'past_due', true],
    ['overdue to the last millisecond of grace', {}, graceEnd - 1, 'past_due', true],
    ['expired when grace is over', {}, graceEnd, 'expired', false],
    ['expired years later', {}, end + 1000 * dayMs, 'expired', false],
    ['without renewal: over at its end', { autoRenew: false }, end, 'expired', false],
    ['without renewal: to the last millisecond', { autoRenew: false }, end - 1, 'active', true],
    ['asked to end: canceled at its end', ending, end, 'canceled', false],
    ['asked to end: active until then', ending, end - 1, 'active', true],
    [
      'stored as overdue, asked to end: grace all the same',
      { status: 'past_due', ...ending },
      end + 1,
      'past_due',
      true,
    ],
    ['stored as overdue, asked to end: then canceled', { status: 'past_due', ...ending }, graceEnd, 'canceled', false],
    ['a charge under way keeps access', { pendingCharge: processing }, graceEnd, 'past_due', true],
    [
      'a charge that only was begun does not',
      { pendingCharge: { paymentId: 'p', startedAt: end } },
      graceEnd,
      'expired',
      false,
    ],
    [
      'a charge to be given back does not',
      { ...ending, pendingCharge: { ...processing, refund: true } },
      end,
      'canceled',
      false,
    ],
    ['no charge is under way for ever', { pendingCharge: processing }, end - hourMs + 30 * dayMs, 'expired', false],
    ['a trial', trial, end - 1, 'trialing', true],
    ['a trial that is over, to be charged', trial, end, 'past_due', true],
    ['a trial that is over, without a method', { ...trial, autoRenew: false }, end, 'expired', false],
    ['a trial that was cancelled', { ...trial, ...ending }, end, 'canceled', false],
    ['without an end', { periodEnd: null, interval: 'lifetime' }, end + 1e12, 'active', true],
    ['canceled stays canceled', { status: 'canceled', endedAt: start }, start + 1, 'canceled', false],
    ['expired stays expired', { status: 'expired', endedAt: start }, start + 1, 'expired', false],
    ['paid ahead', { ahead: [{ paymentId: 'p', paidMinor: 1 }] }, end, 'active', true],
    [
      'paid ahead, and that is over',
      { ahead: [{ paymentId: 'p', paidMinor: 1 }], autoRenew: false },
      at('2025-08-01T00:00:00Z'),
      'expired',
      false,
    ],
    ['given by staff, to the last millisecond', { complimentary: true }, end - 1, 'active', true],
    ['given by staff, over', { complimentary: true }, end, 'expired', false],
  ])('%s', (_, over, now, status, access) => {
    expect(statusAt(subscriptionOf(over), now)).toEqual({ status, access })
  })

  it.each([
    [end - 1, 1],
    [end, 0],
    [end + 5 * dayMs, 0],
    [end - dayMs, 1],
    [end - dayMs - 1, 2],
    [start, 30],
  ])('days remaining at %d: %d', (now, days) => {
    expect(daysRemaining(subscriptionOf(), now)).toBe(days)
  })

  it('has none without an end, and 0 once it is over', () => {
    expect(daysRemaining(subscriptionOf({ periodEnd: null }), start)).toBeNull()
    expect(daysRemaining(subscriptionOf({ status: 'canceled' }), start)).toBe(0)
  })

  it('agrees with the access end that the account holds', () => {
    for (const over of [{}, { autoRenew: false }, ending, { pendingCharge: processing }, trial]) {
      const subscription = subscriptionOf(over)
      const accessEnd = accessEndOf(subscription) ?? 0
      expect(statusAt(subscription, accessEnd - 1).access).toBe(true)
      expect(statusAt(subscription, accessEnd).access).toBe(false)
    }
  })
})

describe('what is due', () => {
  const kinds = (subscription: BoughtSubscription, now: number) => whatIsDue(subscription, now).map(({ kind }) => kind)
  const ahead = [
    { paymentId: 'p1', paidMinor: 1 },
    { paymentId: 'p2', paidMinor: 1 },
  ]

  it.each<[string, Partial<BoughtSubscription>, number | null]>([
    ['a reminder, one day before', {}, end - dayMs],
    ['the charge, once the reminder is out', { remindedUntil: end - dayMs }, end],
    ['the end, where it does not renew', { remindedUntil: end, autoRenew: false }, end],
    ['a mandate, two days ahead', { method: { id: 'pmt_1', mandate: true } }, end - mandateLeadMs],
    [
      'a retry',
      { remindedUntil: end, status: 'past_due', retry: { failed: 1, nextAt: end + 24 * hourMs } },
      end + 24 * hourMs,
    ],
    ['the end of grace, without a retry', { remindedUntil: end, retry: { failed: 1, nextAt: null } }, end + graceMs],
    [
      'what became of a charge',
      { remindedUntil: end, pendingCharge: { paymentId: 'p', startedAt: end } },
      end + unansweredMs,
    ],
    [
      'the same when it is over',
      { status: 'canceled', pendingCharge: { paymentId: 'p', startedAt: end } },
      end + unansweredMs,
    ],
    ['nothing when it is over', { status: 'expired' }, null],
    ['nothing without an end', { periodEnd: null }, null],
    ['a period paid ahead', { ahead, remindedUntil: end }, end],
    ['what the provider manages: only its grace', { managedBy: 'provider' }, end + graceMs],
  ])('waits for %s', (_, over, expected) => {
    const subscription = subscriptionOf(over)
    expect(nextDueAt(subscription)).toBe(expected)
    if (expected === null) return
    expect(whatIsDue(subscription, expected - 1)).toEqual([])
    expect(whatIsDue(subscription, expected).length).toBeGreaterThan(0)
  })

  it.each<[string, Partial<BoughtSubscription>, number, string[]]>([
    ['on time', {}, end, ['charge']],
    ['reminder first', {}, end - hourMs, ['remind']],
    ['just within grace', {}, end + graceMs - 1, ['charge']],
    ['at the end of grace nothing is charged any more', {}, end + graceMs, ['end']],
    ['months late', {}, end + 100 * dayMs, ['end']],
    ['cancel wins over renewal in the same instant', ending, end, ['end']],
    ['a trial ends without a method', { status: 'trialing', trial: true, autoRenew: false }, end, ['end']],
    ['a trial ends with one', { status: 'trialing', trial: true }, end, ['charge']],
    ['one paid period', { ahead }, end, ['advance']],
    ['both, several periods late, then the end', { ahead }, at('2025-12-01T00:00:00Z'), ['advance', 'advance', 'end']],
    ['both, then the charge', { ahead }, at('2025-09-01T00:00:00Z'), ['advance', 'advance', 'charge']],
    [
      'a charge is heard before the end is believed',
      { pendingCharge: { paymentId: 'p', startedAt: end } },
      end + graceMs,
      ['follow', 'end'],
    ],
    ['no second charge beside one under way', { pendingCharge: { paymentId: 'p', startedAt: end } }, end + 1, []],
  ])('%s', (_, over, now, expected) => {
    expect(kinds(subscriptionOf(over), now)).toEqual(expected)
  })

  it('reminds of a year seven days and one day ahead, once each, and late of both together', () => {
    const year = sceneOf({ terms: yearly }).subscription
    const yearEnd = paidUntil(year) ?? 0
    expect(nextDueAt(year)).toBe(yearEnd - 7 * dayMs)
    expect(nextDueAt({ ...year, remindedUntil: yearEnd - 7 * dayMs })).toBe(yearEnd - dayMs)
    expect(kinds(year, yearEnd - hourMs)).toEqual(['remind'])
    expect(nextDueAt({ ...year, remindedUntil: yearEnd - hourMs })).toBe(yearEnd)
  })

  it('retries at 24, 48 and 71 hours', () => {
    expect(retryHours).toEqual([24, 48, 71])
    expect(
      kinds(subscriptionOf({ status: 'past_due', retry: { failed: 1, nextAt: end + 24 * hourMs } }), end + 23 * hourMs),
    ).toEqual([])
  })

  it('names the period and the earlier failures of a charge', () => {
    expect(whatIsDue(subscriptionOf(), end)).toEqual([{ kind: 'charge', at: end, periodIndex: 1, failed: 0 }])
    expect(termsOf().interval).toBe('month')
  })
})
