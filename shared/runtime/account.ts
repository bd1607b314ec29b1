import { type Account, newAccount } from '#domain/account'
import { newWallet } from '#domain/accountWallet'
import { fallbackPlan, termsAt } from '#domain/catalogueTerms'
import { isPlanLive, liveTerms } from '#domain/entitlement'
import type { PlanTerms } from '#domain/terms'
import type { Wallet } from '#domain/walletState'
import { notFound } from '#errors/problem'
import { findAccount } from '#table/accounts'
import { walletKey } from '#table/keys'
import { readWallet } from '#table/wallets'
import type { Deps } from './deps.ts'
import type { Input } from './run.ts'

/** The plan of whoever has none: from the catalogue in memory, and only read where it is needed. */
export async function fallbackTerms(deps: Pick<Deps, 'catalogue'>): Promise<PlanTerms | null> {
  const published = await deps.catalogue()
  const plan = fallbackPlan(published.catalogue)
  return plan ? termsAt(published, plan) : null
}

/**
 * The account of the call. A login that never wrote anything reads as an account on the fallback plan would (`ver` 0);
 * a server's unknown account is not found.
 */
export async function loadAccount(
  input: Pick<Input, 'accountId' | 'identity'>,
  deps: Deps,
  options?: { consistent?: boolean },
): Promise<Account> {
  const found = await findAccount(deps.table, input.accountId, options)
  if (found) return found
  if (input.identity.kind !== 'customer') throw notFound('account')
  return newAccount(input.accountId, await fallbackTerms(deps), deps.clock.now())
}

/** The terms that hold for an account now; the catalogue is asked only when its own plan has ended. */
export async function termsNow(account: Account, deps: Deps): Promise<PlanTerms | null> {
  const now = deps.clock.now()
  return liveTerms(account, now, isPlanLive(account, now) ? null : await fallbackTerms(deps))
}

/** The wallet of the call's account; a login that never wrote has the one that its first write would make. */
export async function loadWallet(input: Pick<Input, 'accountId' | 'identity'>, deps: Deps): Promise<Wallet> {
  const item = await deps.table.get(walletKey(input.accountId))
  if (item) return readWallet(item).wallet
  const account = await loadAccount(input, deps)
  return newWallet(account, await fallbackTerms(deps), deps.clock.now()).wallet
}
