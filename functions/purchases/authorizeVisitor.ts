import { authorizeVisitor } from '#operations/purchases'
import { authorizerHandler, type RunAuthorizer } from '#runtime/authorizer'
import { live } from '#runtime/live'
import { findSession } from '#table/sessions'

export const run: RunAuthorizer = async (tokenHash, deps) => {
  // Consistently where the first look finds none: whoever just got a token uses it at once.
  const session =
    (await findSession(deps.table, tokenHash)) ?? (await findSession(deps.table, tokenHash, { consistent: true }))
  if (!session || session.claimedBy !== undefined || deps.clock.real() >= session.expiresAt) return undefined
  return { accountId: session.accountId }
}

export const handler = authorizerHandler(authorizeVisitor, run, live())
