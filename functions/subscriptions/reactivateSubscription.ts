import { planReactivate } from '#domain/subscriptionEnd'
import { reactivateSubscription } from '#operations/subscriptions'
import { historyIds } from '#runtime/historyId'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { termsOfPlan } from '#runtime/planTerms'
import { loadRenewalMethod } from '#runtime/renewalMethod'
import type { Run } from '#runtime/run'
import { askedStep } from '#runtime/subscriptionStep'

export const run: Run<typeof reactivateSubscription> = (input, deps) =>
  askedStep(reactivateSubscription, input, deps, {
    plan: async ({ scene }, now) => {
      const [terms, method] = await Promise.all([
        termsOfPlan(deps, scene.subscription),
        loadRenewalMethod(deps, input.accountId, scene.subscription),
      ])
      return planReactivate(scene, { terms, method }, historyIds(deps), now)
    },
    answer: (view) => view,
  })

export const handler = httpHandler(reactivateSubscription, run, live(catalogue))
