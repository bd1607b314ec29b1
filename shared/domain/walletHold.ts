import { type Guard, guardOfId, idTime } from './guard.ts'
import { type Draft, type Entry, holdId } from './walletDraft.ts'
import { fundsOf, refused } from './walletFunds.ts'
import type { Outcome, Requests, Reservation } from './walletRequest.ts'
import { burnOrder, type Hold, maxHolds, maxReleased, type Released, releasedMs } from './walletState.ts'

/** 48 bits of the request's hash: enough to notice a key used for another request, short in an item that every write carries. */
const hashLength = 8
/** Characters of a hold's reason that the wallet keeps until the commit; more would be paid for with every write. */
const reasonLength = 80

/** Takes from what is available at once, without a ledger entry: the balance does not change. */
export function planReserve(draft: Draft, request: Requests['reserve']): Outcome<'reserve'> {
  const { guard, amount, expiresAt, prior } = request
  const hash = request.requestHash.slice(0, hashLength)
  // The key has been used for a movement that closed no hold.
  if (prior && !prior.hold) return refused(draft, 'key_reused')
  const known = knownHold(draft, guard, prior)
  if (known) {
    if (known.requestHash !== hash) return refused(draft, 'key_reused')
    return { kind: 'repeated', answer: known.reservation }
  }
  if (draft.wallet.suspended) return refused(draft, 'suspended', amount)
  if (amount > draft.available) return refused(draft, 'insufficient_credits', amount)
  if (draft.wallet.holds.length >= maxHolds) return refused(draft, 'too_many_holds')
  const hold: Hold = {
    bits: guard.bits,
    amount,
    expiresAt,
    parts: draft.split(amount),
    requestHash: hash,
    reason: [...request.reason].slice(0, reasonLength).join(''),
  }
  draft.open(hold)
  return { kind: 'accepted', answer: reservationOf(draft, guard, hold, 'held') }
}

/** Turns a hold into a deduction of what it came to; the rest is free again. */
export function planCommit(draft: Draft, request: Requests['commit']): Outcome<'commit'> {
  const guard = guardOfId('rsv', request.id)
  if (!guard) return refused(draft, 'not_found')
  const prior = priorCommit(request)
  if (prior) {
    if (request.amount !== undefined && request.amount !== -prior.entry.amount) return refused(draft, 'conflict')
    const reservation = reservationOf(draft, guard, prior.hold, 'committed')
    return { kind: 'repeated', answer: { ...reservation, taken: -prior.entry.amount, entry: prior.entry } }
  }
  const hold = openHold(draft, guard, request.id)
  if (!hold) return refused(draft, markOf(draft, guard, request.id) ? 'conflict' : absentReason(draft, request.id))
  const taken = request.amount ?? hold.amount
  const above = Math.max(0, taken - hold.amount)
  if (above > 0 && !request.allowAboveHold) return refused(draft, 'above_hold', taken)
  if (above > 0 && draft.wallet.suspended) return refused(draft, 'suspended', taken)
  if (above > draft.available) return refused(draft, 'insufficient_credits', above)
  const entry = commitHold(draft, guard, hold, { taken, above, reason: request.reason ?? hold.reason })
  return { kind: 'accepted', answer: { ...reservationOf(draft, guard, hold, 'committed'), taken, entry } }
}

/** Gives a hold back. What belongs to a grant expired meanwhile expires in the same write. */
export function planRelease(draft: Draft, request: Requests['release']): Outcome<'release'> {
  const guard = guardOfId('rsv', request.id)
  if (!guard) return refused(draft, 'not_found')
  if (priorCommit(request)) return refused(draft, 'conflict')
  const hold = openHold(draft, guard, request.id)
  if (hold) {
    const { bits, amount, expiresAt, requestHash } = hold
    draft.close(hold)
    draft.expireReleased(hold.parts, draft.now, request.id)
    draft.wallet.released = [
      ...draft.wallet.released.filter((mark) => mark.bits !== bits),
      { bits, amount, expiresAt, requestHash, releasedAt: draft.now },
    ].slice(-maxReleased)
    return { kind: 'accepted', answer: reservationOf(draft, guard, hold, 'released') }
  }
  const mark = markOf(draft, guard, request.id)
  if (mark) return { kind: 'repeated', answer: reservationOf(draft, guard, mark, 'released') }
  return refused(draft, absentReason(draft, request.id))
}

