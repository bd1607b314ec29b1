import { type Guard, idOf } from './guard.ts'
import type { Allowance } from './terms.ts'
import { Draft, dueGuard } from './walletDraft.ts'
import { changeTerms, settle, settleEnded } from './walletDue.ts'
import { fundsOf, refused } from './walletFunds.ts'
import { planCommit, planRelease, planReserve } from './walletHold.ts'
import type { GrantMove } from './walletItem.ts'
import type { Decision, Outcome, RequestKind, Requests } from './walletRequest.ts'
import {
  type Grant,
  maxAmount,
  maxBalance,
  maxEntries,
  maxGrants,
  returnedLifeMs,
  type Wallet,
  type Windows,
} from './walletState.ts'

type Decider<K extends RequestKind> = (draft: Draft, request: Requests[K], windows: Windows) => Outcome<K>

const deciders: { [K in RequestKind]: Decider<K> } = {
  grant: planGrant,
  deduct: planDeduct,
  adjust: planAdjust,
  refund: planRefund,
  takeBack: planTakeBack,
  returnTaken: planReturnTaken,
  reserve: planReserve,
  commit: planCommit,
  release: planRelease,
  settleDue: (draft) => ({ kind: 'accepted', answer: fundsOf(draft) }),
  changeAllowance: planChangeAllowance,
  configure: planConfigure,
}

/**
 * What a request does to a wallet at an instant: a pure function, so a preview is a decision that is not written.
 * Everything due at `now` is booked first, in the same decision. That the request's own guard is new is not looked at
 * here: the write of its entry is conditional on it, and a guard that exists answers with what it holds.
 * @throws RangeError for amounts or instants that the border should have refused.
 */
export function decide<K extends RequestKind>(
  wallet: Wallet,
  request: { kind: K } & Requests[K],
  now: number,
  windows: Windows,
): Decision<K> {
  assertRequest(request, now)
  const draft = new Draft(wallet, now)
  if (settle(draft, windows)) return { kind: 'partial', wallet: draft.finish(), entries: draft.entries }
  // An entry under the guard of an open hold would take the place that the hold's commit needs.
  if (isKeyOfHold(draft, request)) return refused(draft, 'key_reused')
  const decider: Decider<K> = deciders[request.kind]
  const outcome = decider(draft, request, windows)
  if (outcome.kind !== 'accepted') return outcome
  if (draft.entries.length > maxEntries) throw new Error('A decision has more entries than a transaction takes')
  return { kind: 'accepted', wallet: draft.finish(), entries: draft.entries, answer: outcome.answer }
}

/** Books what has ended and nothing else: for a job that looks after wallets that nobody uses. */
export function decideEnded(wallet: Wallet, now: number, windows: Windows): Decision<'settleDue'> {
  const draft = new Draft(wallet, now)
  const isPartial = settleEnded(draft, windows)
  const booked = { wallet: draft.finish(), entries: draft.entries }
  return isPartial ? { kind: 'partial', ...booked } : { kind: 'accepted', ...booked, answer: fundsOf(draft) }
}

/** A grant of this key made in this very millisecond is there already: the row under the guard has the answer. */
function planGrant(draft: Draft, request: Requests['grant']): Outcome<'grant'> {
  const { amount, expiresAt = null, priority = 0, source = 'grant', merge = false } = request
  // A settlement is never refused; a gift to a suspended account waits.
  if (draft.wallet.suspended && !merge) return refused(draft, 'suspended')
  if (expiresAt !== null && expiresAt <= draft.now) return refused(draft, 'already_expired')
  const { grants, balance } = draft.wallet
  if (!merge && grants.length >= maxGrants) return refused(draft, 'too_many_grants')
  if (!merge && balance + amount > maxBalance) return refused(draft, 'balance_limit')
  const fresh = { id: idOf('grn', draft.now, request.guard), amount, expiresAt, priority, source }
  if (draft.find(fresh.id)) return refused(draft, 'key_reused')
  const alike = merge && grants.length >= maxGrants ? grants.find((grant) => isAlike(grant, fresh)) : undefined
  if (alike) alike.amount += amount
  return booked(draft, 'grant', request, [draft.give(alike ?? fresh, amount)], (entry) => ({
    entry,
    grantId: alike?.id ?? fresh.id,
    ...fundsOf(draft),
  }))
}

function planDeduct(draft: Draft, request: Requests['deduct']): Outcome<'deduct'> {
  if (draft.wallet.suspended) return refused(draft, 'suspended', request.amount)
  if (request.amount > draft.available) return refused(draft, 'insufficient_credits', request.amount)
  return booked(draft, 'deduct', request, takeFree(draft, request.amount), (entry) => ({ entry, ...fundsOf(draft) }))
}

