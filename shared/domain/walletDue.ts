import { guardOfBits, idOf } from './guard.ts'
import type { Allowance } from './terms.ts'
import { Draft, dueGuard, holdId, isExpired } from './walletDraft.ts'
import {
  type AllowanceState,
  contextOf,
  type Grant,
  type Hold,
  heldOf,
  maxAmount,
  maxEntries,
  type Wallet,
  type Windows,
} from './walletState.ts'

/** Entries kept free for what the request itself books beside the due ones. */
const ownEntries = 6

/** What falls due at one instant. At the same instant: lapse, expire, begin. */
type Due = { at: number } & (
  | { kind: 'lapse'; hold: Hold }
  | { kind: 'expire'; grant: Grant; free: number }
  | { kind: 'end' }
  | { kind: 'begin'; terms: Allowance; window: FoundWindow }
)

interface FoundWindow {
  start: number
  end: number | null
  /** The instant from which it is granted: its start, or later for the first window under new terms. */
  at: number
}

/**
 * Books everything that fell due up to now, in the order of time, as if each had been booked at its instant.
 * @returns true when the entries reached their limit before everything was booked: commit these, then go on.
 */
export function settle(draft: Draft, windows: Windows, limit = maxEntries - ownEntries): boolean {
  for (;;) {
    const due = nextDue(draft.wallet, windows, draft.now)
    if (!due) return false
    // A step books at most two entries.
    if (draft.entries.length + 2 > limit) return true
    apply(draft, due, windows)
  }
}

/**
 * The same as far as something has ended: a window that has merely begun stays unwritten. It is granted by whoever writes
 * next, and every reader counts it: a job that granted it would write to wallets that nobody uses, window after window.
 */
export function settleEnded(draft: Draft, windows: Windows, limit = maxEntries - ownEntries): boolean {
  while (hasEnded(draft)) {
    const due = nextDue(draft.wallet, windows, draft.now)
    if (!due) return false
    if (draft.entries.length + 2 > limit) return true
    apply(draft, due, windows)
  }
  return false
}

const hasEnded = (draft: Draft): boolean =>
  draft.wallet.holds.some(({ expiresAt }) => expiresAt <= draft.now) ||
  draft.wallet.grants.some((grant) => isExpired(grant, draft.now) && draft.free(grant) > 0)

/** The earliest instant at which this wallet owes something to time; undefined: never, as it stands. */
export const nextDueAt = (wallet: Wallet, windows: Windows): number | undefined =>
  nextDue(wallet, windows, Number.POSITIVE_INFINITY)?.at

function nextDue(wallet: Wallet, windows: Windows, now: number): Due | undefined {
  let first: Due | undefined
  // Only a strictly earlier one replaces: the order of these blocks is the order at one instant.
  const consider = (due: Due): void => {
    if (due.at <= now && (!first || due.at < first.at)) first = due
  }
  for (const hold of [...wallet.holds].sort(byBits)) consider({ at: hold.expiresAt, kind: 'lapse', hold })
  for (const grant of [...wallet.grants].sort(byId)) {
    if (grant.expiresAt === null || grant.expiresAt > now) continue
    const free = grant.remaining - heldOf(wallet.holds, grant.id)
    // What a hold keeps stays good for it; it expires when the hold closes.
    if (free > 0) consider({ at: grant.expiresAt, kind: 'expire', grant, free })
  }
  const allowance = wallet.allowance && nextOfAllowance(wallet, wallet.allowance, windows)
  if (allowance) consider(allowance)
  return first
}

function nextOfAllowance(wallet: Wallet, state: AllowanceState, windows: Windows): Due | undefined {
  const { terms, until, coveredUntil } = state
  if (terms && coveredUntil !== null && (until === null || coveredUntil < until)) {
    const window = windowAfter(wallet, terms, state.bookedStart, coveredUntil, windows)
    if (window && (until === null || window.at < until)) return { at: window.at, kind: 'begin', terms, window }
  }
  return until === null ? undefined : { at: until, kind: 'end' }
}

/** The first window at or after `from` that is not the booked one. None: it has not begun (a paid period that is overdue). */
function windowAfter(
  wallet: Wallet,
  terms: Allowance,
  bookedStart: number | null,
  from: number,
  windows: Windows,
): FoundWindow | undefined {
  for (let at = from; ; ) {
    const { start, end } = windows(terms.window, at, contextOf(wallet))
    if (end !== null && end <= at) return undefined
    if (bookedStart === null || start > bookedStart) return { start, end, at }
    // The booked window goes on (grace): what follows begins at its later end.
    if (end === null) return undefined
    at = end
  }
}

