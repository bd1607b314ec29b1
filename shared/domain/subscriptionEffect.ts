import { canonicalJson } from './guard.ts'
import type { Payment } from './payment.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import { changePaid } from './planChangePaid.ts'
import { carriedAfter } from './renewal.ts'
import { renewalPaid } from './renewalPaid.ts'
import type { AccountCredit } from './settlementCredit.ts'
import type { OtherEffect } from './settlementEffect.ts'
import { type PaidBy, type SubscriptionScene, written } from './subscriptionWrite.ts'
import type { PlanTerms } from './terms.ts'

export interface SubscriptionEffectInput {
  /** Absent: the subscription that the payment is for is gone. */
  scene: SubscriptionScene | undefined
  credit: AccountCredit | undefined
  /** Of the price that was paid; absent for overage. */
  terms: PlanTerms | undefined
  by: PaidBy
}

/**
 * What a payment for a subscription does: settlement's `other`, for renewals, changes and overage. Undefined for any other
 * payment.
 * @throws MoreIsDue when the wallet has to be settled first; Error without the terms of what was paid: a defect.
 */
export function subscriptionEffect(
  input: SubscriptionEffectInput,
  payment: Payment,
  now: number,
): OtherEffect | undefined {
  const { scene, credit, terms, by } = input
  if (payment.subject.kind !== 'subscription') return undefined
  if (!scene || scene.subscription.id !== payment.subject.subscriptionId)
    return { kind: 'unlawful', reason: 'overtaken' }
  // Use that was made is owed, whatever became of the plan.
  if (payment.type === 'overage') return { kind: 'lawful', writes: cleared(scene, payment, now) }
  if (!terms) throw new Error('a renewal or change needs the terms of its price')
  return payment.type === 'plan_change'
    ? changePaid({ ...scene, credit }, payment, terms, by, now)
    : renewalPaid(scene, payment, terms, by, now)
}

/** What the order had carried over is paid. */
function cleared(scene: SubscriptionScene, payment: Payment, now: number): PaymentWrite[] {
  const { carried: before = [], ...rest } = scene.subscription
  const carried = carriedAfter(scene.subscription, payment)
  if (canonicalJson(carried) === canonicalJson(before)) return []
  return written(scene, { next: { ...rest, ...(carried.length > 0 && { carried }) } }, now).writes
}
