import { ulidOf } from '#domain/guard'
import { createSession } from '#operations/purchases'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { hashOfKey } from '#table/apiKeys'
import { commit } from '#table/commit'
import { putSessionWrite } from '#table/sessions'

const lifeMs = 30 * 86_400_000

export const run: Run<typeof createSession> = async (_input, deps) => {
  const real = deps.clock.real()
  const ulid = ulidOf(real, deps.ids.random())
  const token = `fgs_${deps.config.mode}_${deps.ids.secret()}`
  const session = {
    v: 1 as const,
    createdAt: real,
    updatedAt: real,
    id: `ses_${ulid}`,
    hash: hashOfKey(token),
    accountId: `anon_${ulid}`,
    expiresAt: real + lifeMs,
  }
  await commit(deps.table, [putSessionWrite(session)])
  const { id: sessionId, accountId, expiresAt } = session
  return { sessionId, token, accountId, expiresAt: new Date(expiresAt).toISOString() }
}

export const handler = httpHandler(createSession, run, live())
