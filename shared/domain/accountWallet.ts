import type { Account } from './account.ts'
import { windowContext } from './entitlement.ts'
import type { PlanTerms } from './terms.ts'
import { windowAt } from './time.ts'
import { decide } from './walletDecide.ts'
import type { Entry } from './walletDraft.ts'
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
  return planned(wallet, now, (settled) =>
    decide(
      { ...settled, zones: account.zones },
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
  planned(wallet, now, (settled) => decide(settled, { kind: 'configure', zones: account.zones }, now, windowAt))

/** These changes are never refused; what is due first may take more than one decision, and is gathered here. */
function planned(
  wallet: Wallet,
  now: number,
  change: (wallet: Wallet) => ReturnType<typeof decide<'configure' | 'changeAllowance'>>,
): WalletChange {
  const entries: Entry[] = []
  let current = wallet
  for (;;) {
    const decision = change(current)
    if (decision.kind === 'refused' || decision.kind === 'repeated')
      throw new Error(`a wallet refused a change of plan at ${now}`)
    entries.push(...decision.entries)
    current = decision.wallet
    if (decision.kind === 'accepted') return { wallet: { ...current, version: wallet.version + 1 }, entries }
  }
}
