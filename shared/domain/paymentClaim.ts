import { isVisitor } from './payment.ts'
import type { PaymentWrite, Purchase } from './paymentWrite.ts'

/**
 * A visitor's purchases, moved to the account that claims the session. The row of the visitor stays and says where it went:
 * a refund of its payment, which is the visitor's for ever, follows it.
 */
export interface ClaimPlan {
  moved: Purchase[]
  /** The purchases under their new owner, and the old rows on the versions seen. The session's own row guards the claim. */
  writes: PaymentWrite[]
}

/** A transaction takes 100 writes: this many purchases, their old rows and the session. The rest is a claim of its own. */
export const maxClaimed = 45

/** @throws RangeError when `from` is no visitor, or `to` is one. */
export function planClaim(from: string, to: string, purchases: readonly Purchase[]): ClaimPlan {
  if (!isVisitor(from) || isVisitor(to)) throw new RangeError('an account claims what a visitor bought')
  const own = purchases
    .filter(({ accountId, claimedBy }) => accountId === from && claimedBy === undefined)
    .slice(0, maxClaimed)
  const moved = own.map((purchase) => ({ ...purchase, accountId: to, ver: 1 }))
  return {
    moved,
    writes: [
      ...moved.map((next) => ({ row: 'purchase' as const, next, seenVer: 0 })),
      ...own.map((seen) => ({
        row: 'purchase' as const,
        next: { ...seen, claimedBy: to, ver: seen.ver + 1 },
        seenVer: seen.ver,
      })),
    ],
  }
}
