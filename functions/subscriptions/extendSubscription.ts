import { planExtend } from '#domain/subscriptionSchedule'
import { presentPeriod } from '#domain/subscriptionState'
import { extendSubscription } from '#operations/subscriptions'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { termsOfPlan } from '#runtime/planTerms'
import type { Run } from '#runtime/run'
import { askedStep } from '#runtime/subscriptionStep'

export const run: Run<typeof extendSubscription> = (input, deps) => {
  const { until, reason } = input.body
  return askedStep(extendSubscription, input, deps, {
    plan: async ({ scene }, now) => {
      const terms = await termsOfPlan(deps, presentPeriod(scene.subscription, now))
      return planExtend(scene, Date.parse(until), now, terms)
    },
    answer: (view) => view,
    reason,
  })
}

export const handler = httpHandler(extendSubscription, run, live(catalogue))
