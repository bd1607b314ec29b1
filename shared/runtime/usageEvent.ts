import type * as z from 'zod/mini'
import type { ConsumptionPlan, ConsumptionReason } from '#domain/consumption'
import { type Guard, guardOf, requestHash } from '#domain/guard'
import type { UpgradeOffer } from '#domain/terms'
import type { Standing } from '#domain/usage'
import { Problem } from '#errors/problem'
import { type recordUsage, usageEvent } from '#operations/usage'
import type { Call } from '#table/wallets'
import { checkStanding } from './checkAnswer.ts'
import { consume, type Verdict } from './consume.ts'
import type { Deps } from './deps.ts'
import { giveBack } from './giveBack.ts'
import { callOf } from './guarded.ts'
import type { Input, Reply } from './run.ts'
import type { FeatureStanding } from './standing.ts'

type Body = z.output<NonNullable<(typeof recordUsage)['body']>>
export type CloudEvent = Extract<Body, { specversion: string }>
export type UsageEvent = z.output<typeof usageEvent>

/** A use as a call reports it, under its guard. */
export interface EventCall {
  event: UsageEvent
  guard: Guard
  call: Call
}

export interface UsageResult extends Pick<Standing, 'used' | 'remaining' | 'resetsAt'> {
  usageId: string
  feature: string
  limit: Standing['limit'] | null
}

const family = 'recordUsage'

export const eventCall = (input: Input, event: UsageEvent): EventCall => ({
  event,
  guard: guardOf(input.key.class, family, input.key.text),
  call: callOf(input),
})

/** A CloudEvent is its own key: `source` and `id`, whatever header comes with it; sent again alone or in a batch, it is the same event. */
export function cloudEventCall(input: Input, { source, id, time, data }: CloudEvent): EventCall {
  const key = JSON.stringify([source, id])
  const event = { ...data, ...(time !== undefined && { at: time }) }
  return {
    event,
    guard: guardOf(input.key.class, `${family} cloudEvent`, key),
    call: { ...callOf(input), key, hash: requestHash([input.accountId, event]) },
  }
}

/** Counts one event, or gives back what an earlier one took. @throws Problem why not. */
export async function recordEvent(
  input: Input,
  deps: Deps,
  { event, guard, call }: EventCall,
): Promise<UsageResult | Reply<UsageResult>> {
  if (event.quantity < 0) return giveBack(input, deps, { event, guard, call })
  const at = event.at === undefined ? undefined : Date.parse(event.at)
  return consume<UsageResult>(input, deps, {
    feature: event.feature,
    ...(at !== undefined && { at }),
    guard,
    call,
    own: { metadata: event.metadata, callerReference: event.reference },
    decide: (standing) => decide(event, guard, standing, at ?? standing.now),
    refuse: async (plan, standing) => {
      const { feature, quantity } = event
      const question = { feature, quantity, consume: false, rate: false }
      const { answer } = checkStanding(question, standing, standing.now, await deps.catalogue())
      const problem = problemOf(plan, standing, answer.upgrade)
      return isLasting(plan.reason) ? { kind: 'refuse', problem } : { kind: 'forbid', problem }
    },
  })
}

function decide(event: UsageEvent, guard: Guard, standing: FeatureStanding, at: number): Verdict<UsageResult> {
  if (standing.account.suspended) return { kind: 'forbid', problem: suspended() }
  if (standing.kind !== 'metered') {
    throw new Problem('validation_failed', 'feature: is not metered', {
      errors: [{ path: 'feature', message: `is a ${standing.kind}: nothing is counted there` }],
    })
  }
  const { feature, quantity, outcome, durationMs } = event
  return {
    kind: 'take',
    request: { guard, feature, quantity, at, outcome, ...(durationMs !== undefined && { durationMs }) },
    answer: ({ counted }, usageId) => {
      if (!counted) throw new Error('a metered use was not counted')
      return { usageId, feature, ...counted.standing }
    },
  }
}

/**
 * Refusals that are final for the caller's key. What time, a clock that runs ahead or a payment mends is not among them:
 * an event keeps its source and id, and would be lost for good.
 */
export const isLasting = (reason: ConsumptionReason): boolean =>
  reason === 'usage_limit_reached' || reason === 'insufficient_credits' || reason === 'feature_not_in_plan'

export const suspended = (): Problem => new Problem('account_suspended', 'The account is suspended.')

/** A refused use as the caller reads it; `upgrade`: the plan that would allow it. */
export function problemOf(
  { reason, standing, balance, available, required }: Extract<ConsumptionPlan, { kind: 'refused' }>,
  { entitlement }: Pick<FeatureStanding, 'entitlement'>,
  upgrade?: UpgradeOffer,
): Problem {
  const { feature } = entitlement
  const offer = upgrade && { upgrade }
  switch (reason) {
    case 'subscription_inactive':
      return new Problem('payment_required', 'The account has no live subscription.', { ...offer })
    case 'feature_not_in_plan':
      return new Problem('feature_not_in_plan', `The plan does not include "${feature}".`, { ...offer })
    case 'usage_limit_reached': {
      const { limit, used, resetsAt } = standing ?? {}
      return new Problem('usage_limit_reached', `The limit of "${feature}" is reached.`, {
        limit,
        used,
        resetsAt,
        ...offer,
      })
    }
    case 'insufficient_credits':
      return new Problem('insufficient_credits', `This needs ${required} credits; ${available} are available.`, {
        balance,
        required,
        ...offer,
      })
    case 'suspended':
      return suspended()
    case 'at_out_of_range':
      return new Problem('validation_failed', 'at: lies in the future or more than 35 days back', {
        errors: [{ path: 'at', message: 'lies in the future or more than 35 days back' }],
      })
  }
}
