import type Razorpay from 'razorpay'
import * as z from 'zod/mini'
import { within } from './deadline.ts'
import type { GatewayTools } from './gateway.ts'
import { type CallKind, GatewayError, retryAfterOf, statusError, transportError } from './gatewayError.ts'
import { retrying } from './retry.ts'

/**
 * The official `razorpay` package made safe to use. Bare, version 2.9.8 waits for ever, turns every network fault into
 * `TypeError: … reading 'status'`, resolves with a string for a body that is not JSON, drops headers (so `Retry-After` and
 * the idempotency of refunds), and follows redirects. Its HTTP instance (`api.rq`, axios) takes interceptors, which
 * mend all of that; its methods then reject with `{statusCode, error}` throughout.
 */
export interface RazorpayTransport {
  /** @throws GatewayError */
  call(kind: CallKind, send: (client: Razorpay) => Promise<unknown>): Promise<unknown>
}

export interface RazorpayAddress {
  keyId: string
  keySecret: string
  /** Default `https://api.razorpay.com`. */
  baseUrl?: string
  /** Default 8 s: below a function's own limit, above what the API takes. */
  timeoutMs?: number
}

const defaultTimeoutMs = 8_000
/** A hundred payments are some 150 KB. */
const longestAnswerBytes = 4_194_304

export function razorpayTransport(address: RazorpayAddress, tools: GatewayTools): RazorpayTransport {
  let client: Promise<Razorpay> | undefined
  const limitMs = address.timeoutMs ?? defaultTimeoutMs
  return {
    async call(kind, send) {
      // Loaded on the first call: checking and parsing a webhook costs no SDK at a cold start.
      client ??= open(address)
      const opened = await client
      return retrying(tools, kind, async () => {
        try {
          return await within('razorpay', kind, limitMs, send(opened))
        } catch (error) {
          throw mapped(kind, error)
        }
      })
    },
  }
}

async function open({ keyId, keySecret, baseUrl, timeoutMs }: RazorpayAddress): Promise<Razorpay> {
  if (keyId === '' || keySecret === '') throw new GatewayError('razorpay', 'misconfigured', { code: 'no_keys' })
  const { default: Package } = await import('razorpay')
  const client = new Package({ key_id: keyId, key_secret: keySecret })
  const { api } = client
  if (!hasHttp(api)) throw new GatewayError('razorpay', 'misconfigured', { code: 'package_changed' })
  Object.assign(api.rq.defaults, {
    timeout: timeoutMs ?? defaultTimeoutMs,
    maxRedirects: 0,
    maxContentLength: longestAnswerBytes,
    // The environment's proxy is not part of this contract: keys would go through it.
    proxy: false,
    ...(baseUrl !== undefined && { baseURL: baseUrl }),
  })
  api.rq.interceptors.request.use(withRefundKey)
  api.rq.interceptors.response.use(refuseText, withResponse)
  return client
}

/** The part of axios that is used; the package's types do not show it. */
interface Http {
  rq: {
    defaults: object
    interceptors: {
      request: { use(change: (request: HttpRequest) => HttpRequest): unknown }
      response: { use(change: (response: HttpResponse) => HttpResponse, fail: (error: unknown) => never): unknown }
    }
  }
}
interface HttpRequest {
  url?: string
  data?: unknown
  headers: { set(name: string, value: string): unknown }
}
interface HttpResponse {
  data: unknown
}

const hasHttp = (api: object): api is Http =>
  'rq' in api && typeof api.rq === 'function' && 'defaults' in api.rq && 'interceptors' in api.rq

const refundBody = z.object({ receipt: z.string() })

/** The refund's receipt is our refund id and becomes the idempotency key, the only one that Razorpay knows. */
function withRefundKey(request: HttpRequest): HttpRequest {
  const body = refundBody.safeParse(request.data)
  if (request.url?.endsWith('/refund') && body.success) request.headers.set('X-Refund-Idempotency', body.data.receipt)
  return request
}

