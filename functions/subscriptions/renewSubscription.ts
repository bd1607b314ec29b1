import { renewSubscription } from '#operations/subscriptions'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { settings } from '#runtime/liveSettings'
import { renewByHand } from '#runtime/manualRenewal'
import { given } from '#runtime/request'
import type { Run } from '#runtime/run'

export const run: Run<typeof renewSubscription> = (input, deps) => renewByHand(deps, input, given(input.body))

export const handler = httpHandler(renewSubscription, run, live(catalogue, settings, payments))