function apply(draft: Draft, due: Due, windows: Windows): void {
  switch (due.kind) {
    case 'lapse':
      return lapse(draft, due.hold, due.at)
    case 'expire':
      return expire(draft, due.grant, due.free, due.at)
    case 'end':
      return endTerms(draft, due.at)
    case 'begin':
      return begin(draft, due.terms, due.window, windows)
  }
}

function lapse(draft: Draft, hold: Hold, at: number): void {
  draft.close(hold)
  draft.expireReleased(hold.parts, at, holdId(hold, guardOfBits(hold.bits)?.class ?? 'i'))
}

function expire(draft: Draft, grant: Grant, free: number, at: number): void {
  const allowance = draft.wallet.allowance
  if (allowance && (grant.source === 'included' || grant.source === 'rollover')) allowance.left += free
  draft.book({
    // The number makes it unique: a refund may bring a grant back that was ended early, and it then expires again.
    guard: dueGuard(`expire:${grant.id}:${draft.wallet.seq + 1}`),
    type: 'expire',
    grantMoves: [draft.take(grant.id, free)],
    effectiveAt: at,
    reason: 'Expired',
    reference: grant.id,
  })
}

/** Access ends: the fallback's terms hold from here, or from where the last window ends. A lifetime window does not hold them up. */
function endTerms(draft: Draft, at: number): void {
  const state = draft.wallet.allowance
  if (!state) return
  draft.wallet.allowance = changeTerms(state, { terms: state.next, until: null, next: null }, at)
}

/** New terms begin where the windows granted so far end; another window kind counts its windows afresh. */
export function changeTerms(
  state: AllowanceState,
  { terms, until, next }: Pick<AllowanceState, 'terms' | 'until' | 'next'>,
  at: number,
): AllowanceState {
  return {
    terms,
    until,
    next,
    epoch: state.epoch + 1,
    coveredUntil: Math.max(state.coveredUntil ?? at, at),
    bookedStart: terms?.window === state.terms?.window ? state.bookedStart : null,
    left: state.left,
  }
}

/** Grants the window that has begun. Windows that nobody touched are passed over: only what they would have rolled over is counted. */
function begin(draft: Draft, terms: Allowance, first: FoundWindow, windows: Windows): void {
  const state = draft.wallet.allowance
  if (!state) return
  const last = state.until === null ? draft.now : Math.min(draft.now, state.until - 1)
  const { window, rollover } = passIdle(draft.wallet, terms, first, state.left, last, windows)
  draft.wallet.allowance = { ...state, coveredUntil: window.end, bookedStart: window.start, left: 0 }
  if (rollover > 0) grantWindow(draft, 'rollover', rollover, window, state.epoch)
  grantWindow(draft, 'included', terms.included, window, state.epoch)
}

function grantWindow(
  draft: Draft,
  source: 'rollover' | 'included',
  amount: number,
  window: FoundWindow,
  epoch: number,
): void {
  const guard = dueGuard(`${source}:${epoch}:${window.start}`)
  const grant = { id: idOf('grn', window.at, guard), amount, expiresAt: window.end, priority: 0, source }
  draft.book({
    guard,
    type: 'grant',
    grantMoves: [draft.give(grant, amount)],
    effectiveAt: window.at,
    reason: source === 'included' ? 'Included in the plan' : 'Carried over from the window before',
    reference: grant.id,
  })
}

/** The window to grant, and what rolls over into it, as if every window before had been granted and had expired untouched. */
function passIdle(wallet: Wallet, terms: Allowance, first: FoundWindow, left: number, last: number, windows: Windows) {
  // `all` is bounded too: no grant is larger than one movement may be.
  const cap = terms.rollover === 'all' ? maxAmount : Math.min(terms.rollover, maxAmount)
  let window = first
  let rollover = Math.min(cap, left)
  while (window.end !== null && window.end <= last) {
    const next = windowAfter(wallet, terms, window.start, window.end, windows)
    if (!next || next.at > last) break
    const after = Math.min(cap, terms.included + rollover)
    // Once it no longer grows every later window is alike: go straight to the one that holds the last instant.
    window = after === rollover ? latest(wallet, terms, next, last, windows) : next
    rollover = after
  }
  return { window, rollover }
}

function latest(wallet: Wallet, terms: Allowance, next: FoundWindow, last: number, windows: Windows): FoundWindow {
  const { start, end } = windows(terms.window, last, contextOf(wallet))
  return start > next.start ? { start, end, at: start } : next
}

const byBits = (a: Hold, b: Hold): number => (a.bits < b.bits ? -1 : 1)
const byId = (a: Grant, b: Grant): number => (a.id < b.id ? -1 : 1)
