import { createRemoteJWKSet, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import * as z from 'zod/mini'
import type { JwtAuthorizerModel } from '../template/model.ts'
import { answers } from './answer.ts'
import type { Authorize } from './authorize.ts'
import type { GatewayRequest } from './event.ts'
import { identityOf } from './identity.ts'

const discovery = z.object({ jwks_uri: z.url() })
/** API Gateway waits this long for an issuer. */
const discoveryTimeoutMs = 1500

/**
 * The JWT authorizer of an HTTP API: RS256 only, key from the issuer's JWKS, `iss`, `aud` (or `client_id`), `exp` required,
 * `nbf` and `iat` in the past, one of the route's scopes. Times are real times, whatever the stack's clock says.
 */
export function createJwtAuthorizer(): Authorize<JwtAuthorizerModel> {
  const keys = new Map<string, Promise<JWTVerifyGetKey>>()
  const keysOf = (issuer: string): Promise<JWTVerifyGetKey> => {
    const found = keys.get(issuer) ?? loadKeys(issuer)
    keys.set(issuer, found)
    // An issuer that is down now is asked again at the next request.
    found.catch(() => keys.delete(issuer))
    return found
  }

  return async (model, request, route) => {
    const token = identityOf(model.identitySource, request, route.key)?.replace(/^Bearer /i, '')
    if (!token) return { refused: answers.unauthorized('Bearer') }
    const payload = await verify(token, model, keysOf).catch(() => undefined)
    if (!payload || !isForAudience(payload, model.audiences) || isFromFuture(payload, request)) {
      return {
        refused: answers.unauthorized('Bearer error="invalid_token" error_description="the token is not valid"'),
      }
    }
    const granted = scopesOf(payload)
    if (model.scopes.length > 0 && !model.scopes.some((scope) => granted.includes(scope)))
      return { refused: answers.forbidden() }
    return { context: { jwt: { claims: claimsOf(payload), scopes: model.scopes.length > 0 ? granted : null } } }
  }
}

async function loadKeys(issuer: string): Promise<JWTVerifyGetKey> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const answer = await fetch(address, { signal: AbortSignal.timeout(discoveryTimeoutMs) })
  return createRemoteJWKSet(new URL(discovery.parse(await answer.json()).jwks_uri))
}

async function verify(
  token: string,
  model: JwtAuthorizerModel,
  keysOf: (issuer: string) => Promise<JWTVerifyGetKey>,
): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, await keysOf(model.issuer), {
    algorithms: ['RS256'],
    issuer: model.issuer,
    requiredClaims: ['exp'],
  })
  return payload
}

/** A token without `aud` is taken by its `client_id`, as Cognito's access tokens need. */
function isForAudience(payload: JWTPayload, audiences: string[]): boolean {
  const named = payload.aud ?? (typeof payload['client_id'] === 'string' ? payload['client_id'] : [])
  return [named].flat().some((each) => audiences.includes(each))
}

const isFromFuture = (payload: JWTPayload, request: GatewayRequest): boolean =>
  payload.iat !== undefined && payload.iat > Math.floor(request.timeEpochMs / 1000)

function scopesOf(payload: JWTPayload): string[] {
  const scope = payload['scope'] ?? payload['scp']
  if (Array.isArray(scope)) return scope.map(String)
  return typeof scope === 'string' ? scope.split(' ') : []
}

/** API Gateway hands every claim on as text; lists in brackets, separated by blanks. */
function claimsOf(payload: JWTPayload): Record<string, string> {
  const text = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(text).join(' ')}]`
    return typeof value === 'object' ? JSON.stringify(value) : String(value)
  }
  return Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, text(value)]))
}
