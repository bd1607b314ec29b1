import { addPaymentMethod } from '#operations/paymentHistory'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { settings } from '#runtime/liveSettings'
import { setUpMethod } from '#runtime/methodSetup'
import type { Run } from '#runtime/run'

export const run: Run<typeof addPaymentMethod> = (input, deps) => setUpMethod(deps, input, input.body.provider)

export const handler = httpHandler(addPaymentMethod, run, live(catalogue, settings, payments))
