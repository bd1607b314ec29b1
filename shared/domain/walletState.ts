import type { Allowance } from './terms.ts'
import type { Period, WindowContext, ZoneSpan } from './time.ts'

/** Credits are whole; one movement is 1 … 10^12. */
export const maxAmount = 1_000_000_000_000
/** A grant by API beyond this is refused: sums stay far below 2^53, whatever settlements still add. */
export const maxBalance = 1_000_000_000_000_000
/** Live grants that the API may pile up; a settlement is never refused. */
export const maxGrants = 100
/** Open holds: each is some 50 bytes in an item that every deduction writes. */
export const maxHolds = 24
/** How long, and how many at most, released holds are remembered to answer a repeated call. */
export const releasedMs = 15 * 60_000
export const maxReleased = 8
/** Credits that come back from a grant since expired live this long. */
export const returnedLifeMs = 30 * 86_400_000
/** A transaction takes 100 writes: these entries, the wallet, and what the caller adds. */
export const maxEntries = 90

/** `grant`: given by API; `purchase`: a credit pack; `included` and `rollover`: the plan's allowance. */
export const grantSources = ['grant', 'purchase', 'included', 'rollover', 'adjust', 'refund'] as const
export type GrantSource = (typeof grantSources)[number]

/** Credits given, perhaps with an expiry. Gone from the wallet once nothing is left of it. */
export interface Grant {
  /** `grn_<ULID>`; its time is the age that the burn order looks at. */
  id: string
  /** What was given. */
  amount: number
  /** What is left, held parts included. */
  remaining: number
  /** At this very instant it counts for nothing, except for what a hold keeps. */
  expiresAt: number | null
  /** Lower burns first. */
  priority: number
  source: GrantSource
}

/** An open reservation. `parts` adds up to `amount`; it stays good when a grant expires under it. */
export interface Hold {
  /** The guard's 16 characters. */
  bits: string
  amount: number
  /** It has lapsed at this very instant. */
  expiresAt: number
  parts: { grantId: string; amount: number }[]
  /** The first characters of the request's hash: a repeated key with another request is noticed. */
  requestHash: string
  reason: string
}

/** A released hold, remembered for `releasedMs`. */
export interface Released {
  bits: string
  amount: number
  expiresAt: number
  releasedAt: number
  requestHash: string
}

/** Included credits: everything that says what is due at an instant, so that no other item is read for it. */
export interface AllowanceState {
  /** Null: the plan includes none. */
  terms: Allowance | null
  /** Access ends here: no window that begins later is granted by these terms. */
  until: number | null
  /** What follows then (the fallback plan); it has no end of its own. */
  next: Allowance | null
  /** Rises with every change of terms: the same window under other terms is another grant. */
  epoch: number
  /** Where the next window is looked for: the end of the last one granted, or the start of the terms. Null: covered for ever. */
  coveredUntil: number | null
  /** The start of the last window granted under terms of this window kind. */
  bookedStart: number | null
  /** What was left of the last window's credits: the rollover of the next one is taken from it. */
  left: number
}

/** One account's credits. `balance` = Σ remaining, `held` = Σ holds; what is due but not yet written is not in it. */
export interface Wallet {
  balance: number
  held: number
  /** Of the last ledger entry; 0: there is none. */
  seq: number
  /** Raised by every write: the condition of the next one. */
  version: number
  grants: Grant[]
  holds: Hold[]
  released: Released[]
  suspended: boolean
  allowance: AllowanceState | null
  zones: ZoneSpan[]
  /** The paid period, where a window counts by it. */
  period: Period | null
}

/** The window of a kind that holds an instant: `windowAt` of `time.ts`, given as a parameter to keep the rules apart. */
export type Windows = (
  kind: Allowance['window'],
  at: number,
  context: WindowContext,
) => { start: number; end: number | null }

export const contextOf = ({ zones, period }: Pick<Wallet, 'zones' | 'period'>): WindowContext =>
  period ? { zones, period } : { zones }

/** A wallet without credits, before its first write. */
export const emptyWallet = (zones: ZoneSpan[]): Wallet => ({
  balance: 0,
  held: 0,
  seq: 0,
  version: 0,
  grants: [],
  holds: [],
  released: [],
  suspended: false,
  allowance: null,
  zones,
  period: null,
})

/** The order in which grants are spent: lower priority number, then earliest expiry (none last), then oldest. */
export function burnOrder(a: Grant, b: Grant): number {
  if (a.priority !== b.priority) return a.priority - b.priority
  if (a.expiresAt !== b.expiresAt)
    return (a.expiresAt ?? Number.POSITIVE_INFINITY) - (b.expiresAt ?? Number.POSITIVE_INFINITY)
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

/** What open holds keep of a grant. */
export function heldOf(holds: Hold[], grantId: string): number {
  let sum = 0
  for (const hold of holds) for (const part of hold.parts) if (part.grantId === grantId) sum += part.amount
  return sum
}

/** Defends what every reader relies on. @throws Error when a wallet contradicts itself: a defect, never the caller's fault. */
export function assertWallet(wallet: Wallet): void {
  const remaining = new Map<string, number>()
  for (const grant of wallet.grants) {
    if (remaining.has(grant.id)) throw new Error('A wallet has a grant twice')
    if (grant.remaining < 1 || grant.amount < grant.remaining)
      throw new Error('A grant has less than nothing or more than was given')
    remaining.set(grant.id, grant.remaining)
  }
  const bits = new Set<string>()
  for (const hold of wallet.holds) {
    if (bits.has(hold.bits)) throw new Error('A wallet has a hold twice')
    bits.add(hold.bits)
    let sum = 0
    for (const part of hold.parts) {
      sum += part.amount
      const left = (remaining.get(part.grantId) ?? 0) - part.amount
      if (left < 0) throw new Error('Holds keep more of a grant than is left')
      remaining.set(part.grantId, left)
    }
    if (sum !== hold.amount) throw new Error('The parts of a hold do not add up')
  }
  const sum = (all: number[]): number => all.reduce((total, one) => total + one, 0)
  if (wallet.balance !== sum(wallet.grants.map((grant) => grant.remaining)))
    throw new Error('The balance is not what the grants have left')
  if (wallet.held !== sum(wallet.holds.map((hold) => hold.amount)))
    throw new Error('What is held is not what the holds add up to')
  if (!Number.isSafeInteger(wallet.balance)) throw new Error('The balance is beyond exact arithmetic')
}
