import { preferencesView } from '#domain/account'
import { getPreferences } from '#operations/accounts'
import { loadAccount } from '#runtime/account'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'

export const run: Run<typeof getPreferences> = async (input, deps) => {
  const account = await loadAccount(input, deps)
  return preferencesView(account.preferences)
}

export const handler = httpHandler(getPreferences, run, live(catalogue))
