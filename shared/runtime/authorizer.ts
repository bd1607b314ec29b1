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

/** Decides on a key by its hash; undefined refuses. */
export type RunAuthorizer = (keyHash: string, deps: Deps) => Promise<Record<string, string> | undefined>

/** The Lambda entry of the API key authorizer. */
export function authorizerHandler(operation: AuthorizerOperation, run: RunAuthorizer, live: Live) {
  const open = live(operation)
  return middy<AuthorizerEvent, AuthorizerAnswer>().handler(async (event: AuthorizerEvent) =>
    handleAuthorizer(operation, run, await open(), event),
  )
}

/** A key of the other mode never reaches the table. A failure of ours refuses: nobody gets in because something broke. */
export async function handleAuthorizer(
  operation: AuthorizerOperation,
  run: RunAuthorizer,
  deps: Deps,
  event: AuthorizerEvent,
): Promise<AuthorizerAnswer> {
  const refused: AuthorizerAnswer = { isAuthorized: false, context: {} }
  const key = /^Bearer (fg_(test|live)_[A-Za-z0-9_-]{43})$/.exec(event.headers?.authorization ?? '')
  if (!key?.[1] || key[2] !== deps.config.mode) return refused
  try {
    const context = await run(hashOfKey(key[1]), deps)
    return context ? { isAuthorized: true, context } : refused
  } catch (error) {
    reportDefect(operation, deps, error, {})
    throw error
  }
}
