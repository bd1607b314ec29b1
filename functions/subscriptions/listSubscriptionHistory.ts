import { listSubscriptionHistory } from '#operations/subscriptions'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { pageOfHistory } from '#runtime/subscriptionHistory'

export const run: Run<typeof listSubscriptionHistory> = (input, deps) => pageOfHistory(deps, input, input.query)

export const handler = httpHandler(listSubscriptionHistory, run, live(catalogue))
