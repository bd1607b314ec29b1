import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planOverage } from '#domain/finalOverage'
import { renewalName, renewalOrder, renewalSubject } from '#domain/renewal'
import { planAdvance, planChargeStarted, planRenewalFailed, renewalPaid } from '#domain/renewalPaid'
import { planSettlement } from '#domain/settlement'
import { type DueAction, nextDueAt, whatIsDue } from '#domain/subscriptionDue'
import { subscriptionEffect } from '#domain/subscriptionEffect'
import { planCancel, planEnd } from '#domain/subscriptionEnd'
import { planReminder } from '#domain/subscriptionSchedule'
import { statusAt } from '#domain/subscriptionState'
import type { SubscriptionScene } from '#domain/subscriptionWrite'
import { noTax } from '#domain/tax'
import { initialZones } from '#domain/time'
import { emptyWallet } from '#domain/walletState'
import { dayMs, hourMs } from '#domain/zone'
import { seenOf } from './paymentSupport.ts'
import { applied, free, ids, paymentFor, rule, sceneOf, start, termsOf } from './subscriptionSupport.ts'

const terms = termsOf()

/** The books of one life: charges by name, money in, and mails. */
interface Books {
  scene: SubscriptionScene
  paid: string[]
  tried: string[]
  minor: number
}

const paymentOf = ({ subscription }: SubscriptionScene, id: string) => {
  const priced = renewalOrder({ subscription, terms, overage: [], tax: noTax, creditMinor: 0, rule }, start)
  if (!priced) throw new Error('nothing to ask for')
  return paymentFor('renewal', priced.order, renewalSubject(subscription, priced.carried), { id, ver: 1 })
}

/** What a worker does with one action, on the state as it is. `pays` says whether the bank does, by period and try. */
function act(books: Books, action: DueAction, now: number, pays: (period: number, failed: number) => boolean): void {
  const { scene } = books
  const { subscription } = scene
  switch (action.kind) {
    case 'advance':
      books.scene = applied(scene, planAdvance(scene, undefined, now).writes)
      return
    case 'end':
      books.scene = applied(scene, planEnd(scene, ids, now).writes)
      return
    case 'remind':
      books.scene = applied(scene, planReminder(scene, { ...action, hasMethod: true }, now).writes)
      return
    case 'follow':
      return
    case 'overage':
      // Nothing was used beyond the plan.
      if (!subscription.finalOverage) return
      books.scene = applied(scene, planOverage(scene, subscription.finalOverage, undefined, now).writes)
      return
    case 'charge': {
      // Decided again on the state read now: a message that came twice finds the period paid, or tried.
      if (!whatIsDue(subscription, now).some((due) => due.kind === 'charge' && due.periodIndex === action.periodIndex))
        return
      const failed = subscription.retry?.failed ?? 0
      const id = renewalName(subscription.id, action.periodIndex, failed)
      books.tried.push(id)
      const charged = applied(scene, planChargeStarted(scene, { paymentId: id }, now).writes)
      if (!pays(action.periodIndex, failed)) {
        books.scene = applied(
          charged,
          planRenewalFailed(charged, { paymentId: id, reason: 'declined' }, ids, now).writes,
        )
        return
      }
      const payment = paymentOf(charged, id)
      const effect = renewalPaid(charged, payment, terms, ids, now)
      if (effect.kind !== 'lawful') throw new Error(effect.reason)
      books.scene = applied(charged, effect.writes)
      books.paid.push(id)
      books.minor += payment.amountMinor
    }
  }
}

/** Runs jobs from due instant to due instant, each late by as much as `late` says, each done `times` times. */
function live(
  until: number,
  pays: (period: number, failed: number) => boolean,
  late: (n: number) => number,
  times: number,
): Books {
  const books: Books = { scene: sceneOf(), paid: [], tried: [], minor: 0 }
  for (let n = 0; n < 500; n += 1) {
    const due = nextDueAt(books.scene.subscription)
    if (due === null || due > until) return books
    const now = due + late(n)
    const actions = whatIsDue(books.scene.subscription, now)
    // Something is always to be done at an instant that was waited for: no job turns in circles.
    expect(actions.length).toBeGreaterThan(0)
    for (let time = 0; time < times; time += 1) for (const action of actions) act(books, action, now, pays)
  }
  throw new Error('a job turns in circles')
}

const outcome = ({ scene, paid, minor }: Books) => {
  const { status, periodIndex, periodStart, periodEnd, paidMinor, endedAt } = scene.subscription
  return { paid, minor, status, periodIndex, periodStart, periodEnd, paidMinor, endedAt }
}
const year = start + 400 * dayMs

