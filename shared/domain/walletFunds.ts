import type { Draft } from './walletDraft.ts'
import type { Funds, RefusalReason, Refused } from './walletRequest.ts'

export const fundsOf = (draft: Draft): Funds => ({
  balance: draft.wallet.balance,
  held: draft.wallet.held,
  available: draft.available,
})

/** A refusal shows what there is, everything due counted, and what would have been needed. */
export const refused = (draft: Draft, reason: RefusalReason, required?: number): Refused => ({
  kind: 'refused',
  reason,
  ...(required !== undefined && { required }),
  ...fundsOf(draft),
})
