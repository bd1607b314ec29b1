import { Draft } from './walletDraft.ts'
import { settle } from './walletDue.ts'
import { fundsOf } from './walletFunds.ts'
import type { Funds } from './walletRequest.ts'
import { burnOrder, type Grant, type Wallet, type Windows } from './walletState.ts'

export interface WalletView extends Funds {
  /** In burn order. One that has expired is listed while a hold keeps part of it: the remainders add up to the balance. */
  grants: Grant[]
}

/** A wallet as it is at an instant: everything due is counted, whether or not it has been written. */
export function viewWallet(wallet: Wallet, now: number, windows: Windows): WalletView {
  const draft = new Draft(wallet, now)
  settle(draft, windows, Number.POSITIVE_INFINITY)
  return { ...fundsOf(draft), grants: draft.wallet.grants.toSorted(burnOrder) }
}