/** A 200 that is not JSON comes through as a string. */
function refuseText(response: HttpResponse): HttpResponse {
  if (typeof response.data !== 'object' || response.data === null) throw synthetic('bad_answer')
  return response
}

const failed = z.object({
  code: z.optional(z.string()),
  response: z.optional(
    z.object({
      status: z.number(),
      data: z.optional(z.unknown()),
      headers: z.optional(z.unknown()),
    }),
  ),
})
/** axios' headers are an object of a class: read by the one name. */
const retryHeader = z.object({ 'retry-after': z.optional(z.unknown()) })
const told = z.object({
  code: z.catch(z.nullish(z.string()), undefined),
  reason: z.catch(z.nullish(z.string()), undefined),
  description: z.catch(z.nullish(z.string()), undefined),
})
const errorBody = z.object({ error: told })

/** Gives every failure the form that the package expects, with what it would have lost. */
function withResponse(error: unknown): never {
  if (error instanceof Refitted) throw error
  const read = failed.safeParse(error)
  const response = read.success ? read.data.response : undefined
  if (response === undefined) throw synthetic(read.success ? (read.data.code ?? 'no_answer') : 'no_answer')
  const body = errorBody.safeParse(response.data)
  // A 2xx here was cut off: axios reports it as an error that has a response.
  if (response.status < 300) throw synthetic('bad_answer')
  throw new Refitted({
    status: response.status,
    data: {
      error: { ...(body.success && body.data.error), retryAfter: retryAfterIn(response.headers) },
    },
  })
}

function retryAfterIn(headers: unknown): number | undefined {
  const read = retryHeader.safeParse(headers)
  return read.success ? retryAfterOf(read.data['retry-after']) : undefined
}

/** What the package's `normalizeError` reads: `response.status` and `response.data.error`. */
class Refitted extends Error {
  readonly response: { status: number; data: { error: object } }
  constructor(response: { status: number; data: { error: object } }) {
    super('refitted')
    this.response = response
  }
}
const synthetic = (code: string): Refitted => new Refitted({ status: 0, data: { error: { code } } })

const rejected = z.object({
  statusCode: z.number(),
  error: z.extend(told, { retryAfter: z.optional(z.number()) }),
})

function mapped(kind: CallKind, error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  const read = rejected.safeParse(error)
  if (!read.success) return transportError('razorpay', kind, 'no_answer')
  const { statusCode, error: reason } = read.data
  if (statusCode === 0) return transportError('razorpay', kind, networkCode(reason.code ?? 'no_answer'))
  return refined(kind, statusCode, reason) ?? statusError('razorpay', kind, statusCode, withCode(reason))
}

/** 400 is Razorpay's answer to nearly everything: what it means stands in the text. */
function refined(kind: CallKind, status: number, reason: z.output<typeof rejected>['error']): GatewayError | undefined {
  const description = reason.description ?? ''
  if (status === 400 && /does not exist/i.test(description))
    return new GatewayError('razorpay', 'not_found', { code: 'id_unknown' })
  if (status === 400 && /requested URL was not found/i.test(description))
    return new GatewayError('razorpay', 'misconfigured', { code: 'feature_not_enabled' })
  if (status === 400 && /authentication failed/i.test(description))
    return new GatewayError('razorpay', 'misconfigured', { code: 'authentication_failed' })
  // A refund with this key is under way: neither done nor refused.
  if (status === 409 && !/different request/i.test(description))
    return new GatewayError('razorpay', kind === 'read' ? 'unavailable' : 'unknown_outcome', { code: 'in_progress' })
  return undefined
}

/** `reason` is the machine-readable part; `code` is BAD_REQUEST_ERROR for most. */
const withCode = (reason: z.output<typeof rejected>['error']) => ({
  code: reason.reason && reason.reason !== 'NA' ? reason.reason : (reason.code ?? undefined),
  retryAfterSeconds: reason.retryAfter,
})

/** axios' words for a time-out. */
const networkCode = (code: string): string => (code === 'ECONNABORTED' || code === 'ETIMEDOUT' ? 'timeout' : code)
