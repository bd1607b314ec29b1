import type * as z from 'zod/mini'
import type { Catalogue } from '#domain/catalogue'
import { ulidOf } from '#domain/guard'
import { defaultPaymentSettings } from '#domain/paymentSettings'
import { isErrorCode } from '#errors/codes'
import { openGateways } from '#gateways/gateways'
import { sealWith } from '#gateways/seal'
import {
  scopes as allScopes,
  type Caller,
  callerOf,
  errorsOf,
  type HttpOperation,
  type QueueName,
  type Scope,
} from '#operations/definition'
import type { Clock, Deps, PaymentTools } from '#runtime/deps'
import { handleHttp } from '#runtime/http'
import type { HttpResponse } from '#runtime/problem'
import type { HttpEvent } from '#runtime/request'
import type { Run } from '#runtime/run'
import { catalogueCache, publishCatalogue } from '#table/catalogue'
import { dynamoTable } from '#table/dynamo'
import { userKey } from '#table/keys'
import { type ReferenceProduct, referenceCatalogue } from './catalogues.ts'
import { type Engine, startEngine } from './engine.ts'
import { granted } from './granted.ts'

export interface TestClock extends Clock {
  /** Business time stands still where it is set: epoch milliseconds, or ISO 8601. */
  set(at: number | string): void
  advance(milliseconds: number): void
  /** Real time ticks; this makes it jump. */
  passReal(milliseconds: number): void
}

export interface Logged {
  level: 'info' | 'warn' | 'error'
  message: string
  fields: Record<string, unknown>
}

/** Live dependencies over a real engine, with a clock to turn and everything that leaves kept for looking at. */
export interface TestDeps extends Deps {
  engine: Engine
  clock: TestClock
  /** Messages in the order in which they were sent. */
  sent: { queue: QueueName; message: unknown }[]
  logged: Logged[]
  metrics: { name: string; value: number; dimensions: Record<string, string> }[]
  stop(): Promise<void>
}

export interface TestDepsOptions {
  product?: ReferenceProduct
  /** Instead of a reference product's. */
  catalogue?: Catalogue
  /** Business time at start. */
  now?: string
  mode?: 'test' | 'live'
  seed?: number
}

/** Keys of the test deployment; canaries, so that a log that shows one is found out. */
export const paymentKeys = {
  razorpayId: 'rzp_test_KEYID0000001',
  razorpaySecret: 'canary-razorpay-secret',
  paystack: 'sk_test_canary_paystack_secret',
  stripe: 'sk_test_canary_stripe_secret',
  webhook: 'canary-webhook-secret',
  oldWebhook: 'canary-webhook-secret-before',
}
/** Nobody listens there: a test that calls a provider brings one. */
const nowhere = 'http://127.0.0.1:9'

/** All three providers turned on, each at its address. Their waits are none. */
export function testPaymentTools(
  addresses: { razorpay: string; paystack: string; stripe: string } = {
    razorpay: nowhere,
    paystack: nowhere,
    stripe: nowhere,
  },
): PaymentTools {
  const webhookSecrets = [paymentKeys.webhook, paymentKeys.oldWebhook]
  const gateway = openGateways(
    {
      razorpay: {
        keyId: paymentKeys.razorpayId,
        keySecret: paymentKeys.razorpaySecret,
        webhookSecrets,
        baseUrl: addresses.razorpay,
      },
      paystack: { secretKey: paymentKeys.paystack, baseUrl: addresses.paystack },
      stripe: { secretKey: paymentKeys.stripe, webhookSecrets, baseUrl: addresses.stripe },
    },
    { wait: async () => {}, rng: () => 0.5 },
  )
  return {
    turnedOn: ['razorpay', 'paystack', 'stripe'],
    gateway,
    seal: sealWith(['a-sealing-secret-of-the-tests-0123456789']),
  }
}

/** The staff member whom `as: 'staff'` speaks for. */
export const admin = 'admin'

