import { planCancel } from '#domain/subscriptionEnd'
import { cancelSubscription } from '#operations/subscriptions'
import { takeGrantBack } from '#runtime/grantEnded'
import { historyIds } from '#runtime/historyId'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import { given } from '#runtime/request'
import type { Run } from '#runtime/run'
import { askedStep } from '#runtime/subscriptionStep'

export const run: Run<typeof cancelSubscription> = async (input, deps) => {
  const { when, ...rest } = input.body
  const cancellation = { when, ...given(rest) }
  // Staff gave it, staff take it back: there is no end of what is paid.
  const isTakenBack = input.identity.kind === 'staff' && when === 'now'
  const ended = isTakenBack ? await takeGrantBack(cancelSubscription, input, deps, cancellation.reason) : undefined
  if (ended) return ended
  return askedStep(cancelSubscription, input, deps, {
    plan: ({ scene }, now) => planCancel(scene, cancellation, historyIds(deps), now),
    answer: (view) => view,
    reason: cancellation.reason,
  })
}

export const handler = httpHandler(cancelSubscription, run, live(catalogue))
