import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ProviderNews } from '#domain/subscriptionFollow'
import { dayMs, hourMs } from '#domain/zone'
import { month, paid, period, told } from './subscriptionFollowSupport.ts'

/** A year at a provider, as it tells of it: the order in which it happens. */
const manners = ['razorpay', 'paystack', 'stripe'] as const
const year = fc
  .record({
    manner: fc.constantFrom(...manners),
    months: fc.array(
      fc.record({
        failures: fc.integer({ min: 0, max: 2 }),
        isPaid: fc.boolean(),
        said: fc.constantFrom('nothing', 'asked', 'kept', 'paused', 'resumed'),
        isTied: fc.boolean(),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    ends: fc.constantFrom('no', 'canceled', 'run out'),
  })
  .map(({ manner, months, ends }): ProviderNews[] => {
    const isSnapshot = manner !== 'paystack'
    const all: ProviderNews[] = []
    let last = month(1)
    for (const [index, { failures, isPaid, said, isTied }] of months.entries()) {
      const k = index + 1
      const span = isSnapshot ? { period: period(k) } : {}
      let now = month(k)
      const say = (news: Omit<ProviderNews, 'at'>, later = dayMs) => {
        now += later
        all.push({ at: now, ...news })
      }
      if (manner === 'stripe') say({ state: 'active', endsAtPeriodEnd: false, ...span })
      for (let count = 0; count < failures; count++) say({ state: 'past_due', ...span })
      if (isPaid) {
        say({ state: 'active', period: period(k), paid: paid(k) }, isTied ? 0 : dayMs)
        if (isSnapshot) say({ state: 'active', endsAtPeriodEnd: false, ...span }, 0)
      }
      const flags = { asked: true, kept: false }
      if (said === 'asked' || said === 'kept')
        say({ state: 'active', endsAtPeriodEnd: flags[said], ...(isPaid && span) })
      if (said === 'paused' || said === 'resumed')
        say({ state: said === 'paused' ? 'paused' : 'active', endsAtPeriodEnd: false, ...(isPaid && span) })
      last = now
    }
    const span = isSnapshot ? { period: period(months.length) } : {}
    if (ends !== 'no') all.push({ at: last + dayMs, state: 'ended', isCanceled: ends === 'canceled', ...span })
    return all
  })

describe('in any order', () => {
  it('a year’s events end in the same state, each told once or twice', () => {
    const shuffled = year.chain((news) =>
      fc.record({
        news: fc.constant(news),
        order: fc.shuffledSubarray([...news, ...news], { minLength: news.length * 2, maxLength: news.length * 2 }),
      }),
    )
    const outcome = (news: ProviderNews[]) => {
      const now = Math.max(...news.map(({ at: when }) => when)) + hourMs
      const { scene, lines } = told(news, now)
      const { status, periodStart, periodEnd, autoRenew, canceledAt, endedAt, heard } = scene.subscription
      const { plan, subscriptionId, accessEnd, period: span } = scene.account
      return {
        ...{ status, periodStart, periodEnd, autoRenew, canceledAt, endedAt, heard, subscriptionId, accessEnd },
        plan: plan?.planId,
        span: subscriptionId === undefined ? null : [span?.start, span?.end],
        lines: [...lines.values()].sort((one, other) => (one.id < other.id ? -1 : 1)),
      }
    }
    fc.assert(
      fc.property(shuffled, ({ news, order }) => {
        expect(outcome(order)).toEqual(outcome(news))
      }),
      { numRuns: 150 },
    )
  })

  it('every bill that was paid has its line, and no other has', () => {
    fc.assert(
      fc.property(year, (news) => {
        const bills = new Set(news.flatMap((one) => (one.paid ? [one.paid.providerPaymentId] : [])))
        const { lines } = told(news, month(14))
        const booked = [...lines.values()].filter(({ kind }) => kind === 'renewal')
        expect(booked.map(({ providerPaymentId }) => providerPaymentId).sort()).toEqual([...bills].sort())
      }),
      { numRuns: 100 },
    )
  })
})
