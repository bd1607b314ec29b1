import { describe, expect, it } from 'vitest'
import { nextDueAt } from '#domain/subscriptionDue'
import { planEnd } from '#domain/subscriptionEnd'
import { type ProviderNews, planFollow } from '#domain/subscriptionFollow'
import { graceMs, statusAt } from '#domain/subscriptionState'
import type { SubscriptionScene } from '#domain/subscriptionWrite'
import { dayMs, hourMs } from '#domain/zone'
import {
  active,
  broughtOver,
  charged,
  end,
  month,
  noticesIn,
  paid,
  period,
  t,
  tell,
  terms,
  told,
} from './subscriptionFollowSupport.ts'
import { applied, free, growth, sceneOf, start } from './subscriptionSupport.ts'

describe('what a provider’s news makes of a subscription', () => {
  const first = { status: 'active', periodStart: month(0), periodEnd: end, autoRenew: true }
  const second = { ...first, periodStart: end, periodEnd: month(2) }
  it.each<[string, ProviderNews[], Record<string, unknown>, string[]]>([
    ['a period that is paid begins at the provider’s instants', [charged], second, ['subscription.renewed']],
    ['told twice it is one', [charged, charged], second, []],
    ['a period that the provider has begun', [{ ...active, period: period(1) }], second, []],
    [
      'that its payment is missing',
      [{ at: t, state: 'past_due', period: period(1) }],
      { ...first, status: 'past_due' },
      ['subscription.renewal_failed'],
    ],
    [
      'missing again',
      [
        { at: t, state: 'past_due' },
        { at: t + 1, state: 'past_due' },
      ],
      { ...first, status: 'past_due' },
      [],
    ],
    [
      'missing, of a period that had begun',
      [
        { ...active, period: period(1) },
        { at: t + 1, state: 'past_due', period: period(1) },
      ],
      { ...second, status: 'past_due' },
      ['subscription.renewal_failed'],
    ],
    [
      'missing, then paid',
      [
        { at: t, state: 'past_due' },
        { ...charged, at: t + 1 },
      ],
      second,
      ['subscription.renewed'],
    ],
    ['older news of the state', [charged, { at: t - 1, state: 'past_due' }], second, []],
    [
      'of one instant: what is nearer to money',
      [{ at: t, state: 'past_due' }, charged],
      second,
      ['subscription.renewed'],
    ],
    ['of one instant, the other way round', [charged, { at: t, state: 'past_due' }], second, []],
    ['a period never goes back', [charged, { ...active, at: t + 1, period: period(0) }], second, []],
    [
      'nor ends earlier',
      [charged, { ...active, at: t + 1, period: { start: end + 1, end: month(2) - 1 } }],
      second,
      [],
    ],
    ['a period of the same end is the same', [{ ...active, period: { start: month(0) + 1, end } }], first, []],
    ['what waits for its first payment', [{ at: t }], first, []],
    [
      'it is to end with its period',
      [{ ...active, endsAtPeriodEnd: true }],
      { ...first, autoRenew: false, canceledAt: t },
      ['subscription.cancel_scheduled'],
    ],
    [
      'that was taken back',
      [
        { ...active, endsAtPeriodEnd: true },
        { ...active, at: t + 1 },
      ],
      { ...first, canceledAt: null },
      ['subscription.reactivated'],
    ],
    [
      'that was taken back before',
      [
        { ...active, endsAtPeriodEnd: true },
        { ...active, at: t - 1 },
      ],
      { ...first, autoRenew: false, canceledAt: t },
      [],
    ],
    [
      'money says nothing of the asked end',
      [
        { ...active, endsAtPeriodEnd: true },
        { at: t + 1, state: 'active' },
      ],
      { ...first, autoRenew: false, canceledAt: t },
      [],
    ],
    [
      'nor hides it, where it is told later',
      [
        { at: t + 1, state: 'active' },
        { ...active, endsAtPeriodEnd: true },
      ],
      { ...first, autoRenew: false, canceledAt: t },
      ['subscription.cancel_scheduled'],
    ],
    [
      'paused: what is paid goes on, nothing renews',
      [{ at: t, state: 'paused' }],
      { ...first, autoRenew: false, canceledAt: null },
      [],
    ],
    [
      'resumed',
      [
        { at: t, state: 'paused' },
        { ...active, at: t + 1 },
      ],
      first,
      [],
    ],
    [
      'cancelled: over at the provider’s instant',
      [{ at: t, state: 'ended', isCanceled: true }],
      { ...first, status: 'canceled', autoRenew: false, canceledAt: t, endedAt: t },
      ['subscription.ended'],
    ],
    [
      'run out: what is paid goes on to its end',
      [{ at: t, state: 'ended' }],
      { ...first, autoRenew: false, canceledAt: null },
      [],
    ],
    [
      'run out with its last payment',
      [{ ...charged, state: 'ended' }],
      { ...second, autoRenew: false },
      ['subscription.renewed'],
    ],
    [
      'run out with a last period that nobody paid',
      [{ at: t, state: 'ended', period: period(1) }],
      { ...first, autoRenew: false },
      [],
    ],
    [
      '`ended` is the last word, also before what is newer',
      [
        { at: t, state: 'ended', isCanceled: true },
        { ...active, at: t + 1, period: period(1) },
      ],
      { ...first, status: 'canceled', autoRenew: false, endedAt: t },
      [],
    ],
    [
      'and also after it',
      [
        { ...active, at: t + 1 },
        { at: t, state: 'ended', isCanceled: true },
      ],
      { ...first, status: 'canceled', autoRenew: false, endedAt: t },
      ['subscription.ended'],
    ],
    [
      'an end ahead of our clock is now',
      [{ at: t + dayMs, state: 'ended', isCanceled: true }],
      { status: 'canceled', endedAt: t + 2 },
      ['subscription.ended'],
    ],
    [
      'an end from before it was brought over is then',
      [{ at: start - dayMs, state: 'ended', isCanceled: true }],
      { status: 'canceled', endedAt: start },
      ['subscription.ended'],
    ],
  ])('%s', (_, news, becomes, notices) => {
    const { scene, writes } = told(news, t + 2)
    expect({ ...scene.subscription, canceledAt: scene.subscription.canceledAt ?? null }).toMatchObject(becomes)
    expect(noticesIn(writes)).toEqual(notices)
  })

  it('the account follows: period, access and allowance', () => {
    const { account, wallet } = told([charged], t).scene
    expect(account).toMatchObject({ plan: terms, period: period(1), accessEnd: month(2) + graceMs })
    expect(wallet.grants.filter(({ expiresAt }) => expiresAt === month(2))).toHaveLength(1)
    const over = told([{ at: t, state: 'ended', isCanceled: true }], t).scene.account
    expect(over).toMatchObject({ plan: free, period: { until: t } })
    expect(over.subscriptionId).toBeUndefined()
  })

  it('a bill has one line, with what was paid, whatever tells of it', () => {
    const { lines } = told([charged, { ...charged, at: t + 5, state: 'ended' }, { ...charged, at: t - 5 }], t)
    expect([...lines.values()]).toMatchObject([
      {
        kind: 'renewal',
        planId: 'starter',
        startedAt: end,
        endedAt: month(2),
        amountMinor: 10_000,
        currency: 'INR',
        paymentId: null,
        provider: 'razorpay',
        providerPaymentId: 'pay_1',
      },
    ])
  })

  it('late money of an earlier period has its line and moves nothing', () => {
    const later = told([{ ...charged, period: period(2), paid: paid(2) }], month(2) + hourMs)
    const { scene, lines, writes } = tell(later, charged, month(2) + hourMs)
    expect(scene.subscription).toMatchObject({ periodStart: month(2), periodEnd: month(3) })
    expect([...lines.values()].map(({ startedAt }) => startedAt)).toEqual([month(2), month(1)])
    expect(noticesIn(writes)).toEqual([])
  })

  it('money without its period, or without an amount', () => {
    expect(told([{ at: t, state: 'active', paid: paid(1) }], t).lines.size).toBe(0)
    const { lines } = told([{ ...charged, paid: { id: 'b', providerPaymentId: 'p' } }], t)
    expect([...lines.values()]).toMatchObject([{ amountMinor: 0, currency: 'INR' }])
  })

  it('nothing of one that renews here', () => {
    const own = sceneOf()
    expect(planFollow(own, charged, { terms, lineId: 'his_x', historyId: 'his_y' }, t).writes).toEqual([])
  })
})

