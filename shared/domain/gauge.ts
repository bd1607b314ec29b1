import type { ConsumptionPlan } from './consumption.ts'
import { type Entitlement, isOn } from './entitlement.ts'
import { type Standing, standingOf } from './usage.ts'

export type GaugePlan = { kind: 'set'; standing: Standing } | Extract<ConsumptionPlan, { kind: 'refused' }>

/**
 * Sets a gauge (seats, storage). More than the limit is refused; going down is always allowed, also while still above a
 * limit that a smaller plan brought.
 */
export function planGauge(
  { terms, term }: Pick<Entitlement, 'terms' | 'term'>,
  value: number,
  current: number,
): GaugePlan {
  const limit = term?.kind === 'gauge' ? term.limit : 0
  const refuse = (reason: 'subscription_inactive' | 'feature_not_in_plan' | 'usage_limit_reached'): GaugePlan => ({
    kind: 'refused',
    reason,
    standing: standingOf(limit, current, { end: null }),
    balance: 0,
    available: 0,
    required: 0,
  })
  if (!terms) return refuse('subscription_inactive')
  if (term?.kind !== 'gauge' || !isOn(term)) return refuse('feature_not_in_plan')
  if (limit !== 'unlimited' && value > limit && value > current) return refuse('usage_limit_reached')
  return { kind: 'set', standing: standingOf(limit, value, { end: null }) }
}
