import type { Account } from './account.ts'
import { type WalletChange, withSuspension } from './accountWallet.ts'
import type { PaymentWrite } from './paymentWrite.ts'
import { isLive } from './subscription.ts'
import { type BoughtSubscription, presentPeriod, statusAt, stretched } from './subscriptionState.ts'
import { written } from './subscriptionWrite.ts'
import type { PlanTerms } from './terms.ts'
import type { Wallet } from './walletState.ts'

/** What a suspension is decided on, read consistently. */
export interface SuspensionScene {
  account: Account
  wallet: Wallet
  /** The one that the account is on, where it was bought. */
  subscription: BoughtSubscription | undefined
  fallback: PlanTerms | null
}

export interface SuspensionPlan {
  account: Account
  /** Empty: it was so before. */
  writes: PaymentWrite[]
}

/**
 * Suspends an account, or lifts that: account and wallet, so that no deduction slips between, and the bought subscription,
 * which stands still from here on and goes on from where it is lifted. `terms`: of the period that goes on, where that is
 * of another plan than the one stored.
 * @throws MoreIsDue when the wallet has to be settled first.
 */
export function planSuspension(
  scene: SuspensionScene,
  suspended: boolean,
  terms: PlanTerms | undefined,
  now: number,
): SuspensionPlan {
  const { account: seen, wallet: stored, subscription, fallback } = scene
  if (seen.suspended === suspended) return { account: seen, writes: [] }
  const marked = { ...seen, suspended }
  const change = withSuspension(stored, suspended, now)
  const alone = { ...marked, ver: seen.ver + 1, updatedAt: now }
  if (!subscription || !isConcerned(subscription, now))
    return { account: alone, writes: rows(seen, alone, stored, change) }
  const next = suspended ? subscription : stretched(subscription, now)
  const step = written(
    { account: marked, wallet: change.wallet, subscription, fallback },
    { next, ...(terms && { terms }) },
    now,
  )
  const account = step.writes.some(({ row }) => row === 'account') ? step.account : alone
  const others = step.writes.filter(({ row }) => row !== 'account' && row !== 'wallet')
  return { account, writes: [...rows(seen, account, stored, joined(change, step.writes)), ...others] }
}

/** The period that an account goes on in, for whoever has to know the terms of its plan. */
export const periodGoingOn = ({ subscription }: SuspensionScene, now: number): BoughtSubscription | undefined =>
  subscription && presentPeriod(subscription, now)

/** What is over is tidied by its own job, dated when it ended; what stood still is not over. */
const isConcerned = (subscription: BoughtSubscription, now: number): boolean =>
  isLive(subscription) && (statusAt(subscription, now).access || subscription.pausedAt !== undefined)

const rows = (seen: Account, next: Account, { version }: Wallet, change: WalletChange): PaymentWrite[] => [
  { row: 'account', next, seenVer: seen.ver },
  { row: 'wallet', accountId: seen.id, change, seenVersion: version },
]

/** An item takes one write: what the plan made of the wallet, behind what the suspension did. */
function joined(change: WalletChange, writes: readonly PaymentWrite[]): WalletChange {
  const follows = writes.find((write) => write.row === 'wallet')
  if (!follows) return change
  return { wallet: follows.change.wallet, entries: [...change.entries, ...follows.change.entries] }
}
