import middy from '@middy/core'
import type { AuthorizerOperation } from '#operations/definition'
import { hashOfKey } from '#table/apiKeys'
import { reportDefect } from './defect.ts'
import type { Deps } from './deps.ts'
import type { Live } from './live.ts'

/** API Gateway's REQUEST authorizer, payload 2.0, simple responses. */
export interface AuthorizerEvent {
  headers?: Record<string, string | undefined>
}
export interface AuthorizerAnswer {
  isAuthorized: boolean
  context: Record<string, string>
}

/**
 * Decides on a credential by its hash. What it answers is the context that the operation behind sees (`identityOf`): a
 * server's key id and scopes, a visitor's `accountId`. Undefined refuses.
 */
export type RunAuthorizer = (credentialHash: string, deps: Deps) => Promise<Record<string, string> | undefined>

/** API keys (`fg_<mode>_…`) and session tokens (`fgs_<mode>_…`), each with 256 random bits in base64url. */
const credentials = {
  server: /^Bearer (fg_(test|live)_[A-Za-z0-9_-]{43})$/,
  visitor: /^Bearer (fgs_(test|live)_[A-Za-z0-9_-]{43})$/,
} as const satisfies Record<AuthorizerOperation['of'], RegExp>

/** The Lambda entry of an authorizer. */
export function authorizerHandler(operation: AuthorizerOperation, run: RunAuthorizer, live: Live) {
  const open = live(operation)
  return middy<AuthorizerEvent, AuthorizerAnswer>().handler(async (event: AuthorizerEvent) =>
    handleAuthorizer(operation, run, await open(), event),
  )
}

/** A credential of the other mode or kind never reaches the table. A failure of ours refuses: nobody gets in because something broke. */
export async function handleAuthorizer(
  operation: AuthorizerOperation,
  run: RunAuthorizer,
  deps: Deps,
  event: AuthorizerEvent,
): Promise<AuthorizerAnswer> {
  const refused: AuthorizerAnswer = { isAuthorized: false, context: {} }
  const given = credentials[operation.of].exec(event.headers?.authorization ?? '')
  if (!given?.[1] || given[2] !== deps.config.mode) return refused
  try {
    const context = await run(hashOfKey(given[1]), deps)
    return context ? { isAuthorized: true, context } : refused
  } catch (error) {
    reportDefect(operation, deps, error, {})
    throw error
  }
}
