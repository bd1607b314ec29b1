import type { ChangeContext, ChangePlan } from '#domain/planChange'
import { noTax } from '#domain/tax'
import { growth, rule, sceneOf, termsOf } from './subscriptionSupport.ts'

export const { subscription } = sceneOf()
/** An upgrade of that subscription, unless something else is said. */
export const context = (over: Partial<ChangeContext> = {}): ChangeContext => ({
  subscription,
  from: termsOf(),
  to: growth,
  tax: noTax,
  creditMinor: 0,
  rule,
  ...over,
})
/** A change that takes effect at once. */
export const now = (plan: ChangePlan): Extract<ChangePlan, { kind: 'now' }> => {
  if (plan.kind !== 'now') throw new Error(`not now: ${plan.kind}`)
  return plan
}