/** A table of its own in a fresh engine, with a published catalogue and one member of staff. */
export async function testDeps(options: TestDepsOptions = {}): Promise<TestDeps> {
  const { product = 'example', now = '2026-03-10T12:00:00.000Z', mode = 'test', seed = 1 } = options
  const engine = await startEngine()
  const table = dynamoTable({ client: engine.client, tableName: await engine.createTable() })
  const clock = testClock(now)
  const published = await publishCatalogue(table, options.catalogue ?? referenceCatalogue(product), {
    now: clock.now(),
  })
  if (published.kind !== 'publish') throw new Error(`the catalogue was not published: ${published.kind}`)
  await table.write([
    { kind: 'put', item: { ...userKey(admin), entity: 'user', v: 1, role: 'ADMIN' }, when: 'unconditional' },
  ])
  const random = randomBytesOf(seed)
  const sent: TestDeps['sent'] = []
  const logged: Logged[] = []
  const metrics: TestDeps['metrics'] = []
  const tools = testPaymentTools()
  const write =
    (level: Logged['level']) =>
    (message: string, fields: Record<string, unknown> = {}) =>
      void logged.push({ level, message, fields })
  return {
    engine,
    table,
    clock,
    sent,
    logged,
    metrics,
    config: { mode },
    catalogue: catalogueCache(table, clock.real),
    ids: { random: () => random(16, base32), secret: () => random(43, base64url) },
    rng: () => Number.parseInt(random(8, '0123456789abcdef'), 16) / 2 ** 32,
    log: { info: write('info'), warn: write('warn'), error: write('error') },
    wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    metric: (name, value, dimensions) => void metrics.push({ name, value, dimensions }),
    settings: async () => defaultPaymentSettings,
    payments: async () => tools,
    queues: {
      send: async (queue, messages) => {
        for (const message of messages) sent.push({ queue, message: JSON.parse(JSON.stringify(message)) })
      },
    },
    stop: () => engine.stop(),
  }
}

function testClock(start: string): TestClock {
  let business = Date.parse(start)
  let jumped = 0
  return {
    now: () => business,
    real: () => Math.round(performance.timeOrigin + performance.now()) + jumped,
    set: (at) => {
      business = typeof at === 'number' ? at : Date.parse(at)
      if (Number.isNaN(business)) throw new Error(`${at} is no instant`)
    },
    advance: (milliseconds) => {
      business += milliseconds
    },
    passReal: (milliseconds) => {
      jumped += milliseconds
    },
  }
}

const base32 = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const base64url = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Characters from a seed (mulberry32), so that a failing run is the same run again. */
function randomBytesOf(seed: number): (length: number, alphabet: string) => string {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return (length, alphabet) =>
    Array.from({ length }, () => alphabet.charAt(Math.floor(next() * alphabet.length))).join('')
}

/** An id of ours that nothing has. */
export const strangerId = (prefix: string, time = Date.UTC(2030, 0)): string =>
  `${prefix}_${ulidOf(time, 'G'.repeat(16))}`

/** One call as its caller makes it. */
export interface Invocation {
  /** Default: the server where the operation has such a route, else whoever may. */
  as?: Caller
  /** The account of the path (server, staff), of the token's subject (customer) or of the session (visitor, where `anon_` is put before it). */
  account?: string
  /** The token's subject, where it is not the account: staff. */
  subject?: string
  scopes?: readonly Scope[]
  params?: Record<string, string>
  query?: Record<string, string>
  body?: unknown
  /** The body as it goes over the wire, instead of `body`. */
  rawBody?: string
  contentType?: string
  key?: string
  headers?: Record<string, string>
  address?: string
  /** Lets an answer 500 pass; without it a defect fails the test with its cause. */
  expectDefect?: true
}

export interface Answer<Operation extends HttpOperation> {
  status: number
  /** Of a problem; undefined for a success. */
  code: string | undefined
  headers: Record<string, string>
  /** `Idempotent-Replayed: true`. */
  replayed: boolean
  body: z.output<NonNullable<Operation['output']>>
}