/** Staff: not stopped by a suspension, which stops spending. */
function planAdjust(draft: Draft, request: Requests['adjust']): Outcome<'adjust'> {
  const { amount, expiresAt = null } = request
  const answer = (entry: Draft['entries'][number]) => ({ entry, ...fundsOf(draft) })
  if (amount < 0) {
    if (-amount > draft.available) return refused(draft, 'insufficient_credits', -amount)
    return booked(draft, 'adjust', request, takeFree(draft, -amount), answer)
  }
  if (expiresAt !== null && expiresAt <= draft.now) return refused(draft, 'already_expired')
  if (draft.wallet.grants.length >= maxGrants) return refused(draft, 'too_many_grants')
  if (draft.wallet.balance + amount > maxBalance) return refused(draft, 'balance_limit')
  const grant = { id: idOf('grn', draft.now, request.guard), amount, expiresAt, priority: 0, source: 'adjust' as const }
  if (draft.find(grant.id)) return refused(draft, 'key_reused')
  return booked(draft, 'adjust', request, [draft.give(grant, amount)], answer)
}

/** Credits return in the reverse of the order in which they were taken, so that part refunds add up to the whole. */
function planRefund(draft: Draft, request: Requests['refund']): Outcome<'refund'> {
  const { entry: origin, returned } = request
  if (origin.type !== 'deduct' && origin.type !== 'commit') return refused(draft, 'not_refundable')
  const left = -origin.amount - returned
  const amount = request.amount ?? left
  if (left < 1 || amount > left) return refused(draft, 'refund_exceeded', amount)
  const moves: GrantMove[] = []
  for (const part of partsToReturn(origin.grantMoves, returned, amount)) moves.push(giveBack(draft, request, part))
  return booked(draft, 'refund', { ...request, reference: origin.id }, joined(moves), (entry) => ({
    entry,
    returned: returned + amount,
    ...fundsOf(draft),
  }))
}

function partsToReturn(moves: GrantMove[], returned: number, amount: number): GrantMove[] {
  const parts: GrantMove[] = []
  let skip = returned
  let rest = amount
  for (const move of [...moves].reverse()) {
    const there = Math.max(0, -move.amount - skip)
    skip = Math.max(0, skip + move.amount)
    const back = Math.min(there, rest)
    if (back > 0) parts.push({ ...move, amount: back })
    rest -= back
  }
  if (rest > 0) throw new Error('An entry took less than its tally allows to give back')
  return parts
}

/** Back to the grant it came from, also when nothing was left of it; what has expired since comes back as a new grant. */
function giveBack(draft: Draft, request: Requests['refund'], part: GrantMove): GrantMove {
  const { grantId, granted, expiresAt, priority, source, amount } = part
  const known = draft.find(grantId)
  const end = known ? known.expiresAt : expiresAt
  if (end === null || end > draft.now) {
    // One that a failed refund made anew is as large as what came back with it.
    if (known) known.amount = Math.max(known.amount, granted, known.remaining + amount)
    return draft.give({ id: grantId, amount: granted, expiresAt, priority, source }, amount)
  }
  // One new grant for each priority; nearly always that is one.
  const guard = dueGuard(`returned:${request.guard.bits}:${priority}`)
  const id = idOf('grn', draft.now, guard)
  const fresh = draft.find(id)
  if (fresh) fresh.amount += amount
  return draft.give({ id, amount, expiresAt: draft.now + returnedLifeMs, priority, source: 'refund' }, amount)
}

/** One move for each grant. */
function joined(moves: GrantMove[]): GrantMove[] {
  const byGrant = new Map<string, GrantMove>()
  for (const move of moves)
    byGrant.set(move.grantId, { ...move, amount: move.amount + (byGrant.get(move.grantId)?.amount ?? 0) })
  return [...byGrant.values()]
}

function planTakeBack(draft: Draft, request: Requests['takeBack']): Outcome<'takeBack'> {
  const grant = draft.find(request.grantId)
  const taken = grant ? Math.min(draft.free(grant), request.granted) : 0
  const expiry = grant && { expiresAt: grant.expiresAt }
  const answer = () => ({ taken, spent: request.granted - taken, ...expiry, ...fundsOf(draft) })
  if (!grant || taken === 0) {
    if (grant) endAlone(draft, grant, request)
    return { kind: 'accepted', answer: answer() }
  }
  const moves = [draft.take(grant.id, taken)]
  endAlone(draft, grant, request)
  return booked(draft, 'adjust', { reference: grant.id, ...request }, moves, (entry) => ({ entry, ...answer() }))
}

/** What holds still keep of a grant taken back is not free again when they close. A grant that others were merged into lives on. */
function endAlone(draft: Draft, grant: Grant, { granted, ends = granted }: Requests['takeBack']): void {
  if (grant.amount <= ends) grant.expiresAt = Math.min(grant.expiresAt ?? draft.now, draft.now)
}

/**
 * Back into the grant itself, under its own id, also when nothing was left of it: the next refund of the payment finds the
 * credits where the first one did. What a hold kept when the grant was ended is good again too. A grant that would be over by
 * now lives on for as long as whatever is given back late.
 */
