import { isVisitor } from './payment.ts'
import type { PaymentWrite, Purchase } from './paymentWrite.ts'

/**
 * A visitor's purchases, moved to the account that claims the session. The row of the visitor says where it went, so that
 * a second account finds nothing left and the same account the same answer.
 */
export interface ClaimPlan {
  moved: Purchase[]
  /** The purchases under their new owner. The session's own row guards the claim. */
  writes: PaymentWrite[]
}

/** A transaction takes 100 writes: this many purchases, their old rows and the session. */
export const maxClaimed = 45

/** @throws RangeError when `from` is no visitor, or `to` is one. */
export function planClaim(from: string, to: string, purchases: readonly Purchase[]): ClaimPlan {
  if (!isVisitor(from) || isVisitor(to)) throw new RangeError('an account claims what a visitor bought')
  const moved = purchases
    .filter(({ accountId }) => accountId === from)
    .slice(0, maxClaimed)
    .map((purchase) => ({ ...purchase, accountId: to, ver: 1 }))
  return { moved, writes: moved.map((next) => ({ row: 'purchase' as const, next, seenVer: 0 })) }
}
