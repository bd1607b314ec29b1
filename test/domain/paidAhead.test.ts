import { describe, expect, it } from 'vitest'
import { entitlementAt, entitlementView } from '#domain/entitlement'
import { renewalOrder, renewalSubject } from '#domain/renewal'
import { planAdvance, renewalPaid } from '#domain/renewalPaid'
import { planCancel } from '#domain/subscriptionEnd'
import { graceMs, presentPeriod } from '#domain/subscriptionState'
import type { SubscriptionScene } from '#domain/subscriptionWrite'
import { noTax } from '#domain/tax'
import { isoOf, windowAt } from '#domain/time'
import { viewWallet } from '#domain/walletView'
import { minuteMs } from '#domain/zone'
import { applied, at, free, ids, paymentFor, rule, sceneOf, start, termsOf } from './subscriptionSupport.ts'

const end = at('2025-07-01T00:00:00Z')
const second = at('2025-08-01T00:00:00Z')
const third = at('2025-09-01T00:00:00Z')
const emails = { kind: 'metered', limit: 10, window: 'period', warnAt: 0.8 } as const
const terms = termsOf({ features: { emails } })

/** Renewed once more, at an instant. */
function renewed(scene: SubscriptionScene, now: number): SubscriptionScene {
  const { subscription } = scene
  const priced = renewalOrder({ subscription, terms, overage: [], tax: noTax, creditMinor: 0, rule }, now)
  if (!priced) throw new Error('there is nothing to pay')
  const payment = paymentFor('renewal', priced.order, renewalSubject(subscription), { id: `fpay_${now}` })
  const effect = renewalPaid(scene, payment, terms, ids, now)
  if (effect.kind !== 'lawful') throw new Error('the renewal has no effect')
  return applied(scene, effect.writes)
}

const emailsAt = ({ account }: SubscriptionScene, now: number) =>
  entitlementView(entitlementAt(account, 'emails', now, free), 'metered', 0)
const windowOf = ({ account }: SubscriptionScene, now: number) => entitlementAt(account, 'emails', now, free).window?.id
const creditsAt = ({ wallet }: SubscriptionScene, now: number) => viewWallet(wallet, now, windowAt).balance

describe('a period that was paid ahead', () => {
  const once = renewed(sceneOf({ terms }), start + 1)
  const twice = renewed(once, start + 2)

  it.each([
    [-1, start, end],
    [0, end, second],
    [1, end, second],
    [5 * minuteMs, end, second],
  ])('begins on time though no job has run: %i ms', (offset, from, until) => {
    for (const scene of [once, twice]) {
      expect(windowOf(scene, end + offset)).toBe(`period#${isoOf(from)}`)
      expect(emailsAt(scene, end + offset).resetsAt).toBe(isoOf(until))
      expect(creditsAt(scene, end + offset)).toBe(100)
    }
  })

  it('is followed by the next, and the last one by grace', () => {
    expect(windowOf(twice, second)).toBe(`period#${isoOf(second)}`)
    expect(creditsAt(twice, second)).toBe(100)
    expect(windowOf(twice, third)).toBe(`period#${isoOf(second)}`)
    expect(emailsAt(twice, third).resetsAt).toBe(isoOf(third + graceMs))
    expect(creditsAt(twice, third)).toBe(0)
    expect(creditsAt(once, second)).toBe(0)
  })

  it('gives its credits once, whether its job is early, late or several periods late', () => {
    for (const now of [end, end + 15 * minuteMs, second - 1]) {
      const begun = applied(once, planAdvance(once, undefined, now).writes)
      expect(begun.account.period).toMatchObject({ start: end, end: second })
      expect(begun.account.period?.ahead).toBeUndefined()
      expect(creditsAt(begun, now)).toBe(100)
      expect(windowOf(begun, now)).toBe(windowOf(once, now))
      expect(windowOf(begun, end - 1)).toBe(windowOf(once, end - 1))
    }
    const first = applied(twice, planAdvance(twice, undefined, second + 1).writes)
    const both = applied(first, planAdvance(first, undefined, second + 1).writes)
    expect(both.subscription).toMatchObject({ periodStart: second, periodEnd: third })
    expect(presentPeriod(twice.subscription, second + 1)).toMatchObject({ periodStart: second })
    expect(creditsAt(both, second + 1)).toBe(100)
    for (const instant of [end - 1, end, second - 1, second])
      expect(windowOf(both, instant)).toBe(windowOf(twice, instant))
  })

  it('does not begin once the plan was cancelled', () => {
    const canceled = applied(once, planCancel(once, { when: 'now' }, ids, end - 5).writes)
    expect(creditsAt(canceled, end + 1)).toBe(20)
  })
})
