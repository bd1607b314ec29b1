import type { Account } from './account.ts'
import { windowContext } from './entitlement.ts'
import type { PlanTerms } from './terms.ts'
import { windowAt } from './time.ts'
import { decide } from './walletDecide.ts'
import type { Entry } from './walletDraft.ts'
import type { Decision } from './walletRequest.ts'
import { emptyWallet, type Wallet } from './walletState.ts'

/** A wallet after the account's plan or zone was brought to it, with what that books. */
export interface WalletChange {
  wallet: Wallet
  entries: Entry[]
}

/** The wallet of a new account: empty, with the allowance of its plan booked for the first window. */
export const newWallet = (account: Account, fallback: PlanTerms | null, now: number): WalletChange =>
  withPlan(emptyWallet(account.zones), account, fallback, false, now)

/**
 * The wallet under the account's plan: allowance, its end, and what the fallback plan gives from then on.
 * `isUpgrade`: the new allowance replaces what is left of the old one.
 */
export function withPlan(
  wallet: Wallet,
  account: Account,
  fallback: PlanTerms | null,
  isUpgrade: boolean,
  now: number,
): WalletChange {
  return accepted(
    decide(
      wallet,
      {
        kind: 'changeAllowance',
        terms: account.plan?.allowance ?? null,
        until: account.accessEnd ?? null,
        next: account.accessEnd === undefined ? null : (fallback?.allowance ?? null),
        replace: isUpgrade,
        period: windowContext(account).period ?? null,
      },
      now,
      windowAt,
    ),
  )
}

/** The wallet after the account changed its zones. */
export const withZones = (wallet: Wallet, account: Account, now: number): WalletChange =>
  accepted(decide(wallet, { kind: 'configure', zones: account.zones }, now, windowAt))

/** The wallet of an account that is suspended, or no longer. */
export const withSuspension = (wallet: Wallet, suspended: boolean, now: number): WalletChange =>
  accepted(decide(wallet, { kind: 'configure', suspended }, now, windowAt))

/** These changes are never refused. @throws MoreIsDue when what is due first fills a transaction of its own. */
function accepted(decision: Decision<'configure' | 'changeAllowance'>): WalletChange {
  if (decision.kind === 'accepted') return decision
  if (decision.kind === 'partial') throw new MoreIsDue()
  throw new Error(`a wallet ${decision.kind} a change of plan`)
}

/**
 * Settle the wallet, then decide again: it has been idle for so long that its dues do not fit beside anything else, or it was
 * read at another moment than what changes it.
 */
export class MoreIsDue extends Error {}