describe('while the provider is silent, and after', () => {
  const expired = (): SubscriptionScene => {
    const scene = broughtOver()
    return applied(scene, planEnd(scene, { history: 'his_silent' }, end + graceMs).writes)
  }

  it('it waits for the end of grace alone, and for the end of what is paid once the provider has ended it', () => {
    const { subscription } = broughtOver()
    expect(nextDueAt(subscription)).toBe(end + graceMs)
    expect(statusAt(subscription, end + graceMs - 1)).toEqual({ status: 'past_due', access: true })
    expect(statusAt(subscription, end + graceMs)).toEqual({ status: 'expired', access: false })
    const { scene } = told([{ at: start + 1, state: 'ended' }], start + 1)
    expect(nextDueAt(scene.subscription)).toBe(end)
    expect(statusAt(scene.subscription, end - 1)).toEqual({ status: 'active', access: true })
    expect(statusAt(scene.subscription, end)).toEqual({ status: 'expired', access: false })
    expect(scene.account.accessEnd).toBe(end)
  })

  it('overdue and ended has no grace left', () => {
    const { scene } = told(
      [
        { at: t, state: 'past_due' },
        { at: t + 1, state: 'ended' },
      ],
      t + 2,
    )
    expect(statusAt(scene.subscription, t + 2)).toEqual({ status: 'expired', access: false })
    expect(applied(scene, planEnd(scene, { history: 'his_e' }, t + 2).writes).subscription.endedAt).toBe(end)
  })

  it('what ran out is taken up again with the period that is paid', () => {
    const now = end + graceMs + hourMs
    const { scene, writes } = told([charged], now, expired())
    expect(scene.subscription).toMatchObject({ status: 'active', periodEnd: month(2), autoRenew: true })
    expect(scene.subscription.endedAt).toBeUndefined()
    expect(scene.account).toMatchObject({ plan: terms, subscriptionId: 'sub_9', accessEnd: month(2) + graceMs })
    expect(noticesIn(writes)).toEqual(['subscription.renewed'])
    expect(writes).toContainEqual({ row: 'priceCount', priceId: 'starter-month', by: 1 })
    expect(noticesIn(told([{ ...active, period: period(1) }], now, expired()).writes)).toEqual([
      'subscription.reactivated',
    ])
  })

  it.each<[string, ProviderNews]>([
    ['a state alone', active],
    ['a period that is over too', { ...charged, period: { start: end, end: end + 1 } }],
    ['an end', { at: t, state: 'ended', isCanceled: true }],
  ])('but not with %s', (_, news) => {
    expect(told([news], end + graceMs + hourMs, expired()).scene.subscription.status).toBe('expired')
  })

  it('nor once it was cancelled, here or there', () => {
    const canceled = broughtOver({ status: 'canceled', autoRenew: false, endedAt: t })
    expect(told([{ ...charged, at: t + 1 }], t + 1, canceled).scene.subscription.status).toBe('canceled')
  })

  it('nor while the account is on another plan: it is noted, and its money has its line', () => {
    const scene = expired()
    const bought = sceneOf({ terms: growth, at: end + graceMs }).account
    const { scene: after, lines } = told([charged], end + graceMs + hourMs, {
      ...scene,
      account: { ...bought, ver: 7 },
    })
    expect(after.subscription).toMatchObject({ status: 'expired', periodEnd: end, heard: { state: 'active', at: t } })
    expect(after.account).toMatchObject({ plan: growth, ver: 7 })
    expect(lines.size).toBe(1)
  })

  it('is never taken up without its terms', () => {
    const run = () => planFollow(expired(), charged, { lineId: 'his_x', historyId: 'his_y' }, end + graceMs)
    expect(run).toThrow('with its terms')
  })
})
