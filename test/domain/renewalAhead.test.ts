import { describe, expect, it } from 'vitest'
import { nextPlan, planManualRenewal } from '#domain/renewal'
import { isChargeDue } from '#domain/subscriptionDue'
import { planCancel } from '#domain/subscriptionEnd'
import { type BoughtSubscription, presentPeriod } from '#domain/subscriptionState'
import { applied, at, growth, ids, sceneOf, start, termsOf } from './subscriptionSupport.ts'

const end = at('2025-07-01T00:00:00Z')
const scene = sceneOf()
const { planId, priceId, catalogueVersion, interval } =
  [termsOf(), growth].find((terms) => terms.priceId !== scene.subscription.priceId) ?? growth
const other = { planId, priceId, catalogueVersion, interval }
const downgraded: BoughtSubscription = {
  ...scene.subscription,
  ahead: [{ paymentId: 'p', paidMinor: 1, plan: other }],
}

describe('a period that is paid ahead under another plan', () => {
  it('is followed by one of the same plan', () => {
    expect(nextPlan(downgraded)).toEqual(other)
    const later = { ...downgraded, ahead: [...(downgraded.ahead ?? []), { paymentId: 'q', paidMinor: 1 }] }
    expect(nextPlan(later)).toEqual(other)
    expect(planManualRenewal(later, { maxAhead: 12 }, start)).toMatchObject({ plan: other, subject: { priceId } })
  })

  it('is followed by what waits for its end', () => {
    const { planId, priceId, catalogueVersion, interval } = scene.subscription
    const back = { planId, priceId, catalogueVersion, interval }
    expect(nextPlan({ ...downgraded, scheduledChange: { ...back, at: start } })).toEqual(back)
  })

  it('does not begin once the subscription is over', () => {
    const canceled = applied(
      { ...scene, subscription: downgraded },
      planCancel({ ...scene, subscription: downgraded }, { when: 'now' }, ids, start).writes,
    )
    expect(presentPeriod(canceled.subscription, end + 1)).toBe(canceled.subscription)
    expect(presentPeriod(downgraded, end)).toMatchObject({ priceId, status: 'active' })
  })
})

describe('whether the next period is to be charged', () => {
  it.each([
    [-1, false],
    [0, true],
    [1, true],
  ])('%i ms after the end: %s', (afterMs, due) => {
    expect(isChargeDue(scene.subscription, end + afterMs)).toBe(due)
  })

  it('is not, once it was paid', () => {
    const paid = { ...scene.subscription, ahead: [{ paymentId: 'p', paidMinor: 1 }] }
    expect(isChargeDue(paid, end)).toBe(false)
  })
})
