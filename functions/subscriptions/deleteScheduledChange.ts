import { planUnschedule } from '#domain/subscriptionSchedule'
import { deleteScheduledChange } from '#operations/subscriptions'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { askedStep } from '#runtime/subscriptionStep'

export const run: Run<typeof deleteScheduledChange> = (input, deps) =>
  askedStep(deleteScheduledChange, input, deps, {
    plan: ({ scene }, now) => planUnschedule(scene, now),
    answer: (view) => view,
  })

export const handler = httpHandler(deleteScheduledChange, run, live(catalogue))
