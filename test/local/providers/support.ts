import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join, resolve } from 'node:path'
import Razorpay from 'razorpay'
import Stripe from 'stripe'
import { isObject, type JsonObject, objectAt, parseObject } from '#local/providers/json'
import { type Fakes, startFakes } from '#local/providers/start'

export const secrets = {
  razorpay: { keyId: 'rzp_test_fake', keySecret: 'rzp-key', webhookSecret: 'rzp-hook', oldWebhookSecret: 'rzp-old' },
  paystack: { secretKey: 'sk_test_paystack', oldSecretKey: 'sk_test_before' },
  stripe: { secretKey: 'sk_test_stripe', webhookSecret: 'whsec_now', oldWebhookSecret: 'whsec_before' },
}

export interface Heard {
  provider: string
  raw: string
  headers: Record<string, unknown>
  body: JsonObject
}

export interface Bench {
  fakes: Fakes
  heard: Heard[]
  /** The statuses that the receiver answers next; 200 once they are used up. */
  answers: number[]
  /** Turns the clock and waits for what that sends. */
  advance(ms: number): Promise<void>
  now(): number
  razorpay: Razorpay
  stripe: Stripe
  paystack(method: string, path: string, body?: JsonObject): Promise<{ status: number; body: JsonObject }>
  stop(): Promise<void>
}

export const hourMs = 3600 * 1000
export const dayMs = 24 * hourMs
const startMs = Date.parse('2026-03-10T09:00:00Z')

/** The three fakes, the real clients on them, and a receiver of webhooks; a clock that stands until it is turned. */
export async function startBench(): Promise<Bench> {
  const heard: Heard[] = []
  const answers: number[] = []
  const receive = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of message) chunks.push(Buffer.from(chunk))
    const raw = Buffer.concat(chunks).toString('utf8')
    heard.push({ provider: (message.url ?? '').slice(1), raw, headers: message.headers, body: parseObject(raw) ?? {} })
    response.writeHead(answers.shift() ?? 200).end()
  }
  const receiver = createServer((message, response) => void receive(message, response))
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done))
  const address = receiver.address()
  const port = address && typeof address === 'object' ? address.port : 0
  let nowMs = startMs
  let count = 0
  const fakes = await startFakes({
    secrets,
    now: () => nowMs,
    random: () => `seed ${count++}`,
    webhookUrl: (provider) => `http://127.0.0.1:${port}/${provider}`,
  })
  return {
    fakes,
    heard,
    answers,
    now: () => nowMs,
    advance: async (ms) => {
      nowMs += ms
      fakes.tick()
      await fakes.idle()
    },
    razorpay: razorpayAt(fakes.razorpay.url),
    stripe: stripeAt(fakes.stripe.url),
    paystack: (method, path, body) => paystackAt(fakes.paystack.url, method, path, body),
    stop: async () => {
      await fakes.stop()
      receiver.closeAllConnections()
      await new Promise((done) => receiver.close(done))
    },
  }
}

/** The official package has its address built in; the axios instance inside takes another. */
function razorpayAt(url: string): Razorpay {
  const client = new Razorpay({ key_id: secrets.razorpay.keyId, key_secret: secrets.razorpay.keySecret })
  const defaults = inner(inner(inner(client, 'api'), 'rq'), 'defaults')
  if (typeof defaults !== 'object' || defaults === null) throw new Error('the package has changed')
  Reflect.set(defaults, 'baseURL', url)
  return client
}

function inner(value: unknown, name: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined
  return Reflect.get(value, name)
}

export const stripeAt = (url: string, timeout = 10_000): Stripe =>
  new Stripe(secrets.stripe.secretKey, {
    host: '127.0.0.1',
    port: new URL(url).port,
    protocol: 'http',
    telemetry: false,
    maxNetworkRetries: 0,
    timeout,
  })

async function paystackAt(url: string, method: string, path: string, body?: JsonObject) {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${secrets.paystack.secretKey}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: parseObject(await response.text()) ?? {} }
}

/** A call of a fake's own side. */
export async function control(url: string, path: string, body: JsonObject) {
  const response = await fetch(`${url}/_fake/${path}`, { method: 'POST', body: JSON.stringify(body) })
  return { status: response.status, body: parseObject(await response.text()) ?? {} }
}

export const kindsOf = (heard: Heard[]): unknown[] => heard.map(({ body }) => body.event ?? body.type)

/** A Razorpay call with the headers that the package drops. */
export async function razorpayCall(url: string, path: string, body: JsonObject, headers: Record<string, string> = {}) {
  const basic = Buffer.from(`${secrets.razorpay.keyId}:${secrets.razorpay.keySecret}`).toString('base64')
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: parseObject(await response.text()) ?? {} }
}

/** The published samples, beside the checkout where they are at hand. */
export const vectors = resolve(import.meta.dirname, '../../../../shared/facts/vectors')
export const hasVectors = existsSync(vectors)

export function vector(...path: string[]): JsonObject {
  const found = parseObject(readFileSync(join(vectors, ...path), 'utf8'))
  if (!found) throw new Error(`${path.join('/')} is no object`)
  return found
}

export const vectorNames = (folder: string, fits: (name: string) => boolean): string[] =>
  hasVectors ? readdirSync(join(vectors, folder)).filter((name) => name.endsWith('.json') && fits(name)) : []

/** Paths of the keys that the sample has and ours lacks; arrays and what is null on one side are not entered. */
export function missingKeys(sample: JsonObject, ours: JsonObject, ignored: readonly string[] = [], at = ''): string[] {
  return Object.entries(sample).flatMap(([name, value]) => {
    const path = `${at}${name}`
    if (ignored.includes(path)) return []
    if (!Object.hasOwn(ours, name)) return [path]
    const own = ours[name]
    return isObject(value) && isObject(own) ? missingKeys(value, own, ignored, `${path}.`) : []
  })
}

export function dig(value: JsonObject, ...path: string[]): JsonObject {
  const found = objectAt(value, ...path)
  if (!found) throw new Error(`nothing at ${path.join('.')} of ${JSON.stringify(value)}`)
  return found
}

export function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`${JSON.stringify(value)} is no text`)
  return value
}
