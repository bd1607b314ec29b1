import { guardOf } from '#domain/guard'
import { Problem } from '#errors/problem'
import type { HttpOperation } from '#operations/definition'
import { commit } from '#table/commit'
import { accountPk, answerKey, staffPk } from '#table/keys'
import { absent, type Item, type Key, type Write } from '#table/port'
import { again } from './contend.ts'
import type { Deps } from './deps.ts'
import { type Input, type Reply, replayed } from './run.ts'

/** How long a stored answer is repeated; its row is swept by `ttl` at some later time. */
const keptMs = 24 * 3_600_000

/**
 * Idempotency of operations that have no record of their own to be their guard: the answer is stored in the very
 * transaction of the effect, so a retry finds either both or neither.
 */
export function answerRow(operation: HttpOperation, input: Input): Key {
  const pk = input.identity.kind === 'staff' ? staffPk(input.identity.subject ?? '') : accountPk(input.accountId)
  return answerKey(pk, guardOf(input.key.class, operation.id, input.key.text))
}

/** The first answer when this key has one. @throws Problem `idempotency_key_reused` when it belongs to another request. */
export async function storedAnswer(
  operation: HttpOperation,
  input: Input,
  deps: Deps,
): Promise<Reply<unknown> | undefined> {
  if (operation.idempotency !== 'record' || !input.key.given) return undefined
  const item = await deps.table.get(answerRow(operation, input), { consistent: true })
  return item && isKept(item, deps) ? replayOf(item, input) : undefined
}

/**
 * Commits the writes and the answer beside them: also under a key made here, so that no retry of our own acts twice.
 * `status`: where it is not the operation's usual one; repeated as well.
 * Answers `again` when another writer changed what the plan rested on: load and decide anew.
 */
export async function commitAnswer<Output extends Record<string, unknown>>(
  operation: HttpOperation,
  input: Input,
  deps: Deps,
  writes: Write[],
  output: Output,
  status?: number,
): Promise<Output | Reply<Output> | typeof again> {
  const row = answerWrite(operation, input, deps, output, status)
  const outcome = await commit(deps.table, [...writes, row])
  if (outcome.committed) return output
  const stored = outcome.refusalOf(row)?.item
  if (!stored) return again
  // A row that outlived its day but was not swept yet counts for nothing; it goes, and the next round writes anew.
  if (!isKept(stored, deps)) {
    await commit(deps.table, [
      {
        kind: 'delete',
        key: { pk: stored.pk, sk: stored.sk },
        when: { op: '=', attr: 'createdAt', value: Number(stored.createdAt) },
      },
    ])
    return again
  }
  return replayOf(stored, input) as Reply<Output>
}

function answerWrite(
  operation: HttpOperation,
  input: Input,
  deps: Deps,
  output: Record<string, unknown>,
  status: number | undefined,
): Extract<Write, { kind: 'put' }> {
  const now = deps.clock.real()
  const hidden = new Set(operation.secrets ?? [])
  const body = Object.fromEntries(Object.entries(output).filter(([name]) => !hidden.has(name)))
  return {
    kind: 'put',
    item: {
      ...answerRow(operation, input),
      entity: 'answer',
      v: 1,
      createdAt: now,
      updatedAt: now,
      ttl: Math.ceil((now + keptMs) / 1000),
      hash: input.requestHash,
      key: input.key.text,
      body: JSON.stringify(body),
      ...(status !== undefined && { status }),
    },
    when: absent,
  }
}

const isKept = (item: Item, deps: Deps): boolean => Number(item.createdAt) + keptMs > deps.clock.real()

function replayOf(item: Item, input: Input): Reply<unknown> {
  if (item.hash !== input.requestHash || item.key !== input.key.text) throw keyReused()
  return replayed(JSON.parse(String(item.body)), typeof item.status === 'number' ? item.status : undefined)
}

export const keyReused = (): Problem =>
  new Problem(
    'idempotency_key_reused',
    'This idempotency key was used for a different request. Use a new key for a new request.',
  )
