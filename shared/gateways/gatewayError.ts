import type { PaymentProvider } from '#domain/moneyCharge'

/**
 * - `refused`: the provider (or this code, before any call) said no; the same request will be refused again.
 * - `unavailable`: nothing was done; trying later is safe.
 * - `unknown_outcome`: it was sent and may have been done. Look it up; never send it again unseen.
 * - `not_found`: the provider does not know the thing.
 * - `misconfigured`: keys, account or address are wrong; staff must act.
 */
export type GatewayErrorKind = 'refused' | 'unavailable' | 'unknown_outcome' | 'not_found' | 'misconfigured'

/**
 * Why a provider's call did not succeed. The message holds provider, kind and code alone and there is no `cause`:
 * providers' texts repeat contact details, and an HTTP library's error carries the Authorization header.
 */
export class GatewayError extends Error {
  readonly kind: GatewayErrorKind
  readonly provider: PaymentProvider
  readonly code?: string
  readonly retryAfterSeconds?: number

  constructor(
    provider: PaymentProvider,
    kind: GatewayErrorKind,
    { code, retryAfterSeconds }: { code?: string | undefined; retryAfterSeconds?: number | undefined } = {},
  ) {
    const shown = code === undefined ? undefined : codeText(code)
    super(shown === undefined ? `${provider}: ${kind}` : `${provider}: ${kind} (${shown})`)
    this.name = 'GatewayError'
    this.provider = provider
    this.kind = kind
    if (shown !== undefined) this.code = shown
    if (retryAfterSeconds !== undefined) this.retryAfterSeconds = retryAfterSeconds
  }
}

/** Codes are words; whatever else a provider puts there (an id, an address) is dropped. */
const codeText = (code: string): string => (/^[A-Za-z][A-Za-z0-9_.-]{0,79}$/.test(code) ? code : 'other')

/** What a call does there: a `read` changes nothing; a `keyed` write may be repeated under its key; a `write` may not. */
export type CallKind = 'read' | 'keyed' | 'write'

/** The request never left: nothing can have been done. */
const neverSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** No usable answer came: refused connection, reset, time-out, a cut or unreadable body. */
export const transportError = (provider: PaymentProvider, call: CallKind, code: string): GatewayError =>
  new GatewayError(provider, call === 'read' || neverSent.has(code) ? 'unavailable' : 'unknown_outcome', { code })

/** The answer does not have the shape that is used. After a write its effect is there all the same. */
export const badAnswer = (provider: PaymentProvider, call: CallKind): GatewayError =>
  transportError(provider, call, 'bad_answer')

/** What a status alone tells; a gateway refines 400, 404 and 409 by the provider's own codes. */
export function statusError(
  provider: PaymentProvider,
  call: CallKind,
  status: number,
  told: { code?: string | undefined; retryAfterSeconds?: number | undefined } = {},
): GatewayError {
  const code = told.code ?? `http_${status}`
  const all = { code, retryAfterSeconds: told.retryAfterSeconds }
  if (status === 401 || status === 403) return new GatewayError(provider, 'misconfigured', all)
  if (status === 404) return new GatewayError(provider, 'not_found', all)
  if (status === 429) return new GatewayError(provider, 'unavailable', { ...all, code: 'rate_limited' })
  if (status >= 400 && status < 500) return new GatewayError(provider, 'refused', all)
  // A 5xx, and a redirect that is not followed: a proxy's 502 says nothing about what happened behind it.
  return new GatewayError(provider, call === 'read' ? 'unavailable' : 'unknown_outcome', all)
}

/** `Retry-After` in seconds; its form as a date is not used by these providers. At most an hour is believed. */
export function retryAfterOf(value: unknown): number | undefined {
  const seconds =
    typeof value === 'number' ? value : typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : NaN
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(Math.ceil(seconds), 3600) : undefined
}

/** For what is to be gone: a provider that does not know it has done that already. */
export async function unlessUnknown(ended: Promise<unknown>): Promise<void> {
  try {
    await ended
  } catch (error) {
    if (!(error instanceof GatewayError) || error.kind !== 'not_found') throw error
  }
}
