import { Problem } from '#errors/problem'
import { type Account, newAccount } from './account.ts'
import { MoreIsDue, newWallet, type WalletChange } from './accountWallet.ts'
import type { PaymentStatus } from './payment.ts'
import type { RefundStatus } from './refund.ts'
import { isLive, type Subscription } from './subscription.ts'
import type { PlanTerms } from './terms.ts'
import { windowAt } from './time.ts'
import { Draft, dueGuard } from './walletDraft.ts'
import { settle } from './walletDue.ts'
import { contextOf, emptyWallet, type Wallet } from './walletState.ts'

/**
 * What is left of an erased account: nothing about a person, and enough that coming back is no new beginning. That a plan
 * was tried is in the plan history, which stays.
 */
export interface Tombstone {
  id: string
  /** Epoch milliseconds. */
  erasedAt: number
  currency?: string
  /** Where its ledger ended: entries and their guards go on from here, so no number or key is used twice. */
  wallet: { seq: number; version: number; epoch: number }
  /** One above the account's last: no write that was decided on the account passes any more. */
  ver: number
}

/** What stands in the way of an erasure, as it was read. */
export interface Standing {
  subscriptions: readonly Pick<Subscription, 'status'>[]
  payments: readonly { status: PaymentStatus }[]
  refunds: readonly { status: RefundStatus }[]
}

const underWay: readonly PaymentStatus[] = ['pending', 'processing', 'review']

/** Why the account cannot be erased now; undefined: it can. */
export function obstacleOf({ subscriptions, payments, refunds }: Standing): string | undefined {
  if (subscriptions.some(isLive)) return 'The account has a live subscription. Cancel it first.'
  if (payments.some(({ status }) => underWay.includes(status)))
    return 'A payment of the account is under way or in review. Wait until it is settled or has expired.'
  if (refunds.some(({ status }) => status === 'requested' || status === 'pending'))
    return 'A refund to the account is under way. Wait until it is done.'
  return undefined
}

/** Payments go on for whoever is suspended, and stop with an erasure. @throws Problem `conflict` */
export function assertNotErasing({ erasingAt }: Pick<Account, 'erasingAt'>): void {
  if (erasingAt !== undefined) throw new Problem('conflict', 'The account is being erased.')
}

/** The account from which on everything else is refused. @throws Problem `account_suspended`: staff decide first. */
export function planErasing(account: Account, now: number): Account {
  if (account.suspended) throw new Problem('account_suspended', 'The account is suspended.')
  return { ...account, suspended: true, erasingAt: now, ver: account.ver + 1, updatedAt: now }
}

/** As it was before: something came up between the look and the mark. */
export function planNotErasing({ erasingAt: _mark, ...account }: Account, now: number): Account {
  return { ...account, suspended: false, ver: account.ver + 1, updatedAt: now }
}

/**
 * The wallet's last state: holds released, and what was left written off in one entry.
 * @throws MoreIsDue when the wallet has to be settled first.
 */
export function planWalletClosing(wallet: Wallet, now: number): WalletChange {
  const draft = new Draft(wallet, now)
  if (settle(draft, windowAt)) throw new MoreIsDue()
  for (const hold of draft.wallet.holds) draft.close(hold)
  const moves = draft.wallet.grants.map((grant) => draft.take(grant.id, grant.remaining))
  if (moves.length > 0)
    draft.book({
      guard: dueGuard(`erased:${draft.wallet.seq + 1}`),
      type: 'adjust',
      grantMoves: moves,
      effectiveAt: now,
      reason: 'Account erased',
    })
  return { wallet: draft.finish(), entries: draft.entries }
}

/** What takes the account's place once everything else is gone. `closed` is the wallet's last state. */
export const tombstoneOf = ({ id, ver, currency }: Account, closed: Wallet | undefined, now: number): Tombstone => ({
  id,
  erasedAt: now,
  ...(currency !== undefined && { currency }),
  wallet: { seq: closed?.seq ?? 0, version: closed?.version ?? 0, epoch: closed?.allowance?.epoch ?? -1 },
  ver: ver + 1,
})

/** The account of a login that came back: new but for its currency, in which it may have money with us. */
export const returningAccount = (tombstone: Tombstone, fallback: PlanTerms | null, now: number): Account => ({
  ...newAccount(tombstone.id, fallback, now),
  ...(tombstone.currency !== undefined && { currency: tombstone.currency }),
  returnedFrom: tombstone.erasedAt,
})

/**
 * The wallet of a login that came back: empty, its ledger going on where it ended. The window in which it comes back counts
 * as granted, a lifetime's for ever; the next one is granted as to anybody.
 */
export function returningWallet({ wallet: end }: Tombstone, account: Account): WalletChange {
  const empty = emptyWallet(account.zones)
  const terms = account.plan?.allowance
  const epoch = end.epoch + 1
  const at = account.createdAt
  const window = terms && windowAt(terms.window, at, contextOf(empty))
  const granted = terms && window && terms.included > 0
  return {
    wallet: {
      ...empty,
      seq: end.seq,
      version: end.version + 1,
      allowance: {
        terms: granted ? terms : null,
        until: null,
        next: null,
        epoch,
        coveredUntil: granted ? window.end : at,
        bookedStart: granted ? window.start : null,
        left: 0,
      },
    },
    entries: [],
  }
}

/** The first wallet of an account: a newcomer's, or that of one who was erased before. */
export const firstWallet = (
  account: Account,
  tombstone: Tombstone | undefined,
  fallback: PlanTerms | null,
  now: number,
): WalletChange => (tombstone ? returningWallet(tombstone, account) : newWallet(account, fallback, now))
