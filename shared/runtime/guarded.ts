import type { Guard } from '#domain/guard'
import { codes, type ErrorCode } from '#errors/codes'
import { Problem } from '#errors/problem'
import { commit } from '#table/commit'
import type { Item } from '#table/port'
import { type Call, putRefusalWrite, readGuardRow } from '#table/wallets'
import { keyReused } from './answers.ts'
import type { Deps } from './deps.ts'
import { type Input, Reply, replayed } from './run.ts'

/** What rows under a guard record of this call. */
export const callOf = (input: Pick<Input, 'key' | 'requestHash' | 'requestId' | 'identity' | 'accountId'>): Call => ({
  ...(input.key.given && { key: input.key.text }),
  hash: input.requestHash,
  requestId: input.requestId,
  actor: input.identity.keyId ?? input.identity.subject ?? input.identity.kind,
})

/**
 * The first answer again, from the row that its guard protects.
 * @throws Problem the first refusal again, or `idempotency_key_reused` when the row belongs to another request.
 */
export function replayRow<Output>(item: Item, call: Call): Reply<Output> {
  const row = readGuardRow(item)
  if (row.hash !== call.hash || row.key !== call.key) throw keyReused()
  if (row.problem) throw new ReplayedRefusal(codeOf(row.problem.code), row.problem.detail, row.problem.extras)
  if (!row.answer) throw new Error(`${item.sk} holds no answer`)
  return replayed(row.answer as Output)
}

/** A refusal that was given before, marked as such. */
class ReplayedRefusal extends Problem {
  override readonly headers = { 'idempotent-replayed': 'true' }
}

const codeOf = (text: string): ErrorCode => {
  if (!Object.hasOwn(codes, text)) throw new Error(`${text} is no error code`)
  return text as ErrorCode
}

/**
 * Refuses, finally when the caller brought a key: the refusal is stored under it, and whoever was first decides.
 * Answers the first answer when another call with the same key got through in between.
 */
export async function refuseFinally<Output>(
  deps: Deps,
  accountId: string,
  guard: Guard,
  call: Call,
  problem: Problem,
): Promise<Reply<Output>> {
  if (call.key === undefined) throw problem
  const { retryAfterSeconds: _wait, ...extras } = problem.extras
  const write = putRefusalWrite(
    accountId,
    guard,
    call,
    { problem: { code: problem.code, detail: problem.message, extras } },
    { now: deps.clock.now(), real: deps.clock.real() },
  )
  const outcome = await commit(deps.table, [write])
  const first = outcome.committed ? undefined : outcome.refusalOf(write)?.item
  if (first) return replayRow(first, call)
  throw problem
}
