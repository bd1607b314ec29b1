import { planReactivate } from '#domain/subscriptionEnd'
import { reactivateSubscription } from '#operations/subscriptions'
import { historyIds } from '#runtime/historyId'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { termsOfPlan } from '#runtime/planTerms'
import type { Run } from '#runtime/run'
import { askedStep, hasMethod } from '#runtime/subscriptionStep'

export const run: Run<typeof reactivateSubscription> = (input, deps) =>
  askedStep(reactivateSubscription, input, deps, {
    plan: async ({ scene }, now) => {
      const [terms, known] = await Promise.all([
        termsOfPlan(deps, scene.subscription),
        hasMethod(deps, input.accountId),
      ])
      return planReactivate(scene, { terms, hasMethod: known }, historyIds(deps), now)
    },
    answer: (view) => view,
  })

export const handler = httpHandler(reactivateSubscription, run, live(catalogue))
