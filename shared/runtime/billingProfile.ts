import type { Account } from '#domain/account'
import { assertNotSuspended } from '#domain/entitlement'
import type { Party } from '#domain/invoice'
import { isVisitor } from '#domain/payment'
import { commit } from '#table/commit'
import { accountKey } from '#table/keys'
import { equals, type Write } from '#table/port'
import { type BillingProfile, findProfile, putProfileWrite } from '#table/profiles'
import { loadAccount } from './account.ts'
import { changeAccount } from './accountChange.ts'
import { auditOf } from './audit.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import type { Input } from './run.ts'

/** What a caller may put; whatever is left out is gone. */
export type ProfileBody = Pick<BillingProfile, 'email' | 'name' | 'address' | 'taxId'>

type Named = Pick<Account, 'id' | 'email' | 'name'>

/**
 * Whom a document is made out to: the billing profile; without one, what the account says of itself. A document never
 * lacks a name: an account without one is named by its id.
 */
export const buyerOf = (profile: ProfileBody | undefined, account: Named): Party =>
  profile ? partyOf(profile) : namedParty(account)

const partyOf = ({ name, email, address, taxId }: ProfileBody): Party => ({
  name,
  email,
  address,
  ...(taxId !== undefined && { taxId }),
})

const namedParty = ({ id, name, email }: Named): Party => ({
  name: name ?? email ?? id,
  ...(email !== undefined && { email }),
})

/** The country that decides on tax: the billing address's, else the account's. Undefined: nobody said. */
export async function billingCountry(
  deps: Pick<Deps, 'table'>,
  account: Pick<Account, 'id' | 'country'>,
): Promise<string | undefined> {
  const profile = isVisitor(account.id) ? undefined : await findProfile(deps.table, account.id, { consistent: true })
  return billingCountryOf(profile, account)
}

export const billingCountryOf = (
  profile: Pick<BillingProfile, 'address'> | undefined,
  account: Pick<Account, 'country'>,
): string | undefined => profile?.address.country ?? account.country

/** The profile as answers show it; without one, what invoices would say. */
export const profileView = (profile: ProfileBody | undefined, account: Pick<Account, 'email' | 'name'>) => ({
  email: profile?.email ?? account.email ?? null,
  name: profile?.name ?? account.name ?? null,
  address: profile?.address ?? null,
  taxId: profile?.taxId ?? null,
})

/**
 * Puts the profile, whole. A login's first write makes its account.
 * @throws Problem `account_suspended`, `not_found` for an account that a server did not make.
 */
export async function putProfile(deps: Deps, input: Input, body: ProfileBody): Promise<BillingProfile> {
  await accountFor(deps, input)
  return contend(deps, async () => {
    const account = await loadAccount(input, deps, { consistent: true })
    assertNotSuspended(account)
    const seen = await findProfile(deps.table, account.id, { consistent: true })
    const next = nextProfile(account.id, body, seen, deps.clock.now())
    const outcome = await commit(deps.table, [
      putProfileWrite(next, seen?.ver ?? 0),
      stillActive(account.id),
      // Which members, not what is in them: they are personal.
      auditOf(input, deps, {
        action: 'putBillingProfile',
        entity: 'billingProfile',
        entityId: account.id,
        after: { members: Object.keys(body).sort() },
      }),
    ])
    return outcome.committed ? next : again
  })
}

/** Closes the race with a suspension between reading and writing. */
export const stillActive = (accountId: string): Write => ({
  kind: 'check',
  key: accountKey(accountId),
  when: equals('suspended', false),
})

/** Whoever changes something about payments has an account: a login's first write makes it. */
export async function accountFor(deps: Deps, input: Input): Promise<void> {
  const account = await loadAccount(input, deps)
  if (account.ver > 0) return
  await changeAccount(deps, input, 'makeAccount', (seen, now) => ({ ...seen, ver: seen.ver + 1, updatedAt: now }))
}

const nextProfile = (
  accountId: string,
  body: ProfileBody,
  seen: BillingProfile | undefined,
  now: number,
): BillingProfile => ({
  ...body,
  accountId,
  createdAt: seen?.createdAt ?? now,
  updatedAt: now,
  ver: (seen?.ver ?? 0) + 1,
})
