import { isVisitor } from './payment.ts'
import type { PaymentWrite, Purchase } from './paymentWrite.ts'

/**
 * A visitor's purchases, moved to the account that claims the session. The row of the visitor stays and says where it went:
 * a refund of its payment, which is the visitor's for ever, follows it.
 */
export interface ClaimPlan {
  moved: Purchase[]
  /** The purchases under their new owner, and the old rows on the versions seen. The claim is marked beside them. */
  writes: PaymentWrite[]
}

/** A transaction takes 100 writes: this many purchases, their old rows and the marks of the claim. The rest follows in others. */
export const maxClaimed = 45

/** @throws RangeError when `from` is no visitor, or `to` is one. */
export function planClaim(from: string, to: string, purchases: readonly Purchase[]): ClaimPlan {
  if (!isVisitor(from) || isVisitor(to)) throw new RangeError('an account claims what a visitor bought')
  const own = purchases
    .filter(({ accountId, claimedBy }) => accountId === from && claimedBy === undefined)
    .slice(0, maxClaimed)
  return { moved: own.map((seen) => movedTo(to, seen)), writes: own.flatMap((seen) => moveWrites(to, seen)) }
}

/**
 * Something that was just bought. A visitor's lies at once with the account that has claimed the session, as if it had been
 * moved. The claim is a condition of it, so that of a claim and a settlement whichever comes second knows of the other.
 */
export function boughtWrites(bought: Purchase, by: string | undefined): PaymentWrite[] {
  const { accountId: buyer } = bought
  const own: PaymentWrite = { row: 'purchase', next: bought, seenVer: 0 }
  if (!isVisitor(buyer)) return [own]
  if (by === undefined) return [{ row: 'claim', visitor: buyer }, own]
  return [{ row: 'claim', visitor: buyer, by }, ...moveWrites(by, { ...bought, ver: 0 })]
}

const movedTo = (accountId: string, seen: Purchase): Purchase => ({ ...seen, accountId, ver: 1 })

/** Under its new owner, and the visitor's row, which says where it is. */
const moveWrites = (to: string, seen: Purchase): PaymentWrite[] => [
  { row: 'purchase', next: movedTo(to, seen), seenVer: 0 },
  { row: 'purchase', next: { ...seen, claimedBy: to, ver: seen.ver + 1 }, seenVer: seen.ver },
]
