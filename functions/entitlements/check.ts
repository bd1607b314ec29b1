import type { CheckAnswer } from '#domain/entitlement'
import { type Guard, guardOf } from '#domain/guard'
import { check } from '#operations/entitlements'
import { checkStanding } from '#runtime/checkAnswer'
import { takePlanRate } from '#runtime/checkRate'
import { consume, type Verdict } from '#runtime/consume'
import type { Deps } from '#runtime/deps'
import { callOf } from '#runtime/guarded'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { type Input, Reply, type Run } from '#runtime/run'
import type { FeatureStanding } from '#runtime/standing'
import { suspended } from '#runtime/usageEvent'

export const run: Run<typeof check> = async (input, deps) => {
  const guard = guardOf(input.key.class, check.id, input.key.text)
  const limited = input.body.rate ? await takePlanRate(input, deps, guard) : undefined
  if (limited?.refused) return new Reply(limited.refused, { headers: limited.headers })
  const outcome = await consume<CheckAnswer>(input, deps, {
    feature: input.body.feature,
    guard,
    call: callOf(input),
    decide: (standing) => decide(input, deps, guard, standing),
    refuse: ({ reason }, standing) => {
      const { answer } = checkStanding(input.body, standing, standing.now)
      // The wallet's own refusals (suspended) have no word in a check's answer; the account's were told before.
      return {
        kind: 'refuse',
        output: {
          ...answer,
          allowed: false,
          reason: reason === 'usage_limit_reached' ? reason : 'insufficient_credits',
        },
      }
    },
  })
  if (!limited) return outcome
  const reply = outcome instanceof Reply ? outcome : new Reply(outcome)
  return new Reply(reply.output, { headers: { ...reply.headers, ...limited.headers } })
}

/** A question is answered; with `consume` what was allowed is taken. A refusal brings the offer of a better plan. */
async function decide(
  input: Input<typeof check>,
  deps: Deps,
  guard: Guard,
  standing: FeatureStanding,
): Promise<Verdict<CheckAnswer>> {
  if (standing.account.suspended) return { kind: 'forbid', problem: suspended() }
  const { consume: takes, feature, quantity, cost } = input.body
  const { now } = standing
  const { answer, take } = checkStanding(input.body, standing, now)
  if (!answer.allowed) {
    const offered = checkStanding(input.body, standing, now, await deps.catalogue())
    // A question refuses nothing for good, and neither does a subscription that a payment brings back.
    const lasts = takes && answer.reason !== 'subscription_inactive'
    return lasts ? { kind: 'refuse', output: offered.answer } : { kind: 'question', output: offered.answer }
  }
  const takesNothing = !take || (standing.kind !== 'metered' && take.cost === 0)
  if (takesNothing) return { kind: 'answer', output: answer }
  return {
    kind: 'take',
    request: {
      guard,
      feature,
      quantity,
      ...(cost !== undefined && { cost }),
      at: now,
      outcome: 'success',
    },
    answer: (_taken, usageId) => ({ ...answer, usageId }),
  }
}

export const handler = httpHandler(check, run, live(catalogue))
