import type { Guard } from './guard.ts'
import type { Allowance } from './terms.ts'
import type { Period, ZoneSpan } from './time.ts'
import type { Entry } from './walletDraft.ts'
import type { GrantSource, Wallet } from './walletState.ts'

/** What every movement says: its guard becomes the entry's key, `reason` and `reference` its words. */
interface Movement {
  guard: Guard
  reason: string
  reference?: string
}

/** What may be asked of a wallet. Amounts are whole, 1 … 10^12. */
export interface Requests {
  grant: {
    amount: number
    expiresAt?: number | null
    /** Default 0; lower burns first. */
    priority?: number
    source?: Extract<GrantSource, 'grant' | 'purchase'>
    /** A settlement is never refused: at the cap it joins a grant of equal expiry, priority and source. */
    merge?: boolean
  } & Movement
  deduct: { amount: number } & Movement
  /** Signed: below zero takes up to what is available, above gives a grant. */
  adjust: { amount: number; expiresAt?: number | null } & Movement
  /** Gives back what a `deduct` or `commit` entry took; without an amount, all that has not been given back yet. */
  refund: {
    entry: Pick<Entry, 'id' | 'type' | 'amount' | 'grantMoves'>
    amount?: number
    /** What earlier refunds of this entry gave back: from its tally. */
    returned: number
  } & Movement
  /**
   * Takes back what is free of a grant whose payment was refunded, at most the `granted` that this refund is for. A grant of
   * at most `ends` credits is over with it: default `granted`, 0 for a part that is not the last.
   */
  takeBack: { grantId: string; granted: number; ends?: number } & Movement
  /** Puts back what a `takeBack` took, whose refund failed. `granted`: what the payment gave; `expiresAt`: the grant's, before. */
  returnTaken: { grantId: string; taken: number; granted: number; expiresAt: number | null } & Movement
  /** `prior`: the ledger entry found under the same guard, if any. `expiresAt` lies in the future. */
  reserve: { guard: Guard; amount: number; expiresAt: number; requestHash: string; reason: string; prior?: Entry }
  /** `id`: the reservation's. `prior`: the entry under the guard in that id, if any. */
  commit: { id: string; amount?: number; allowAboveHold?: boolean; reason?: string; prior?: Entry }
  release: { id: string; prior?: Entry }
  /** Books what is due and nothing else. */
  settleDue: object
  /** A plan change. `replace` (upgrade): what is left of the old included credits ends now, the new begin now. */
  changeAllowance: {
    terms: Allowance | null
    /** Access ends here; null: not by itself. */
    until: number | null
    /** The fallback's, from `until`. */
    next: Allowance | null
    replace: boolean
    /** Absent: as it was. Null: no paid period. */
    period?: Period | null
  }
  /** Facts of the account that the wallet repeats. Absent: as it was. */
  configure: { suspended?: boolean; zones?: ZoneSpan[]; period?: Period | null }
}
export type RequestKind = keyof Requests
export type Request<K extends RequestKind = RequestKind> = { [Kind in K]: { kind: Kind } & Requests[Kind] }[K]

export interface Funds {
  balance: number
  held: number
  available: number
}

export interface Reservation extends Funds {
  /** `rsv_<ULID of its expiry>`. */
  id: string
  status: 'held' | 'committed' | 'released'
  /** What was held; for a commit `taken` says what it came to. */
  amount: number
  expiresAt: number
}

interface Booked extends Funds {
  /** The request's own ledger entry. */
  entry: Entry
}

export interface Answers {
  grant: Booked & { grantId: string }
  deduct: Booked
  adjust: Booked
  /** `returned`: the new tally, this refund included. */
  refund: Booked & { returned: number }
  /** `spent`: what could not be taken back. No entry when nothing was left. `expiresAt`: the grant's, where it is there. */
  takeBack: Funds & { taken: number; spent: number; expiresAt?: number | null; entry?: Entry }
  /** No entry when nothing had been taken. */
  returnTaken: Funds & { entry?: Entry }
  reserve: Reservation
  commit: Reservation & { taken: number; entry: Entry }
  release: Reservation
  settleDue: Funds
  changeAllowance: Funds
  configure: Funds
}

export type RefusalReason =
  | 'insufficient_credits'
  | 'suspended'
  /** 409: the commit or release comes after the hold lapsed. */
  | 'reservation_expired'
  /** 409: commit after release, release after commit, another amount after a commit. */
  | 'conflict'
  /** 409: more than the hold, without `allowAboveHold`. */
  | 'above_hold'
  /** 409: more than what the entry took and has not been given back. */
  | 'refund_exceeded'
  /** 409: what is to be refunded is no deduction. */
  | 'not_refundable'
  | 'not_found'
  | 'too_many_grants'
  /** 429. */
  | 'too_many_holds'
  /** The grant would be over before it begins. */
  | 'already_expired'
  /** 409: sums stay exact. */
  | 'balance_limit'
  /** 422: the guard names a hold of another request. */
  | 'key_reused'

export type Refused = { kind: 'refused'; reason: RefusalReason; required?: number } & Funds

export type Decision<K extends RequestKind = RequestKind> =
  /** Write the wallet where its version is still the one decided on, and put each entry where there is none. */
  | { kind: 'accepted'; wallet: Wallet; entries: Entry[]; answer: Answers[K] }
  /** It was done before: nothing to write. */
  | { kind: 'repeated'; answer: Answers[K] }
  /** More is due than one transaction holds: write this, then decide the same request again. */
  | { kind: 'partial'; wallet: Wallet; entries: Entry[] }
  /** Nothing to write but, under the caller's key, the refusal itself. */
  | Refused

/** What a decider says; `decide` adds the wallet and its entries. */
export type Outcome<K extends RequestKind> =
  | { kind: 'accepted'; answer: Answers[K] }
  | { kind: 'repeated'; answer: Answers[K] }
  | Refused
