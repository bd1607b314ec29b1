import { notFound } from '#errors/problem'
import { getEntitlement } from '#operations/entitlements'
import { entitlementLine } from '#runtime/entitlementLine'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { loadFeatures } from '#runtime/standing'

export const run: Run<typeof getEntitlement> = async (input, deps) => {
  const { account, features } = await loadFeatures(input, deps)
  const found = features.find(({ feature }) => feature === input.params.feature)
  if (!found) throw notFound('feature')
  return entitlementLine(found, account)
}

export const handler = httpHandler(getEntitlement, run, live(catalogue))