function planReturnTaken(draft: Draft, request: Requests['returnTaken']): Outcome<'returnTaken'> {
  const { grantId, taken, granted } = request
  const isOver = request.expiresAt !== null && request.expiresAt <= draft.now
  const expiresAt = isOver ? draft.now + returnedLifeMs : request.expiresAt
  const known = draft.find(grantId)
  const wasEnded = known !== undefined && known.expiresAt !== null && known.expiresAt <= draft.now
  if (wasEnded && (taken > 0 || !isOver)) known.expiresAt = expiresAt
  if (taken === 0) return { kind: 'accepted', answer: fundsOf(draft) }
  // Two packs that were merged may both come back to what was made anew for one of them.
  if (known) known.amount = Math.max(known.amount, known.remaining + taken)
  const grant = { id: grantId, amount: Math.max(granted, taken), expiresAt, priority: 0, source: 'purchase' as const }
  return booked(draft, 'adjust', { reference: grantId, ...request }, [draft.give(grant, taken)], (entry) => ({
    entry,
    ...fundsOf(draft),
  }))
}

function planChangeAllowance(
  draft: Draft,
  request: Requests['changeAllowance'],
  windows: Windows,
): Outcome<'changeAllowance'> {
  const { terms, until, next, replace } = request
  if (request.period !== undefined) draft.wallet.period = request.period
  const state = draft.wallet.allowance ?? { ...noAllowance, coveredUntil: draft.now }
  const changed = changeTerms(state, { terms: granting(terms), until, next: granting(next) }, draft.now)
  draft.wallet.allowance = replace ? { ...changed, coveredUntil: draft.now, bookedStart: null, left: 0 } : changed
  if (replace) endIncluded(draft)
  // The new terms may be due at once. This books at most a window, its rollover and their end.
  settle(draft, windows, Number.POSITIVE_INFINITY)
  return { kind: 'accepted', answer: fundsOf(draft) }
}

/** Terms that include 0 credits are none: nothing is ever booked under them. */
const granting = (terms: Allowance | null): Allowance | null => (terms && terms.included > 0 ? terms : null)

const noAllowance = { terms: null, until: null, next: null, epoch: -1, bookedStart: null, left: 0 }

/** The old plan's credits end now; what holds keep of them stays good for those holds. */
function endIncluded(draft: Draft): void {
  const old = draft.wallet.grants.filter(({ source }) => source === 'included' || source === 'rollover')
  const free = old.map((grant) => ({ grant, amount: draft.free(grant) }))
  for (const { grant } of free) grant.expiresAt = draft.now
  const moves = free.filter(({ amount }) => amount > 0).map(({ grant, amount }) => draft.take(grant.id, amount))
  if (moves.length === 0) return
  draft.book({
    guard: dueGuard(`replaced:${draft.wallet.seq + 1}`),
    type: 'expire',
    grantMoves: moves,
    effectiveAt: draft.now,
    reason: 'Replaced by the credits of another plan',
  })
}

function planConfigure(draft: Draft, { suspended, zones, period }: Requests['configure']): Outcome<'configure'> {
  if (suspended !== undefined) draft.wallet.suspended = suspended
  if (zones !== undefined) draft.wallet.zones = zones
  if (period !== undefined) draft.wallet.period = period
  return { kind: 'accepted', answer: fundsOf(draft) }
}

const takeFree = (draft: Draft, amount: number): GrantMove[] =>
  draft.split(amount).map((part) => draft.take(part.grantId, part.amount))

function booked<Answer>(
  draft: Draft,
  type: Draft['entries'][number]['type'],
  { guard, reason, reference }: Pick<Requests['deduct'], 'guard' | 'reason' | 'reference'>,
  grantMoves: GrantMove[],
  answer: (entry: Draft['entries'][number]) => Answer,
): { kind: 'accepted'; answer: Answer } {
  const entry = draft.book({
    guard,
    type,
    grantMoves,
    effectiveAt: draft.now,
    reason,
    ...(reference !== undefined && { reference }),
  })
  return { kind: 'accepted', answer: answer(entry) }
}

/** The members that requests have in common, whichever they have. */
interface AnyRequest {
  kind: RequestKind
  guard?: Guard
  amount?: number
  returned?: number
  expiresAt?: number | null
}

const isKeyOfHold = (draft: Draft, { kind, guard }: AnyRequest): boolean =>
  kind !== 'reserve' && draft.wallet.holds.some((hold) => hold.bits === guard?.bits)

const isAlike = (grant: Grant, other: Omit<Grant, 'remaining'>): boolean =>
  grant.expiresAt === other.expiresAt && grant.priority === other.priority && grant.source === other.source

/** Borders refuse these with a 400; here they would make money from nothing. */
function assertRequest({ kind, amount, returned, expiresAt }: AnyRequest, now: number): void {
  if (!isWhole(now)) throw new RangeError('Now is an instant in milliseconds')
  if (amount !== undefined) {
    const size = kind === 'adjust' ? Math.abs(amount) : amount
    if (!isWhole(size) || size < 1 || size > maxAmount)
      throw new RangeError('An amount is a whole number from 1 to 10^12')
  }
  if (returned !== undefined && !isWhole(returned)) throw new RangeError('A tally is a whole number')
  if (typeof expiresAt === 'number' && !isWhole(expiresAt))
    throw new RangeError('An expiry is an instant in milliseconds')
  if (kind === 'reserve' && (expiresAt ?? 0) <= now) throw new RangeError('A reservation ends in the future')
}

const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