/**
 * One request through the same code as on Lambda, with the event that API Gateway would have made of it, and with no more
 * rights to the table than its definition asks for.
 * @throws Error for an answer that the operation does not declare, and for a defect that the test does not expect.
 */
export async function invoke<Operation extends HttpOperation>(
  operation: Operation,
  run: Run<Operation>,
  deps: TestDeps,
  call: Invocation = {},
): Promise<Answer<Operation>> {
  const linesBefore = deps.logged.length
  const response = await handleHttp(operation, run, granted(deps, operation), eventOf(operation, call))
  const body = bodyOf(response)
  const code = response.statusCode >= 400 ? String(body.code) : undefined
  if (code !== undefined && !(isErrorCode(code) && errorsOf(operation).includes(code)))
    throw new Error(`${operation.id} answered ${response.statusCode} ${code}, which it does not declare`)
  if (code === undefined && response.statusCode !== operation.success && response.statusCode !== operation.later)
    throw new Error(`${operation.id} answered ${response.statusCode} instead of ${operation.success}`)
  if (response.statusCode === 500 && !call.expectDefect) {
    const defect = deps.logged.slice(linesBefore).find(({ level }) => level === 'error')
    throw new Error(`${operation.id} has a defect: ${String(defect?.fields.error)}`, { cause: defect?.fields.error })
  }
  return {
    status: response.statusCode,
    code,
    headers: response.headers,
    replayed: response.headers['idempotent-replayed'] === 'true',
    body,
  }
}

/** The body as the client has it: bytes, text, or parsed JSON. */
function bodyOf({ headers, body, isBase64Encoded }: HttpResponse) {
  if (isBase64Encoded) return new Uint8Array(Buffer.from(body, 'base64'))
  return (headers['content-type'] ?? '').includes('json') ? JSON.parse(body) : body
}

/** The proxy event (HTTP API, payload 2.0) of a call. */
export function eventOf(operation: HttpOperation, call: Invocation): HttpEvent {
  const callers = operation.routes.map(callerOf)
  const as = call.as ?? (callers.includes('server') ? 'server' : callers[0])
  const routeKey = operation.routes.find((route) => callerOf(route) === as)
  if (!routeKey) throw new Error(`${operation.id} has no route for ${as}`)
  const [method = '', template = ''] = routeKey.split(' ')
  const account = call.account ?? 'acc'
  const parameters = { ...(template.includes('{accountId}') && { accountId: account }), ...call.params }
  const path = template.replace(/\{(\w+)\}/g, (_all, name) => encodeURIComponent(Reflect.get(parameters, name) ?? ''))
  const body = call.rawBody ?? (call.body === undefined ? undefined : JSON.stringify(call.body))
  return {
    routeKey,
    rawPath: path,
    rawQueryString: new URLSearchParams(call.query).toString(),
    headers: {
      'content-type': call.contentType ?? 'application/json',
      ...(call.key !== undefined && { 'idempotency-key': call.key }),
      ...call.headers,
    },
    ...(call.query && { queryStringParameters: call.query }),
    ...(Object.keys(parameters).length > 0 && { pathParameters: parameters }),
    ...(body !== undefined && { body }),
    isBase64Encoded: false,
    requestContext: {
      http: { method, path, sourceIp: call.address ?? '203.0.113.7', userAgent: 'test' },
      requestId: 'gateway',
      ...authorizerOf(as, call, account),
    },
  }
}

/** What the gateway's authorizers prove of the caller. */
function authorizerOf(as: Caller | undefined, call: Invocation, account: string) {
  if (as === 'server')
    return { authorizer: { lambda: { keyId: 'key_test', scopes: (call.scopes ?? allScopes).join(' ') } } }
  if (as === 'visitor') {
    const accountId = account.startsWith('anon_') ? account : `anon_${account}`
    return { authorizer: { lambda: { accountId } } }
  }
  if (as === 'public' || as === undefined) return {}
  const sub = call.subject ?? (as === 'staff' ? admin : account)
  return { authorizer: { jwt: { claims: { sub, exp: '4102444800' } } } }
}
