import { getBillingProfile } from '#operations/paymentHistory'
import { loadAccount } from '#runtime/account'
import { profileView } from '#runtime/billingProfile'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { findProfile } from '#table/profiles'

export const run: Run<typeof getBillingProfile> = async (input, deps) => {
  const account = await loadAccount(input, deps)
  return profileView(await findProfile(deps.table, account.id, { consistent: true }), account)
}

export const handler = httpHandler(getBillingProfile, run, live(catalogue))
