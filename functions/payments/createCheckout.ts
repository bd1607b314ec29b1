import { createCheckout } from '#operations/payments'
import { buy } from '#runtime/buy'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { settings } from '#runtime/liveSettings'
import { given } from '#runtime/request'
import type { Run } from '#runtime/run'

export const run: Run<typeof createCheckout> = (input, deps) => buy(deps, input, given(input.body))

export const handler = httpHandler(createCheckout, run, live(catalogue, settings, payments))
