import { planAutoRenew } from '#domain/subscriptionEnd'
import { updateSubscription } from '#operations/subscriptions'
import { historyIds } from '#runtime/historyId'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { termsOfPlan } from '#runtime/planTerms'
import type { Run } from '#runtime/run'
import { askedStep, hasMethod } from '#runtime/subscriptionStep'

export const run: Run<typeof updateSubscription> = (input, deps) =>
  askedStep(updateSubscription, input, deps, {
    plan: async ({ scene }, now) => {
      const [terms, known] = await Promise.all([
        termsOfPlan(deps, scene.subscription),
        hasMethod(deps, input.accountId),
      ])
      return planAutoRenew(scene, input.body.autoRenew, { terms, hasMethod: known }, historyIds(deps), now)
    },
    answer: (view) => view,
  })

export const handler = httpHandler(updateSubscription, run, live(catalogue))
