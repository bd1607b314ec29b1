import { type Guard, guardOf, idOf } from './guard.ts'
import type { GrantMove } from './walletItem.ts'
import {
  assertWallet,
  burnOrder,
  type Grant,
  type Hold,
  heldOf,
  maxReleased,
  releasedMs,
  type Wallet,
} from './walletState.ts'

export type EntryType = 'grant' | 'deduct' | 'commit' | 'expire' | 'refund' | 'adjust'

/** One change of the balance, immutable. The caller adds who asked: key, request id, actor, metadata. */
export interface Entry {
  /** `led_<ULID>`: of the moment of writing, and the guard. */
  id: string
  guard: Guard
  type: EntryType
  /** Signed, never 0. */
  amount: number
  /** 1 for the first entry of an account, without a gap. */
  seq: number
  balanceAfter: number
  /** Adds up to `amount`. */
  grantMoves: GrantMove[]
  /** When it took effect: an expiry that is booked later is dated when it expired. */
  effectiveAt: number
  createdAt: number
  reason: string
  /** The id of what it answers to: reservation, refunded entry, grant. */
  reference?: string
  /** Of a commit: the hold that it closed, so that a repeated reserve is answered from the entry. */
  hold?: { id: string; amount: number; expiresAt: number; requestHash: string }
}

/** The guard of what time itself does to a wallet; the key names the cause. */
export const dueGuard = (cause: string): Guard => guardOf('i', 'due', cause)

export const holdId = ({ bits, expiresAt }: Pick<Hold, 'bits' | 'expiresAt'>, callerClass: Guard['class']): string =>
  idOf('rsv', expiresAt, { class: callerClass, bits })

/** A working copy of a wallet: movements change it and leave ledger entries. The wallet it was made of stays as it is. */
export class Draft {
  readonly now: number
  readonly entries: Entry[] = []
  readonly wallet: Wallet

  constructor(wallet: Wallet, now: number) {
    this.now = now
    this.wallet = {
      ...wallet,
      grants: wallet.grants.map((grant) => ({ ...grant })),
      holds: wallet.holds.map((hold) => ({ ...hold, parts: hold.parts.map((part) => ({ ...part })) })),
      released: [...wallet.released],
      allowance: wallet.allowance && { ...wallet.allowance },
    }
  }

  /** What can be spent, once everything due at `now` is booked: expired grants then have nothing free. */
  get available(): number {
    return this.wallet.balance - this.wallet.held
  }

  /** What is left of a grant beside what holds keep. */
  free(grant: Grant): number {
    return grant.remaining - heldOf(this.wallet.holds, grant.id)
  }

  find(grantId: string): Grant | undefined {
    return this.wallet.grants.find((grant) => grant.id === grantId)
  }

  /** Splits an amount over free credits in burn order, without moving them. @throws when there is less. */
  split(amount: number): { grantId: string; amount: number }[] {
    const parts: { grantId: string; amount: number }[] = []
    let rest = amount
    for (const grant of [...this.wallet.grants].sort(burnOrder)) {
      if (rest === 0) break
      const taken = Math.min(rest, this.free(grant))
      if (taken > 0) parts.push({ grantId: grant.id, amount: taken })
      rest -= taken
    }
    if (rest > 0) throw new Error('More was asked of the grants than is available')
    return parts
  }

  /** Takes from one grant; a grant with nothing left leaves the wallet. The move is what the entry records. */
  take(grantId: string, amount: number): GrantMove {
    const grant = this.find(grantId)
    if (!grant || amount < 1 || amount > grant.remaining) throw new Error('A grant cannot give what it does not have')
    const move = moveOf(grant, -amount)
    grant.remaining -= amount
    if (grant.remaining === 0) this.wallet.grants = this.wallet.grants.filter((other) => other !== grant)
    return move
  }

  /** Adds a grant, or gives back to the one of that id. */
  give(grant: Omit<Grant, 'remaining'>, amount: number): GrantMove {
    const known = this.find(grant.id)
    if (known) known.remaining += amount
    else this.wallet.grants.push({ ...grant, remaining: amount })
    return moveOf(known ?? { ...grant, remaining: amount }, amount)
  }

  /** Writes what the moves did into the ledger, and the balance. */
  book(entry: Omit<Entry, 'id' | 'amount' | 'seq' | 'balanceAfter' | 'createdAt'>): Entry {
    const amount = entry.grantMoves.reduce((sum, move) => sum + move.amount, 0)
    if (amount === 0) throw new Error('A ledger entry moves something')
    this.wallet.seq += 1
    this.wallet.balance += amount
    const booked = {
      ...entry,
      id: idOf('led', this.now, entry.guard),
      amount,
      seq: this.wallet.seq,
      balanceAfter: this.wallet.balance,
      createdAt: this.now,
    }
    this.entries.push(booked)
    return booked
  }

  /** Parts are kept by grant id, the order in which the item brings them back. */
  open(hold: Hold): void {
    this.wallet.holds.push({ ...hold, parts: hold.parts.toSorted((a, b) => (a.grantId < b.grantId ? -1 : 1)) })
    this.wallet.held += hold.amount
  }

  /** Removes a hold; what it kept is free again. */
  close(hold: Hold): void {
    this.wallet.holds = this.wallet.holds.filter((other) => other !== hold)
    this.wallet.held -= hold.amount
  }

  /** After a hold was closed at an instant: what it gave back to grants since expired expires with it, in one entry. */
  expireReleased(parts: Hold['parts'], at: number, id: string): void {
    const expired = parts.filter(({ grantId, amount }) => amount > 0 && isExpired(this.find(grantId), at))
    if (expired.length === 0) return
    this.book({
      // The number makes it unique: a key may name a second hold after the first has lapsed.
      guard: dueGuard(`released:${id}:${this.wallet.seq + 1}`),
      type: 'expire',
      grantMoves: expired.map((part) => this.take(part.grantId, part.amount)),
      effectiveAt: at,
      reason: 'Released from a reservation after its grant had expired',
      reference: id,
    })
  }

  /** The next state of the wallet: one version on, old marks dropped. */
  finish(): Wallet {
    const released = this.wallet.released.filter((mark) => mark.releasedAt + releasedMs > this.now).slice(-maxReleased)
    const next = { ...this.wallet, released, version: this.wallet.version + 1 }
    assertWallet(next)
    return next
  }
}

export const isExpired = (grant: Grant | undefined, at: number): boolean =>
  grant !== undefined && grant.expiresAt !== null && grant.expiresAt <= at

const moveOf = (grant: Grant, amount: number): GrantMove => ({
  grantId: grant.id,
  amount,
  granted: grant.amount,
  expiresAt: grant.expiresAt,
  priority: grant.priority,
  source: grant.source,
})
