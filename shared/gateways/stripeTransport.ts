import type Stripe from 'stripe'
import * as z from 'zod/mini'
import { within } from './deadline.ts'
import { readAs, shown, text } from './fields.ts'
import type { GatewayTools } from './gateway.ts'
import { badAnswer, type CallKind, GatewayError, retryAfterOf, statusError, transportError } from './gatewayError.ts'
import { retrying } from './retry.ts'

export interface StripeAddress {
  secretKey: string
  /** Default `https://api.stripe.com`. */
  baseUrl?: string
  /** Default 8 s; the package's own 80 s outlive any function here. */
  timeoutMs?: number
}

export interface StripeTransport {
  /** @throws GatewayError, or `CardDeclined` when the answer shows a payment that was made and declined. */
  ask<S extends z.ZodMiniType>(
    kind: CallKind,
    schema: S,
    send: (client: Stripe) => Promise<unknown>,
  ): Promise<z.output<S>>
}

/** A 402 that carries its payment intent: an outcome of a charge rather than a fault of the call. */
export class CardDeclined extends Error {
  readonly intent: unknown
  readonly refusal: GatewayError
  constructor(intent: unknown, refusal: GatewayError) {
    super(refusal.message)
    this.name = 'CardDeclined'
    this.intent = intent
    this.refusal = refusal
  }
}

const defaultTimeoutMs = 8_000

/** The official package, loaded on the first call, without its telemetry and with retries counted here and not there. */
export function stripeTransport(address: StripeAddress, tools: GatewayTools): StripeTransport {
  let client: Promise<Stripe> | undefined
  const limitMs = address.timeoutMs ?? defaultTimeoutMs
  return {
    async ask(kind, schema, send) {
      client ??= open(address, limitMs)
      const opened = await client
      const answer = await retrying(tools, kind, async () => {
        try {
          return await within('stripe', kind, limitMs, send(opened))
        } catch (error) {
          throw mapped(kind, error)
        }
      })
      const read = readAs(schema, answer, (parsed) => parsed)
      // The package also resolves with an error page that is JSON without an `error`.
      if ('fault' in read) throw badAnswer('stripe', kind)
      return read.value
    },
  }
}

async function open({ secretKey, baseUrl }: StripeAddress, timeout: number): Promise<Stripe> {
  if (secretKey.trim() === '') throw new GatewayError('stripe', 'misconfigured', { code: 'no_keys' })
  const { default: Package } = await import('stripe')
  // A closed connection is sent once more even so; every write carries an idempotency key.
  const options = { telemetry: false, maxNetworkRetries: 0, timeout }
  if (baseUrl === undefined) return new Package(secretKey, options)
  const { hostname, port, protocol } = new URL(baseUrl)
  const plain = protocol === 'http:'
  const address = { host: hostname, port: port || (plain ? '80' : '443'), protocol: plain ? 'http' : 'https' } as const
  return new Package(secretKey, { ...options, ...address })
}

/** What is used of the package's errors; `type` is its class. */
const thrown = z.object({
  type: text,
  code: shown(text),
  decline_code: shown(text),
  statusCode: shown(z.number()),
  headers: shown(z.record(z.string(), z.unknown())),
  detail: z.optional(z.unknown()),
  payment_intent: z.optional(z.unknown()),
})
const network = z.object({ code: shown(text), cause: shown(z.object({ code: shown(text) })) })

function mapped(kind: CallKind, error: unknown): GatewayError | CardDeclined {
  if (error instanceof GatewayError) return error
  const read = thrown.safeParse(error)
  if (!read.success) return transportError('stripe', kind, 'no_answer')
  const { type, code, decline_code, statusCode, headers, detail, payment_intent } = read.data
  if (type === 'StripeConnectionError') return transportError('stripe', kind, networkCode(detail))
  // Not JSON: a proxy's page, whatever its status was.
  if (statusCode === undefined) return badAnswer('stripe', kind)
  const told = { code: decline_code ?? code, retryAfterSeconds: retryAfterOf(headers?.['retry-after']) }
  const all = { code: told.code ?? 'refused' }
  if (type === 'StripeRateLimitError') return statusError('stripe', kind, 429, told)
  if (type === 'StripeIdempotencyError')
    return new GatewayError('stripe', 'refused', { code: 'idempotency_key_reused' })
  if (code === 'resource_missing') return new GatewayError('stripe', 'not_found', all)
  // The same key is being worked on at this moment.
  if (statusCode === 409) return transportError('stripe', kind, 'in_progress')
  if (type === 'StripeCardError') {
    const refusal = new GatewayError('stripe', 'refused', {
      code: code === 'authentication_required' ? code : all.code,
    })
    return payment_intent === undefined ? refusal : new CardDeclined(payment_intent, refusal)
  }
  return statusError('stripe', kind, statusCode, told)
}

function networkCode(detail: unknown): string {
  const read = network.safeParse(detail)
  const code = read.success ? (read.data.code ?? read.data.cause?.code) : undefined
  return code === 'ETIMEDOUT' ? 'timeout' : (code ?? 'no_answer')
}
