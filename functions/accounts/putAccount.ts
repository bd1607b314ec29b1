import { accountView, planAccountChange } from '#domain/account'
import { assertNotSuspended } from '#domain/entitlement'
import { isVisitor } from '#domain/payment'
import { Problem } from '#errors/problem'
import { putAccount } from '#operations/accounts'
import { termsNow } from '#runtime/account'
import { changeAccount } from '#runtime/accountChange'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'

const visitor = 'accountId: anon_… names a visitor, who has no account'

export const run: Run<typeof putAccount> = async (input, deps) => {
  if (isVisitor(input.accountId))
    throw new Problem('validation_failed', visitor, { errors: [{ path: 'accountId', message: visitor }] })
  const account = await changeAccount(deps, input, putAccount.id, (current, now) => {
    assertNotSuspended(current)
    return planAccountChange(current, input.body, now)
  })
  const terms = await termsNow(account, deps)
  return accountView(account, terms?.planId ?? null, deps.clock.now())
}

export const handler = httpHandler(putAccount, run, live(catalogue))
