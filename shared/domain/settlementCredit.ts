/** Money that an account has with us, in one currency: surplus of changes, and payments whose effect was no longer lawful. */
export interface AccountCredit {
  accountId: string
  currency: string
  /** Minor units, never below zero. */
  balanceMinor: number
  /** Raised by every write; 0: nothing is stored yet. */
  ver: number
}

export type CreditCause =
  /** A checkout takes it, or a settlement again what had been given back. */
  | 'taken'
  /** Given back: the order that took it expired, its charge failed or its money has no effect; a refund failed, a lost dispute was won after all. */
  | 'released'
  /** A payment that has no other effect. */
  | 'paid_in'
  /** What a change of plan left over. */
  | 'surplus'
  /** That payment was refunded, lost in a dispute, or settled after all. */
  | 'withdrawn'

/** One change of it, immutable: put where there is none under its id, so a repeated cause changes nothing. */
export interface CreditEntry {
  /** `<cause>:<payment, charge or refund>`: the cause is the guard. */
  id: string
  cause: CreditCause
  /** Signed, never 0. */
  amountMinor: number
  balanceAfterMinor: number
  paymentId: string
  createdAt: number
}

export interface CreditChange {
  next: AccountCredit
  entry: CreditEntry
  /** What one transaction moves before it, in this order. */
  before?: CreditEntry[]
}

export const noCredit = (accountId: string, currency: string): AccountCredit => ({
  accountId,
  currency,
  balanceMinor: 0,
  ver: 0,
})

/**
 * A movement of account credit. Undefined when there is less than it takes: the caller decides what then.
 * @throws RangeError for an amount of 0, or a balance beyond 2^53.
 */
export function planCredit(
  credit: AccountCredit,
  movement: { cause: CreditCause; amountMinor: number; paymentId: string; about: string },
  now: number,
): CreditChange | undefined {
  const { cause, amountMinor, paymentId, about } = movement
  const balanceMinor = credit.balanceMinor + amountMinor
  if (amountMinor === 0 || !Number.isSafeInteger(balanceMinor)) throw new RangeError('no such movement of credit')
  if (balanceMinor < 0) return undefined
  return {
    next: { ...credit, balanceMinor, ver: credit.ver + 1 },
    entry: {
      id: `${cause}:${about}`,
      cause,
      amountMinor,
      balanceAfterMinor: balanceMinor,
      paymentId,
      createdAt: now,
    },
  }
}

/**
 * Changes that were each planned on the same credit, as one: what comes in first. Undefined when there is less than they
 * take together.
 */
export function joinedCredit(changes: readonly CreditChange[]): CreditChange | undefined {
  const [first] = changes
  if (!first) return undefined
  const { next, entry } = first
  let balanceMinor = next.balanceMinor - entry.amountMinor
  const entries = changes
    .map((change) => change.entry)
    .toSorted((one, other) => Number(one.amountMinor < 0) - Number(other.amountMinor < 0))
    .map((one) => {
      balanceMinor += one.amountMinor
      return { ...one, balanceAfterMinor: balanceMinor }
    })
  const last = entries.at(-1)
  if (!last || balanceMinor < 0) return undefined
  return { next: { ...next, balanceMinor }, entry: last, before: entries.slice(0, -1) }
}
