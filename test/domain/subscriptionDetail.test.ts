import { describe, expect, it } from 'vitest'
import { subscriptionDetail } from '#domain/subscriptionDetail'
import { graceMs } from '#domain/subscriptionState'
import { dayMs } from '#domain/zone'
import { at, sceneOf, start } from './subscriptionSupport.ts'

const end = at('2025-07-01T00:00:00Z')
const now = start + dayMs

describe('what is shown', () => {
  it('follows the instant, not the last job', () => {
    const { subscription } = sceneOf()
    const shown = (instant: number) => subscriptionDetail(subscription, { a: 1 }, instant)
    expect(shown(now)).toEqual({
      id: 'sub_1',
      planId: 'starter',
      priceId: 'starter-month',
      status: 'active',
      complimentary: false,
      currentPeriodStart: '2025-06-01T00:00:00.000Z',
      currentPeriodEnd: '2025-07-01T00:00:00.000Z',
      paidUntil: '2025-07-01T00:00:00.000Z',
      daysRemaining: 29,
      cancelAtPeriodEnd: false,
      autoRenew: true,
      scheduledChange: null,
      canceledAt: null,
      cancelReason: null,
      trial: false,
      pausedAt: null,
      managedBy: null,
      paymentMethodId: 'pmt_0',
      features: { a: 1 },
      createdAt: '2025-06-01T00:00:00.000Z',
      endedAt: null,
    })
    expect(shown(end)).toMatchObject({ status: 'past_due', daysRemaining: 0, autoRenew: true })
    expect(shown(end + graceMs)).toMatchObject({ status: 'expired', daysRemaining: 0, autoRenew: false })
  })
})
