import { type Account, newAccount } from '#domain/account'
import type { WalletChange } from '#domain/accountWallet'
import { fallbackTermsOf } from '#domain/catalogueTerms'
import { isPlanLive, liveTerms } from '#domain/entitlement'
import { firstWallet, returningAccount, type Tombstone } from '#domain/erasure'
import type { PlanTerms } from '#domain/terms'
import { windowAt } from '#domain/time'
import { decide } from '#domain/walletDecide'
import type { Entry } from '#domain/walletDraft'
import type { Wallet } from '#domain/walletState'
import { notFound } from '#errors/problem'
import { findAccount } from '#table/accounts'
import { walletKey } from '#table/keys'
import { findAccountOrTombstone, findTombstone } from '#table/tombstones'
import { readWallet } from '#table/wallets'
import type { Deps } from './deps.ts'
import type { Input } from './run.ts'

/** The plan of whoever has none: from the catalogue in memory, and only read where it is needed. */
export async function fallbackTerms(deps: Pick<Deps, 'catalogue'>): Promise<PlanTerms | null> {
  return fallbackTermsOf(await deps.catalogue())
}

/**
 * The account of the call. A login that never wrote anything, or was erased, reads as an account on the fallback plan would
 * (`ver` 0); a server's unknown account is not found.
 */
export async function loadAccount(
  input: Pick<Input, 'accountId' | 'identity'>,
  deps: Deps,
  options?: { consistent?: boolean },
): Promise<Account> {
  return (await lookFor(input, deps, options)).account
}

async function lookFor(
  input: Pick<Input, 'accountId' | 'identity'>,
  deps: Deps,
  options?: { consistent?: boolean },
): Promise<{ account: Account; tombstone?: Tombstone }> {
  const { account, tombstone } = await findAccountOrTombstone(deps.table, input.accountId, options)
  if (account) return { account }
  if (input.identity.kind !== 'customer') {
    // A lagging read may not know yet what was just made; "not found" is never said on one.
    const made = options?.consistent ? undefined : await findAccount(deps.table, input.accountId, { consistent: true })
    if (made) return { account: made }
    throw notFound('account')
  }
  const fresh = newAccount(input.accountId, await fallbackTerms(deps), deps.clock.now())
  return { account: fresh, ...(tombstone && { tombstone }) }
}

/** What the first write of an account is decided on; nothing of it is stored. */
export async function unsavedAccount(
  deps: Pick<Deps, 'catalogue'>,
  accountId: string,
  tombstone: Tombstone | undefined,
  now: number,
): Promise<Account> {
  const fallback = await fallbackTerms(deps)
  return tombstone ? returningAccount(tombstone, fallback, now) : newAccount(accountId, fallback, now)
}

/** What the first write of an account would make of its wallet. */
export async function unsavedWallet(deps: Deps, account: Account): Promise<WalletChange> {
  const tombstone = await findTombstone(deps.table, account.id)
  return firstWallet(account, tombstone, await fallbackTerms(deps), deps.clock.now())
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
  const { account, tombstone } = await lookFor(input, deps)
  const made = firstWallet(account, tombstone, await fallbackTerms(deps), now)
  return { wallet: made.wallet, due: made.entries }
}
