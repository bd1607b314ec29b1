import { getSubscription } from '#operations/subscriptions'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { loadSubscriptionView } from '#runtime/subscriptionView'

export const run: Run<typeof getSubscription> = (input, deps) => loadSubscriptionView(deps, input)

export const handler = httpHandler(getSubscription, run, live(catalogue))
