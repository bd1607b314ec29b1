import { previewChange } from '#operations/subscriptions'
import { commitAnswer } from '#runtime/answers'
import { contend } from '#runtime/contend'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { payments } from '#runtime/livePayments'
import { settings } from '#runtime/liveSettings'
import { previewPlanChange } from '#runtime/planChange'
import { given } from '#runtime/request'
import type { Run } from '#runtime/run'

export const run: Run<typeof previewChange> = async (input, deps) => {
  const { priceId, ...rest } = input.body
  const preview = await previewPlanChange(deps, input, { priceId, ...given(rest) })
  // Nothing is changed; a key that was given holds its answer, token included.
  return input.key.given ? contend(deps, () => commitAnswer(previewChange, input, deps, [], preview)) : preview
}

export const handler = httpHandler(previewChange, run, live(catalogue, settings, payments))