describe('a year of renewals', () => {
  it('pays thirteen months, each once', () => {
    const books = live(
      year,
      () => true,
      () => 0,
      1,
    )
    expect(books.paid).toEqual(Array.from({ length: 13 }, (_, index) => `renew:sub_1:${index + 1}`))
    expect(books.minor).toBe(130_000)
  })

  it('done twice, or late by up to three days, has the same books', () => {
    const lateness = fc.array(fc.integer({ min: 0, max: 72 * hourMs - 1 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(lateness, fc.integer({ min: 1, max: 3 }), (lates, times) => {
        const late = (n: number) => lates[n % lates.length] ?? 0
        expect(outcome(live(year, () => true, late, times))).toEqual(
          outcome(
            live(
              year,
              () => true,
              () => 0,
              1,
            ),
          ),
        )
      }),
      { numRuns: 30 },
    )
  })

  it('with declines charges a period at most once, skips none, and has the right state at every instant', () => {
    const declines = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 13, maxLength: 13 })
    fc.assert(
      fc.property(declines, fc.integer({ min: 1, max: 2 }), (until, times) => {
        const pays = (period: number, failed: number) => failed >= (until[period - 1] ?? 0)
        const books = live(year, pays, () => 0, times)
        expect(new Set(books.tried).size).toBe(books.tried.length)
        const broken = until.findIndex((tries) => tries >= 4)
        const expected = broken < 0 ? 13 : broken
        expect(books.paid).toHaveLength(expected)
        expect(books.scene.subscription.status).toBe(broken < 0 ? 'active' : 'expired')
        expect(books.minor).toBe(expected * 10_000)
        // The account says what the subscription says, without any job.
        const { account, subscription } = books.scene
        const { access } = statusAt(subscription, year)
        expect(account.plan?.planId).toBe(access ? 'starter' : 'free')
      }),
      { numRuns: 60 },
    )
  })

  it('three days late throughout has the same books: the reminder wakes what would have been too late', () => {
    const late = live(
      year,
      () => true,
      () => 72 * hourMs,
      1,
    )
    expect(outcome(late)).toEqual(
      outcome(
        live(
          year,
          () => true,
          () => 0,
          1,
        ),
      ),
    )
  })

  it('once grace is over for everybody who looked, nothing is charged any more', () => {
    const books = live(
      year,
      () => true,
      () => 96 * hourMs,
      1,
    )
    expect([books.paid, books.tried, books.scene.subscription.status]).toEqual([[], [], 'expired'])
  })

  it('cancelled in the instant of its renewal: cancel wins', () => {
    const scene = sceneOf()
    const end = scene.subscription.periodEnd ?? 0
    const asked = applied(scene, planCancel(scene, { when: 'period_end' }, ids, end - 1).writes)
    expect(whatIsDue(asked.subscription, end).map(({ kind }) => kind)).toEqual(['end'])
    expect(planEnd(asked, ids, end).subscription).toMatchObject({ status: 'canceled', endedAt: end })
  })
})

describe('through settlement', () => {
  const scene = sceneOf()
  const end = scene.subscription.periodEnd ?? 0
  const payment = { ...paymentOf(scene, 'fpay_r'), providerOrderId: 'order_1' }
  const settle = (now: number) =>
    planSettlement(
      {
        ...scene,
        payment,
        seen: seenOf(payment),
        credit: undefined,
        invoice: { id: 'inv_1', seller: { name: 'S' }, buyer: { name: 'B' }, zones: initialZones('UTC') },
        ids: { subscription: 'sub_x', purchase: 'pur_x', history: 'his_1' },
        ...otherOf(now),
      },
      now,
    )
  const otherOf = (now: number) => {
    const other = subscriptionEffect({ scene, credit: undefined, terms, by: ids }, payment, now)
    return other ? { other } : {}
  }

  it('a renewal is granted with its invoice in one list', () => {
    const plan = settle(end)
    expect(plan).toMatchObject({
      kind: 'settle',
      as: 'granted',
      next: { status: 'completed', settled: { reference: 'sub_1' } },
    })
    if (plan.kind !== 'settle') return
    expect(plan.writes.map(({ row }) => row)).toEqual([
      'payment',
      'charge',
      'subscription',
      'account',
      'wallet',
      'history',
      'notice',
      'invoice',
    ])
    // One notice of one charge: it tells of the period and of the money.
    expect(plan.writes).toContainEqual({
      row: 'notice',
      accountId: payment.accountId,
      kind: 'subscription.renewed',
      data: expect.objectContaining({
        subscriptionId: 'sub_1',
        paymentId: payment.id,
        amountMinor: payment.amountMinor,
        currency: payment.currency,
        invoiceId: plan.invoice?.id,
      }),
    })
    expect(plan.invoice).toMatchObject({ totalMinor: 10_000, paidMinor: 10_000 })
  })

  it('a wallet follows a renewal only where a plan gives credits, the present one or the one that it falls back to', () => {
    const allowance = { included: 5, window: 'month', rollover: 0 } as const
    const withWallet = (own: boolean, fallen: boolean): boolean => {
      const { allowance: _own, ...bare } = terms
      const plan = own ? { ...bare, allowance } : bare
      const { allowance: _fallen, ...less } = free
      const fallback = fallen ? { ...less, allowance } : less
      const wallet = { ...emptyWallet(scene.account.zones), version: 1 }
      const changed = { ...scene, account: { ...scene.account, plan }, fallback, wallet }
      const effect = subscriptionEffect({ scene: changed, credit: undefined, terms: plan, by: ids }, payment, end)
      if (effect?.kind !== 'lawful') throw new Error('it is not lawful')
      expect(effect.writes.map(({ row }) => row)).toContain('account')
      return effect.writes.some(({ row }) => row === 'wallet')
    }
    expect([withWallet(false, false), withWallet(true, false), withWallet(false, true)]).toEqual([false, true, true])
  })

  it('money that comes after the end becomes account credit, for staff to look at', () => {
    const plan = settle(end + 72 * hourMs)
    expect(plan).toMatchObject({
      kind: 'settle',
      as: 'account_credit',
      next: { status: 'review', flags: ['overtaken'] },
    })
  })
})
