import { planPreferences, preferencesView } from '#domain/account'
import { assertNotSuspended } from '#domain/entitlement'
import { notFound } from '#errors/problem'
import { setPreferences } from '#operations/accounts'
import { changeAccount } from '#runtime/accountChange'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'

export const run: Run<typeof setPreferences> = async (input, deps) => {
  const { notifications, ...others } = input.body
  const account = await changeAccount(deps, input, setPreferences.id, (current, now) => {
    // A customer's first write makes the account; a server makes one by PUT alone.
    if (current.ver === 0 && input.identity.kind !== 'customer') throw notFound('account')
    assertNotSuspended(current)
    return planPreferences(current, { ...notifications, ...others }, now)
  })
  return preferencesView(account.preferences)
}

export const handler = httpHandler(setPreferences, run, live(catalogue))
