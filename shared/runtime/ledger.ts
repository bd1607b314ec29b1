import type { Entry } from '#domain/walletDraft'
import type { StoredEntry } from '#table/wallets'

const iso = (at: number): string => new Date(at).toISOString()

/** A ledger entry as answers show it. */
export const entryView = (accountId: string, { entry, key, requestId, actor }: StoredEntry) => ({
  ...common(accountId, entry),
  seq: entry.seq,
  idempotencyKey: key ?? null,
  requestId: requestId ?? null,
  actor: actor ?? null,
  createdAt: iso(entry.createdAt),
})

/** An entry that time has made due and the next write will book: it has no number and no date of writing yet. */
export const dueEntryView = (accountId: string, entry: Entry) => ({
  ...common(accountId, entry),
  seq: null,
  idempotencyKey: null,
  requestId: null,
  actor: null,
  createdAt: null,
})

const common = (
  accountId: string,
  { id, type, amount, balanceAfter, grantMoves, reason, reference, effectiveAt }: Entry,
) => ({
  id,
  accountId,
  type,
  amount,
  balanceAfter,
  grantMoves: grantMoves.map((move) => ({ grantId: move.grantId, amount: move.amount })),
  reason,
  reference: reference ?? null,
  effectiveAt: iso(effectiveAt),
})
