import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { PaymentProvider } from '#domain/moneyCharge'
import type { Gateway, GatewayTools } from '#gateways/gateway'
import { GatewayError } from '#gateways/gatewayError'
import { paystackGateway } from '#gateways/paystack'
import { razorpayGateway } from '#gateways/razorpay'
import { stripeGateway } from '#gateways/stripe'

/** The providers' own samples, beside the checkout where they are at hand; no part of the product. */
const vectors = join(import.meta.dirname, '../../../shared/facts/vectors')
export const hasVectors = existsSync(vectors)
export const vectorText = (path: string): string => readFileSync(join(vectors, path), 'utf8')
export const vectorBytes = (path: string): Uint8Array => readFileSync(join(vectors, path))
export const vectorFiles = (folder: string): string[] =>
  hasVectors ? readdirSync(join(vectors, folder)).filter((name) => name.endsWith('.json') && !name.startsWith('_')) : []

/** Nothing waits; chance is fixed; the waits asked for are kept. */
export function tools(): GatewayTools & { waits: number[] } {
  const waits: number[] = []
  return {
    waits,
    rng: () => 0.5,
    wait: async (milliseconds) => {
      waits.push(milliseconds)
    },
  }
}

export const keys = {
  razorpayId: 'rzp_test_KEYID0000001',
  razorpaySecret: 'canary-razorpay-secret',
  paystack: 'sk_test_canary_paystack_secret',
  stripe: 'sk_test_canary_stripe_secret',
  webhook: 'canary-webhook-secret',
}

export function gatewayAt(
  provider: PaymentProvider,
  baseUrl: string,
  used: GatewayTools = tools(),
  timeoutMs = 2_000,
): Gateway {
  const address = { baseUrl, timeoutMs }
  if (provider === 'razorpay')
    return razorpayGateway(
      { ...address, keyId: keys.razorpayId, keySecret: keys.razorpaySecret, webhookSecrets: [keys.webhook] },
      used,
    )
  if (provider === 'paystack') return paystackGateway({ ...address, secretKey: keys.paystack }, used)
  return stripeGateway({ ...address, secretKey: keys.stripe, webhookSecrets: [keys.webhook] }, used)
}

export interface Seen {
  method: string
  /** Path and query as they came over the wire. */
  target: string
  headers: IncomingHttpHeaders
  body: string
}
export interface Loopback {
  url: string
  seen: Seen[]
  close(): Promise<void>
}

/** A server on 127.0.0.1 that keeps what it was asked. */
export async function loopback(answer: (request: Seen, response: ServerResponse) => void): Promise<Loopback> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = {
        method: request.method ?? '',
        target: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      }
      seen.push(one)
      answer(one, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

export function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

/** The error of a call that has to fail. */
export async function failureOf(work: Promise<unknown>): Promise<GatewayError> {
  try {
    await work
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
  throw new Error('the call succeeded')
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const paymentId = 'fpay_01JD3Q5Z7V8W9X0Y1Z2A3B4C5D'
export const refundId = 'rfd_01JD3Q5Z7V8W9X0Y1Z2A3B4C5E'
export const order = {
  paymentId,
  amountMinor: 49900,
  currency: 'INR',
  description: 'Pro, monthly',
  account: { id: 'acct_1', email: 'canary@example.com', name: 'Canary Contact' },
  saveMethod: false,
}

export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
