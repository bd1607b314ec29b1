import { Draft, type Entry } from './walletDraft.ts'
import { settle } from './walletDue.ts'
import type { Wallet, Windows } from './walletState.ts'

/** The part of an entry that the audit looks at. */
export type AuditedEntry = Pick<Entry, 'id' | 'type' | 'amount' | 'seq' | 'balanceAfter' | 'reference'> & {
  grantMoves: { grantId: string; amount: number }[]
}

export interface Replayed {
  balance: number
  /** What is left of each grant that has anything left. */
  remaining: Map<string, number>
}

export type DifferenceKind =
  /** `seq` is not the one after the entry before. */
  | 'sequence'
  /** `balanceAfter` is not the balance before plus `amount`, or is below zero. */
  | 'chain'
  /** The moves of an entry do not add up to it. */
  | 'moves'
  /** An amount has the wrong sign for its type. */
  | 'sign'
  /** More was taken of a grant than it had. */
  | 'overspent'
  /** More was given back than an entry took, or by a refund of nothing known. */
  | 'refund'
  /** Wallet and ledger end at another number. */
  | 'last_entry'
  /** Wallet and ledger disagree about the balance. */
  | 'balance'
  /** Wallet and ledger disagree about what is left of a grant. */
  | 'grant'
  /** Booked and due entries do not add up to the balance at the instant. */
  | 'due'

export interface Difference {
  kind: DifferenceKind
  /** The entry, grant or figure it is about. */
  at: string
  expected: number
  found: number
}

/** Adds the entries up, from the first on. */
export function replay(entries: Iterable<AuditedEntry>): Replayed {
  const audit = new LedgerAudit()
  for (const entry of entries) audit.add(entry)
  return { balance: audit.balance, remaining: audit.remaining }
}

/** What is wrong between a ledger (all entries, by `seq`) and its wallet at an instant; empty when they agree. */
export function auditLedger(
  entries: Iterable<AuditedEntry>,
  wallet: Wallet,
  now: number,
  windows: Windows,
): Difference[] {
  const audit = new LedgerAudit()
  for (const entry of entries) audit.add(entry)
  return audit.finish(wallet, now, windows)
}

const positiveTypes = new Set(['grant', 'refund'])
const negativeTypes = new Set(['deduct', 'commit', 'expire'])

/** The same, page by page: a long ledger does not have to be in memory. */
export class LedgerAudit {
  balance = 0
  seq = 0
  readonly remaining = new Map<string, number>()
  readonly differences: Difference[] = []
  /** What may still be given back of each deduction. */
  private readonly refundable = new Map<string, number>()

  /** The next entry, in the order of `seq`. */
  add(entry: AuditedEntry): void {
    this.compare('sequence', entry.id, this.seq + 1, entry.seq)
    this.compare('chain', entry.id, this.balance + entry.amount, entry.balanceAfter)
    if (entry.balanceAfter < 0)
      this.differences.push({ kind: 'chain', at: entry.id, expected: 0, found: entry.balanceAfter })
    const moved = entry.grantMoves.reduce((sum, move) => sum + move.amount, 0)
    this.compare('moves', entry.id, entry.amount, moved)
    if (hasWrongSign(entry))
      this.differences.push({ kind: 'sign', at: entry.id, expected: -entry.amount, found: entry.amount })
    for (const move of entry.grantMoves) this.move(move)
    this.countRefund(entry)
    // From what was read, not from what was expected: one fault is reported once, not by every entry after it.
    this.seq = entry.seq
    this.balance = entry.balanceAfter
  }

  /** The wallet against what its entries add up to. */
  finish(wallet: Wallet, now: number, windows: Windows): Difference[] {
    this.compare('last_entry', 'seq', this.seq, wallet.seq)
    this.compare('balance', 'balance', this.balance, wallet.balance)
    const grants = new Map(wallet.grants.map((grant) => [grant.id, grant.remaining]))
    for (const id of new Set([...this.remaining.keys(), ...grants.keys()])) {
      this.compare('grant', id, this.remaining.get(id) ?? 0, grants.get(id) ?? 0)
    }
    const draft = new Draft(wallet, now)
    settle(draft, windows, Number.POSITIVE_INFINITY)
    const due = draft.entries.reduce((sum, entry) => sum + entry.amount, 0)
    const left = draft.wallet.grants.reduce((sum, grant) => sum + grant.remaining, 0)
    this.compare('due', 'balance', this.balance + due, left)
    return this.differences
  }

  private compare(kind: DifferenceKind, at: string, expected: number, found: number): void {
    if (expected !== found) this.differences.push({ kind, at, expected, found })
  }

  private move({ grantId, amount }: { grantId: string; amount: number }): void {
    const left = (this.remaining.get(grantId) ?? 0) + amount
    if (left < 0) this.differences.push({ kind: 'overspent', at: grantId, expected: 0, found: left })
    if (left === 0) this.remaining.delete(grantId)
    else this.remaining.set(grantId, left)
  }

  private countRefund(entry: AuditedEntry): void {
    if (entry.type === 'deduct' || entry.type === 'commit') this.refundable.set(entry.id, -entry.amount)
    if (entry.type !== 'refund') return
    const left = (this.refundable.get(entry.reference ?? '') ?? 0) - entry.amount
    if (left < 0)
      this.differences.push({ kind: 'refund', at: entry.id, expected: entry.amount + left, found: entry.amount })
    this.refundable.set(entry.reference ?? '', Math.max(0, left))
  }
}

const hasWrongSign = ({ type, amount }: AuditedEntry): boolean =>
  amount === 0 || (positiveTypes.has(type) && amount < 0) || (negativeTypes.has(type) && amount > 0)
