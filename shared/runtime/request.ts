import { notFound, Problem } from '#errors/problem'
import { type Caller, callerOf, type HttpOperation, type Route, type Scope, scopes } from '#operations/definition'
import type { Identity, RequestKey } from './run.ts'

/** The part of API Gateway's proxy event (HTTP API, payload 2.0) that the product reads. */
export interface HttpEvent {
  routeKey: string
  rawPath: string
  rawQueryString: string
  headers: Record<string, string | undefined>
  queryStringParameters?: Record<string, string | undefined>
  pathParameters?: Record<string, string | undefined>
  body?: string
  isBase64Encoded: boolean
  requestContext: {
    http: { method: string; path: string; sourceIp: string; userAgent?: string }
    requestId: string
    authorizer?: {
      jwt?: { claims?: Record<string, unknown> }
      lambda?: Record<string, unknown> | null
    }
  }
}

/** Bodies beyond this are refused before they are parsed. API Gateway itself takes 10 MB. */
const largestBodyBytes = 256 * 1024
const idPattern = /^[A-Za-z0-9._:|@-]{1,128}$/

/** The caller's `X-Request-Id` when it is well formed, else one made here. */
export function requestIdOf(event: HttpEvent, make: () => string): string {
  const given = event.headers['x-request-id']
  return given !== undefined && /^[A-Za-z0-9._-]{1,128}$/.test(given) ? given : make()
}

/** What the gateway proved: a route's prefix says which proof counts. */
export function identityOf(event: HttpEvent): Identity {
  const kind: Caller = callerOf(event.routeKey as Route)
  const base = {
    kind,
    scopes: [],
    address: event.requestContext.http.sourceIp,
    userAgent: (event.requestContext.http.userAgent ?? '').slice(0, 200),
  }
  if (kind === 'public') return { ...base, class: 'c' }
  if (kind === 'server') {
    const context = event.requestContext.authorizer?.lambda
    const keyId = context?.keyId
    if (typeof keyId !== 'string' || keyId === '')
      throw new Problem('unauthenticated', 'The API key is missing or not valid.')
    return { ...base, class: 's', keyId, scopes: scopesOf(context?.scopes) }
  }
  if (kind === 'visitor') {
    const subject = event.requestContext.authorizer?.lambda?.accountId
    if (typeof subject !== 'string' || !subject.startsWith('anon_') || !idPattern.test(subject))
      throw new Problem('unauthenticated', 'The session token is missing or not valid.')
    return { ...base, class: 'c', subject }
  }
  const claims = event.requestContext.authorizer?.jwt?.claims ?? {}
  // The gateway has verified signature, issuer and audience; a token without an expiry would live for ever, so it is refused here too.
  if (typeof claims.sub !== 'string' || !idPattern.test(claims.sub) || claims.exp === undefined) {
    throw new Problem('unauthenticated', 'The token names no usable subject or has no expiry.')
  }
  const email = typeof claims.email === 'string' ? claims.email.slice(0, 254) : undefined
  return { ...base, class: kind === 'staff' ? 's' : 'c', subject: claims.sub, ...(email !== undefined && { email }) }
}

function scopesOf(value: unknown): Scope[] {
  const words = typeof value === 'string' ? value.split(' ') : []
  return scopes.filter((scope) => words.includes(scope))
}

/** The account of the call by its path or token: of a customer, their own. */
export function accountOf(event: HttpEvent, identity: Identity): string {
  const named = event.pathParameters?.accountId
  if (named !== undefined) {
    if (!idPattern.test(named))
      throw new Problem('validation_failed', 'The account id is not valid.', {
        errors: [{ path: 'accountId', message: 'is 1 to 128 of A–Z a–z 0–9 . _ : | @ -' }],
      })
    return named
  }
  if (identity.kind === 'visitor') return identity.subject ?? ''
  return identity.kind === 'customer' ? (identity.subject ?? '') : ''
}

/** Another account that a customer wants to act for, by the header `Faregate-Account`; undefined: their own. */
export function otherAccountOf(event: HttpEvent, identity: Identity): string | undefined {
  if (identity.kind !== 'customer') return undefined
  const chosen = event.headers['faregate-account']
  if (chosen === undefined || chosen === identity.subject) return undefined
  // What no account can be called is not found either: a malformed header tells as little as another's id.
  if (!idPattern.test(chosen)) throw notFound('account')
  return chosen
}

/** `Idempotency-Key`: 1–255 printable characters, bare or as a quoted string (the IETF draft's form). */
export function keyOf(event: HttpEvent, identity: Identity, make: () => string): RequestKey {
  const raw = event.headers['idempotency-key']
  if (raw === undefined) return { class: identity.class, text: make(), given: false }
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(raw)
  const text = quoted ? (quoted[1] ?? '').replace(/\\(["\\])/g, '$1') : raw
  if (!/^[\x20-\x7e]{1,255}$/.test(text)) {
    throw new Problem('validation_failed', 'The idempotency key is not valid.', {
      errors: [{ path: 'Idempotency-Key', message: 'is 1 to 255 printable ASCII characters' }],
    })
  }
  return { class: identity.class, text, given: true }
}

export interface RawBody {
  contentType: string
  /** Parsed JSON; undefined when there was no body, or where bytes are taken as they came. */
  value: unknown
  bytes: Uint8Array
}

/** Size, media type, encoding and syntax of the body, in this order; its shape is the schema's business. */
export function bodyOf(operation: HttpOperation, event: HttpEvent): RawBody {
  const contentType = (event.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8')
  if (bytes.length > largestBodyBytes) throw new Problem('payload_too_large', 'A body has at most 256 KB.')
  if (operation.takesRaw || bytes.length === 0) return { contentType, value: undefined, bytes }
  if (!operation.body) {
    // Clients commonly send `{}` with a POST that takes nothing; anything else is a misunderstanding worth naming.
    if (bytes.toString('utf8').trim() === '{}') return { contentType, value: undefined, bytes }
    throw new Problem('validation_failed', 'This operation takes no body.', {
      errors: [{ path: '', message: 'takes no body' }],
    })
  }
  const accepted = operation.contentTypes ?? ['application/json']
  if (!accepted.includes(contentType))
    throw new Problem('unsupported_media_type', `The body must be ${accepted.join(' or ')}.`)
  try {
    return { contentType, value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), bytes }
  } catch {
    throw new Problem('validation_failed', 'The body is not valid JSON in UTF-8.', {
      errors: [{ path: '', message: 'is not valid JSON' }],
    })
  }
}

type Given<Body> = { [Name in keyof Body]?: Exclude<Body[Name], undefined> }

/** The members that a body really has: an optional one that is undefined is not there. */
export const given = <Body extends object>(body: Body): Given<Body> =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as Given<Body>