function commitHold(
  draft: Draft,
  guard: Guard,
  hold: Hold,
  { taken, above, reason }: { taken: number; above: number; reason: string },
): Entry {
  const id = holdId(hold, guard.class)
  const parts = splitHold(draft, hold, taken)
  const extra = above > 0 ? draft.split(above) : []
  draft.close(hold)
  const wanted = new Map<string, number>()
  for (const { grantId, amount } of [...parts.taken, ...extra]) wanted.set(grantId, (wanted.get(grantId) ?? 0) + amount)
  const entry = draft.book({
    guard,
    type: 'commit',
    grantMoves: [...wanted].map(([grantId, amount]) => draft.take(grantId, amount)),
    effectiveAt: draft.now,
    reason,
    reference: id,
    hold: { id, amount: hold.amount, expiresAt: hold.expiresAt, requestHash: hold.requestHash },
  })
  draft.expireReleased(parts.released, draft.now, id)
  return entry
}

/** What a commit takes of the hold's parts, in burn order, and what it leaves. */
function splitHold(draft: Draft, hold: Hold, taken: number): Record<'taken' | 'released', Hold['parts']> {
  const order = draft.wallet.grants.toSorted(burnOrder).map((grant) => grant.id)
  const split: Record<'taken' | 'released', Hold['parts']> = { taken: [], released: [] }
  let rest = taken
  for (const part of hold.parts.toSorted((a, b) => order.indexOf(a.grantId) - order.indexOf(b.grantId))) {
    const amount = Math.min(rest, part.amount)
    rest -= amount
    if (amount > 0) split.taken.push({ grantId: part.grantId, amount })
    if (part.amount > amount) split.released.push({ grantId: part.grantId, amount: part.amount - amount })
  }
  return split
}

/** The hold that a guard already stands for: committed, open, or released a moment ago. */
function knownHold(draft: Draft, guard: Guard, prior: Entry | undefined) {
  const open = draft.wallet.holds.find((hold) => hold.bits === guard.bits)
  if (open) return { requestHash: open.requestHash, reservation: reservationOf(draft, guard, open, 'held') }
  if (prior?.hold)
    return { requestHash: prior.hold.requestHash, reservation: reservationOf(draft, guard, prior.hold, 'committed') }
  const mark = draft.wallet.released.find((one) => one.bits === guard.bits && isRemembered(one, draft.now))
  return mark && { requestHash: mark.requestHash, reservation: reservationOf(draft, guard, mark, 'released') }
}

/** The commit entry of this very hold; its key may have named an earlier one, which has lapsed. */
function priorCommit({ id, prior }: { id: string; prior?: Entry }) {
  return prior?.hold?.id === id ? { entry: prior, hold: prior.hold } : undefined
}

/** Lapsed holds are gone by now; the id's own time tells this hold from another under the same key. */
const openHold = (draft: Draft, guard: Guard, id: string): Hold | undefined =>
  draft.wallet.holds.find((hold) => hold.bits === guard.bits && hold.expiresAt === idTime(id))

const markOf = (draft: Draft, guard: Guard, id: string): Released | undefined =>
  draft.wallet.released.find(
    (mark) => mark.bits === guard.bits && mark.expiresAt === idTime(id) && isRemembered(mark, draft.now),
  )

const isRemembered = (mark: Released, now: number): boolean => mark.releasedAt + releasedMs > now

const absentReason = (draft: Draft, id: string) =>
  (idTime(id) ?? 0) <= draft.now ? ('reservation_expired' as const) : ('not_found' as const)

const reservationOf = (
  draft: Draft,
  guard: Guard,
  { amount, expiresAt }: { amount: number; expiresAt: number },
  status: Reservation['status'],
): Reservation => ({
  id: holdId({ bits: guard.bits, expiresAt }, guard.class),
  status,
  amount,
  expiresAt,
  ...fundsOf(draft),
})
