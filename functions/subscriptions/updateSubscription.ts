import { planAutoRenew } from '#domain/subscriptionEnd'
import { updateSubscription } from '#operations/subscriptions'
import { historyIds } from '#runtime/historyId'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { termsOfPlan } from '#runtime/planTerms'
import { loadRenewalMethod } from '#runtime/renewalMethod'
import type { Run } from '#runtime/run'
import { askedStep } from '#runtime/subscriptionStep'

export const run: Run<typeof updateSubscription> = (input, deps) =>
  askedStep(updateSubscription, input, deps, {
    plan: async ({ scene }, now) => {
      const [terms, method] = await Promise.all([
        termsOfPlan(deps, scene.subscription),
        loadRenewalMethod(deps, input.accountId, scene.subscription),
      ])
      return planAutoRenew(scene, input.body.autoRenew, { terms, method }, historyIds(deps), now)
    },
    answer: (view) => view,
  })

export const handler = httpHandler(updateSubscription, run, live(catalogue))
