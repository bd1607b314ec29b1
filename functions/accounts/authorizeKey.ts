import { authorizeKey } from '#operations/accounts'
import { authorizerHandler, type RunAuthorizer } from '#runtime/authorizer'
import { live } from '#runtime/live'
import { findApiKey, noteUse } from '#table/apiKeys'
import { commit } from '#table/commit'

export const run: RunAuthorizer = async (keyHash, deps) => {
  const key = await findApiKey(deps.table, keyHash)
  if (!key || key.revokedAt !== undefined) return undefined
  const note = noteUse(key, deps.clock.real())
  // A lost note costs an hour's precision of "last used", so its failure refuses nobody.
  if (note) await commit(deps.table, [note]).catch(() => deps.log.warn('lastUsedAt not noted', { keyId: key.id }))
  return { keyId: key.id, scopes: key.scopes.join(' ') }
}

export const handler = authorizerHandler(authorizeKey, run, live())
