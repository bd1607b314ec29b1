import type { Payment } from '#domain/payment'
import type { PaymentWrite } from '#domain/paymentWrite'
import { type RenewalContext, renewalOrder, renewalSubject } from '#domain/renewal'
import { renewalPaid } from '#domain/renewalPaid'
import type { OtherEffect } from '#domain/settlementEffect'
import type { SubscriptionScene } from '#domain/subscriptionWrite'
import { noTax } from '#domain/tax'
import type { PlanTerms } from '#domain/terms'
import { applied, ids, paymentFor, rule, start, termsOf } from './subscriptionSupport.ts'

export const orderOf = (scene: SubscriptionScene, terms: PlanTerms, over: Partial<RenewalContext> = {}) => {
  const input = { subscription: scene.subscription, terms, overage: [], tax: noTax, creditMinor: 0, rule, ...over }
  const priced = renewalOrder(input, start)
  if (!priced) throw new Error('nothing to ask for')
  return priced
}
export const renewalOf = (scene: SubscriptionScene, terms: PlanTerms, over: Partial<Payment> = {}): Payment => {
  const { order, carried } = orderOf(scene, terms)
  const subject = renewalSubject(scene.subscription, carried)
  return paymentFor('renewal', order, subject, {
    id: `fpay_${scene.subscription.periodIndex}_${order.dueMinor}`,
    ...over,
  })
}
export const writesOf = (effect: OtherEffect): PaymentWrite[] => {
  if (effect.kind !== 'lawful') throw new Error(effect.reason)
  return effect.writes
}
export const renewed = (scene: SubscriptionScene, now: number, terms = termsOf()): SubscriptionScene =>
  applied(scene, writesOf(renewalPaid(scene, renewalOf(scene, terms), terms, ids, now)))
export const iso = (instant: number | null | undefined) =>
  typeof instant === 'number' ? new Date(instant).toISOString() : instant
