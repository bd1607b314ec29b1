import { notFound } from '#errors/problem'
import { revokeApiKey } from '#operations/admin'
import { auditOf } from '#runtime/audit'
import { again, contend } from '#runtime/contend'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { findApiKeyById, revokeApiKeyWrite } from '#table/apiKeys'
import { commit } from '#table/commit'

export const run: Run<typeof revokeApiKey> = (input, deps) =>
  contend(deps, async () => {
    const key = await findApiKeyById(deps.table, input.params.keyId)
    if (!key) throw notFound('API key')
    if (key.revokedAt !== undefined) return undefined
    const audit = auditOf(input, deps, { action: 'revokeApiKey', entity: 'apiKey', entityId: key.id })
    const outcome = await commit(deps.table, [revokeApiKeyWrite(key, deps.clock.real()), audit])
    // Refused: somebody else revoked it a moment ago. The next round reads that and is done.
    return outcome.committed ? undefined : again
  })

export const handler = httpHandler(revokeApiKey, run, live())
