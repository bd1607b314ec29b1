import { changeSubscription } from '#operations/subscriptions'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { settings } from '#runtime/liveSettings'
import { changePlan } from '#runtime/planChange'
import { given } from '#runtime/request'
import type { Run } from '#runtime/run'

export const run: Run<typeof changeSubscription> = (input, deps) => {
  const { priceId, ...rest } = input.body
  return changePlan(deps, changeSubscription, input, { priceId, ...given(rest) })
}

export const handler = httpHandler(changeSubscription, run, live(catalogue, settings, payments))
