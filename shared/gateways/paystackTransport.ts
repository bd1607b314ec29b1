import * as z from 'zod/mini'
import { readAs, shown, text } from './fields.ts'
import type { GatewayTools } from './gateway.ts'
import { badAnswer, type CallKind, GatewayError, retryAfterOf, statusError, transportError } from './gatewayError.ts'
import { parsePaystackJson } from './paystackJson.ts'
import { retrying } from './retry.ts'

/** Paystack's own package is published without its code, so this is `fetch`: Bearer key, JSON both ways, one envelope. */
export interface PaystackAddress {
  secretKey: string
  /** Default `https://api.paystack.co`. */
  baseUrl?: string
  /** Default 8 s, over connecting, waiting and reading. */
  timeoutMs?: number
}

export interface PaystackRequest<S extends z.ZodMiniType> {
  call: CallKind
  method: 'GET' | 'POST'
  /** Begins with a slash; ids in it are checked before. */
  path: string
  query?: Record<string, string>
  body?: object
  /** Of `data` in the envelope. */
  data: S
}

export interface PaystackTransport {
  /** @throws GatewayError */
  ask<S extends z.ZodMiniType>(request: PaystackRequest<S>): Promise<z.output<S>>
}

const defaultTimeoutMs = 8_000
const longestAnswerBytes = 4_194_304

const envelope = z.object({
  status: z.boolean(),
  message: shown(text),
  code: shown(text),
  type: shown(text),
  data: z.optional(z.unknown()),
})
type Envelope = z.output<typeof envelope>

export function paystackTransport(address: PaystackAddress, tools: GatewayTools): PaystackTransport {
  return {
    async ask({ data, ...request }) {
      const answer = await retrying(tools, request.call, () => send(address, request))
      // Another shape would be that shape again: it is not asked for twice.
      const read = readAs(data, answer.data, (parsed) => parsed)
      if ('fault' in read) throw badAnswer('paystack', request.call)
      return read.value
    },
  }
}

async function send(address: PaystackAddress, request: Omit<PaystackRequest<never>, 'data'>): Promise<Envelope> {
  const { call } = request
  if (address.secretKey === '') throw new GatewayError('paystack', 'misconfigured', { code: 'no_keys' })
  const { status, retryAfter, body } = await exchange(address, request)
  const read = envelope.safeParse(body)
  if (read.success && status >= 200 && status < 300) {
    if (read.data.status) return read.data
    // 200 with `status: false`: the request was understood and turned down.
    throw new GatewayError('paystack', 'refused', { code: codeOf(read.data) })
  }
  if (status >= 200 && status < 300) throw badAnswer('paystack', call)
  if (read.success && isUnknownThing(status, call, read.data))
    throw new GatewayError('paystack', 'not_found', { code: codeOf(read.data) ?? 'not_found' })
  throw statusError('paystack', call, status, {
    code: read.success ? codeOf(read.data) : undefined,
    retryAfterSeconds: retryAfterOf(retryAfter),
  })
}

/** One exchange over the wire; a body that is not JSON comes out as undefined. */
async function exchange(
  { secretKey, baseUrl = 'https://api.paystack.co', timeoutMs = defaultTimeoutMs }: PaystackAddress,
  { call, method, path, query, body }: Omit<PaystackRequest<never>, 'data'>,
): Promise<{ status: number; retryAfter: string | null; body: unknown }> {
  try {
    const search = query ? `?${new URLSearchParams(query)}` : ''
    const response = await fetch(`${baseUrl}${path}${search}`, {
      method,
      // The key does not follow to another address.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        authorization: `Bearer ${secretKey}`,
        accept: 'application/json',
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await textOf(response)
    return { status: response.status, retryAfter: response.headers.get('retry-after'), body: parsePaystackJson(text) }
  } catch (error) {
    throw transportError('paystack', call, networkCode(error))
  }
}

async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let bytes = 0
  let text = ''
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > longestAnswerBytes) throw new RangeError('the answer is too long')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** `fetch` hides the cause one level down; a time-out is a DOMException of that name. */
const failure = z.object({
  name: shown(text),
  cause: shown(z.object({ code: shown(text) })),
})
function networkCode(error: unknown): string {
  const read = failure.safeParse(error)
  if (!read.success) return 'no_answer'
  return read.data.name === 'TimeoutError' ? 'timeout' : (read.data.cause?.code ?? 'no_answer')
}

/** Older answers carry no code: the duplicate reference is then known by its sentence. */
const codeOf = ({ code, message, type }: Envelope): string | undefined =>
  /duplicate transaction reference/i.test(message ?? '') ? 'duplicate_reference' : (code ?? type)

/** An unknown reference is 400 in places. */
const isUnknownThing = (status: number, call: CallKind, { code, message }: Envelope): boolean =>
  status === 400 && call === 'read' && (code?.endsWith('not_found') === true || /not found/i.test(message ?? ''))
