import { putBillingProfile } from '#operations/paymentHistory'
import { profileView, putProfile } from '#runtime/billingProfile'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'

export const run: Run<typeof putBillingProfile> = async (input, deps) => {
  const profile = await putProfile(deps, input, input.body)
  return profileView(profile, {})
}

export const handler = httpHandler(putBillingProfile, run, live(catalogue))
