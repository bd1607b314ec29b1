import { accountView, planAccountChange } from '#domain/account'
import { assertNotSuspended } from '#domain/entitlement'
import { updateAccount } from '#operations/accounts'
import { termsNow } from '#runtime/account'
import { changeAccount } from '#runtime/accountChange'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'

export const run: Run<typeof updateAccount> = async (input, deps) => {
  const account = await changeAccount(deps, input, updateAccount.id, (current, now) => {
    assertNotSuspended(current)
    return planAccountChange(current, input.body, now)
  })
  const terms = await termsNow(account, deps)
  return accountView(account, terms?.planId ?? null, deps.clock.now())
}

export const handler = httpHandler(updateAccount, run, live(catalogue))
