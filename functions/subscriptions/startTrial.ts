import { startTrial } from '#operations/subscriptions'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { given } from '#runtime/request'
import type { Run } from '#runtime/run'
import { beginTrial } from '#runtime/trial'

export const run: Run<typeof startTrial> = (input, deps) => {
  const { priceId, ...rest } = input.body
  return beginTrial(deps, input, { priceId, ...given(rest) })
}

export const handler = httpHandler(startTrial, run, live(catalogue))
