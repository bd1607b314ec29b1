import type { Guard } from '#domain/guard'
import { windowAt } from '#domain/time'
import { decide } from '#domain/walletDecide'
import type { Answers, Refused, RequestKind, Requests } from '#domain/walletRequest'
import type { Wallet } from '#domain/walletState'
import { notFound, Problem } from '#errors/problem'
import { commit } from '#table/commit'
import { operationKey, walletKey } from '#table/keys'
import type { Item, Key, Write } from '#table/port'
import {
  type Call,
  isEntry,
  putEntryWrite,
  putWalletWrite,
  readEntry,
  readGuardRow,
  readWallet,
  type StoredEntry,
  type StoredWallet,
} from '#table/wallets'
import { keyReused } from './answers.ts'
import { again, contend } from './contend.ts'
import type { Deps } from './deps.ts'
import { refuseFinally, replayRow } from './guarded.ts'
import { type Reply, replayed } from './run.ts'

/** What a decision rests on beside the wallet. */
export interface Beside {
  /** The ledger entry that lies under the guard already. */
  prior: StoredEntry | undefined
  /** The item behind `movement.tally`. */
  tally: Item | undefined
  now: number
}

/** One movement of credits that a call asks for. */
export interface Movement<Kind extends RequestKind, Output> {
  accountId: string
  /** The row that answers a repeated call. */
  guard: Guard
  call: Call
  kind: Kind
  request: (beside: Beside) => Requests[Kind]
  answer: (answers: Answers[Kind]) => Output
  /** Stands on the movement's own entry, e.g. metadata. */
  own?: Record<string, unknown>
  /** The guard's row is part of the decision (a hold's commit), so it is read first. Else it is only met when writing. */
  readPrior?: true
  /** An item that the decision rests on too, read with the wallet; `beside` writes it in the same transaction. */
  tally?: Key
  beside?: (answers: Answers[Kind], beside: Beside) => Write[]
}

interface Seen {
  stored: StoredWallet
  prior: Item | undefined
  tally: Item | undefined
  consistent: boolean
}

/**
 * Load → decide → commit, again and again until nobody else was faster. The first look is eventually consistent (half
 * the price); a refusal is never given on one, and neither before the guard was looked at.
 * @throws Problem the refusal, final for the caller's key; `contended` after 8 s.
 */
export async function moveCredits<Kind extends RequestKind, Output extends Record<string, unknown>>(
  deps: Deps,
  movement: Movement<Kind, Output>,
): Promise<Output | Reply<Output>> {
  let seen = await look(deps, movement, false)
  return contend(deps, async () => {
    seen ??= await look(deps, movement, true)
    if (!seen) throw notFound('account')
    let step = attempt(deps, movement, seen)
    if (step.kind === 'refused' && !seen.consistent) {
      seen = await look(deps, movement, true)
      if (!seen) throw notFound('account')
      step = attempt(deps, movement, seen)
    }
    if (step.kind === 'answered') return step.output
    if (step.kind === 'refused') return refuse(deps, movement, seen, step)
    const outcome = await commit(deps.table, step.writes)
    if (outcome.committed) {
      if (step.output !== undefined) return step.output
      // A part of what is due is booked; the request itself follows on the state just written.
      seen = { ...seen, stored: { ...seen.stored, wallet: step.wallet }, consistent: true }
      return again
    }
    // First the guard, then the wallet: a guard that exists is the answer, whatever the wallet says.
    const first = step.own && outcome.refusalOf(step.own)?.item
    // A hold's row is part of its decision: the same commit under another key has the same answer, so it is decided anew.
    if (first && !movement.readPrior) return replayRow<Output>(first, movement.call)
    seen = undefined
    return again
  })
}

type Step<Output> =
  | { kind: 'answered'; output: Output | Reply<Output> }
  | Refused
  | {
      kind: 'write'
      writes: Write[]
      own: Write | undefined
      wallet: Wallet
      output: Output | undefined
    }

