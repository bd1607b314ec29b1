import { accountView } from '#domain/account'
import { getAccount } from '#operations/accounts'
import { loadAccount, termsNow } from '#runtime/account'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'

export const run: Run<typeof getAccount> = async (input, deps) => {
  const account = await loadAccount(input, deps)
  const terms = await termsNow(account, deps)
  return accountView(account, terms?.planId ?? null, deps.clock.now())
}

export const handler = httpHandler(getAccount, run, live(catalogue))
