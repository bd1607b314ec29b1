import { planExtend } from '#domain/subscriptionSchedule'
import { extendSubscription } from '#operations/subscriptions'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { askedStep } from '#runtime/subscriptionStep'

export const run: Run<typeof extendSubscription> = (input, deps) => {
  const { until, reason } = input.body
  return askedStep(extendSubscription, input, deps, {
    plan: ({ scene }, now) => planExtend(scene, Date.parse(until), now),
    answer: (view) => view,
    reason,
  })
}

export const handler = httpHandler(extendSubscription, run, live(catalogue))
