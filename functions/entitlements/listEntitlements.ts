import { listEntitlements } from '#operations/entitlements'
import { entitlementLine } from '#runtime/entitlementLine'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { loadFeatures } from '#runtime/standing'

export const run: Run<typeof listEntitlements> = async (input, deps) => {
  const { account, terms, features } = await loadFeatures(input, deps)
  return { planId: terms?.planId ?? null, features: features.map((one) => entitlementLine(one, account)) }
}

export const handler = httpHandler(listEntitlements, run, live(catalogue))