/** Decides on what was seen and lays out the transaction; sends nothing. */
function attempt<Kind extends RequestKind, Output extends Record<string, unknown>>(
  deps: Deps,
  movement: Movement<Kind, Output>,
  { stored, prior, tally }: Seen,
): Step<Output> {
  const { accountId, guard, call } = movement
  if (prior && !isEntry(prior)) return { kind: 'answered', output: replayRow<Output>(prior, call) }
  const beside: Beside = { prior: prior && readEntry(prior), tally, now: deps.clock.now() }
  const decision = decide<Kind>(
    stored.wallet,
    { kind: movement.kind, ...movement.request(beside) },
    beside.now,
    windowAt,
  )
  if (decision.kind === 'refused') return decision
  if (decision.kind === 'repeated') return { kind: 'answered', output: firstAnswer(movement, prior, decision.answer) }

  const output = decision.kind === 'accepted' ? movement.answer(decision.answer) : undefined
  const walletWrite = putWalletWrite(accountId, decision.wallet, stored, beside.now)
  const record = { key: call.key, hash: call.hash, answer: output, ...movement.own }
  const entries = decision.entries.map((entry) =>
    putEntryWrite(accountId, entry, call, entry.guard.bits === guard.bits ? record : {}),
  )
  const own = entries[decision.entries.findIndex((entry) => entry.guard.bits === guard.bits)]
  const others = decision.kind === 'accepted' ? (movement.beside?.(decision.answer, beside) ?? []) : []
  return {
    kind: 'write',
    writes: [walletWrite, ...entries, ...others],
    own,
    wallet: decision.wallet,
    output,
  }
}

/** A committed hold's first answer stands in its row; an open or released one is told as it is. */
function firstAnswer<Kind extends RequestKind, Output extends Record<string, unknown>>(
  { kind, call, answer }: Movement<Kind, Output>,
  prior: Item | undefined,
  answers: Answers[Kind],
): Reply<Output> {
  const row = prior && kind === 'commit' ? readGuardRow(prior) : undefined
  if (row?.key !== undefined && row.key === call.key && row.hash !== call.hash) throw keyReused()
  return replayed(row?.answer ? (row.answer as Output) : answer(answers))
}

/** A row under the guard that the request did not look at is this very movement: it happened before the wallet came to refuse it. */
async function refuse<Kind extends RequestKind, Output extends Record<string, unknown>>(
  deps: Deps,
  movement: Movement<Kind, Output>,
  seen: Seen,
  refused: Refused,
): Promise<Reply<Output>> {
  if (seen.prior && !movement.readPrior) return replayRow<Output>(seen.prior, movement.call)
  const problem = problemOf(refused)
  // What rests on the balance is final for its key; what the caller can mend, or what passes, is not. A commit's guard
  // is its hold's: a refusal in that place would keep the hold from being committed for less, and from its release.
  if (refused.reason !== 'insufficient_credits' || movement.kind === 'commit') throw problem
  return refuseFinally<Output>(deps, movement.accountId, movement.guard, movement.call, problem)
}

async function look<Kind extends RequestKind, Output>(
  deps: Deps,
  movement: Movement<Kind, Output>,
  consistent: boolean,
): Promise<Seen | undefined> {
  const key = walletKey(movement.accountId)
  if (!consistent && !movement.readPrior && !movement.tally) {
    const item = await deps.table.get(key)
    return item && { stored: readWallet(item), prior: undefined, tally: undefined, consistent }
  }
  const keys = [key, operationKey(movement.accountId, movement.guard), ...(movement.tally ? [movement.tally] : [])]
  // Two items that a decision rests on together are read consistently: each lags on its own, and only the wallet's version is a condition.
  const [wallet, prior, tally] = await deps.table.batchGet(keys, { consistent: true })
  return wallet && { stored: readWallet(wallet), prior, tally, consistent: true }
}

/** A refused movement as the caller reads it. */
export function problemOf({ reason, balance, available, required }: Refused): Problem {
  switch (reason) {
    case 'insufficient_credits':
      return new Problem('insufficient_credits', `This needs ${required ?? 0} credits; ${available} are available.`, {
        balance,
        required: required ?? 0,
      })
    case 'suspended':
      return new Problem('account_suspended', 'The account is suspended.')
    case 'reservation_expired':
      return new Problem('reservation_expired', 'The reservation has lapsed; what it held is free again.')
    case 'not_found':
      return notFound('reservation')
    case 'too_many_holds':
      return new Problem('rate_limited', 'The account has 24 open reservations. Commit or release some first.', {
        retryAfterSeconds: 1,
      })
    case 'key_reused':
      return new Problem(
        'idempotency_key_reused',
        'This idempotency key was used for a different request. Use a new key for a new request.',
      )
    case 'already_expired':
      return new Problem('validation_failed', 'expiresAt: lies in the past', {
        errors: [{ path: 'expiresAt', message: 'lies in the past' }],
      })
    default:
      return new Problem('conflict', conflicts[reason])
  }
}

const conflicts = {
  conflict: 'The reservation was closed another way before.',
  above_hold: 'The amount is more than what is held. Send allowAboveHold to take the rest from what is available.',
  refund_exceeded: 'This is more than the deduction took and has not been given back yet.',
  not_refundable: 'Only deductions can be refunded.',
  too_many_grants: 'The account has 100 live grants. Use fewer, larger grants.',
  balance_limit: 'The balance would grow beyond 10^15 credits.',
} as const
