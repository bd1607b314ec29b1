import { type Account, newAccount } from '#domain/account'
import { newWallet } from '#domain/accountWallet'
import { fallbackTermsOf } from '#domain/catalogueTerms'
import { isPlanLive, liveTerms } from '#domain/entitlement'
import type { PlanTerms } from '#domain/terms'
import { windowAt } from '#domain/time'
import { decide } from '#domain/walletDecide'
import type { Entry } from '#domain/walletDraft'
import type { Wallet } from '#domain/walletState'
import { notFound } from '#errors/problem'
import { findAccount } from '#table/accounts'
import { walletKey } from '#table/keys'
import { readWallet } from '#table/wallets'
import type { Deps } from './deps.ts'
import type { Input } from './run.ts'

/** The plan of whoever has none: from the catalogue in memory, and only read where it is needed. */
export async function fallbackTerms(deps: Pick<Deps, 'catalogue'>): Promise<PlanTerms | null> {
  return fallbackTermsOf(await deps.catalogue())
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
  if (input.identity.kind !== 'customer') {
    // A lagging read may not know yet what was just made; "not found" is never said on one.
    const made = options?.consistent ? undefined : await findAccount(deps.table, input.accountId, { consistent: true })
    if (made) return made
    throw notFound('account')
  }
  return newAccount(input.accountId, await fallbackTerms(deps), deps.clock.now())
}

/** The terms that hold for an account now; the catalogue is asked only when its own plan has ended. */
export async function termsNow(account: Account, deps: Deps): Promise<PlanTerms | null> {
  const now = deps.clock.now()
  return liveTerms(account, now, isPlanLive(account, now) ? null : await fallbackTerms(deps))
}

/**
 * The wallet of the call's account, and what is due on it and not written yet. A login that never wrote has the wallet
 * that its first write would make, all of it due.
 */
export async function loadWallet(
  input: Pick<Input, 'accountId' | 'identity'>,
  deps: Deps,
): Promise<{ wallet: Wallet; due: Entry[] }> {
  const item = await deps.table.get(walletKey(input.accountId))
  const now = deps.clock.now()
  if (item) {
    const { wallet } = readWallet(item)
    const decision = decide(wallet, { kind: 'settleDue' }, now, windowAt)
    return { wallet, due: decision.kind === 'accepted' || decision.kind === 'partial' ? decision.entries : [] }
  }
  const made = newWallet(await loadAccount(input, deps), await fallbackTerms(deps), now)
  return { wallet: made.wallet, due: made.entries }
}
