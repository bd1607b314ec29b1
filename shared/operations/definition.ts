import type * as z from 'zod/mini'
import type { MemberRole } from '#domain/member'
import type { ErrorCode } from '#errors/codes'

/** A service stack, a folder under `functions/`, a file under `shared/operations/`. */
export type Area =
  | 'accounts'
  | 'admin'
  | 'catalogue'
  | 'credits'
  | 'entitlements'
  | 'operation'
  | 'payments'
  | 'purchases'
  | 'subscriptions'
  | 'usage'
  | 'webhooks'

/** `METHOD /path`; its prefix says who may call (`callerOf`). */
export type Route = `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`

/** Who stands behind a route. */
export type Caller = 'public' | 'customer' | 'visitor' | 'server' | 'staff'

/** What an API key may do; a key holds a list of these. */
export const scopes = [
  'accounts:read',
  'accounts:write',
  'check',
  'credits:read',
  'credits:write',
  'payments:read',
  'payments:write',
  'subscription:read',
  'subscription:write',
  'usage:read',
  'usage:write',
] as const
export type Scope = (typeof scopes)[number]

/** What a function may do to the table. Each word stands for a fixed list of IAM actions (`infra/grants.ts`), never `Scan`. */
export type TableGrant = 'none' | 'read' | 'readWrite'

/** SQS queues, each with a dead-letter queue of its own. */
export const queues = ['due', 'outbox', 'audit', 'webhook', 'payment', 'number', 'renewal', 'clock'] as const
export type QueueName = (typeof queues)[number]
/** Those whose workers do what falls due: whoever looks at the due index sends to them. */
export const dueQueues: QueueName[] = ['due', 'payment', 'webhook', 'renewal']

export interface Grants {
  table: TableGrant
  /** With `readWrite`: it writes only items whose partition key starts so, e.g. `KEY#*`. */
  writeKeys?: string[]
  /** Queues that the function sends to. */
  send?: QueueName[]
  /** Reads the deployment's payment secret: providers' keys, and the key that seals tokens. */
  paymentSecret?: true
}

export interface Limits {
  /** Seconds; under API Gateway's 30 for HTTP. */
  timeoutSeconds?: number
  memoryMegabytes?: number
  /** Runs at most so many at once, over all callers. */
  concurrency?: number
}

type Schema = z.ZodMiniType

/** Every operation, whatever starts it. */
interface Common {
  /** `verbNoun`: the same word in file, test, event, function name, alarm, log and `operationId`. */
  id: string
  area: Area
  /** One sentence for the reader of the documentation. */
  summary: string
  /** What a user loses while it fails: read at 3 a.m. in the runbook and in the defect's log line. */
  ifItFails: string
  grants: Grants
  limits?: Limits
}

/**
 * How a repeated POST is recognised.
 * - `guard`: the operation's own record (ledger entry, usage event, hold) is the guard, in the transaction of its effect.
 * - `record`: the answer is stored for 24 h in the transaction of its effect (`commit` with an answer).
 * - `natural`: doing it twice is doing it once (PUT, DELETE, reads).
 */
export type Idempotency = 'guard' | 'record' | 'natural'

export interface HttpOperation<
  Params extends Schema = Schema,
  Query extends Schema = Schema,
  Body extends Schema = Schema,
  Output extends Schema = Schema,
> extends Common {
  kind: 'http'
  routes: Route[]
  /** The scope an API key needs; present exactly when a route is under `/v1/accounts`. */
  scope?: Scope
  /** The least role of a member who calls it for another's account. Default: `viewer` for a GET, else `billing`. */
  memberRole?: MemberRole
  params?: Params
  query?: Query
  body?: Body
  /** Default `application/json` alone. */
  contentTypes?: string[]
  /** The bytes as they came, whatever their type, and no limit by address: a signature over them decides. Goes without `body`. */
  takesRaw?: true
  /** The status of success. */
  success: 200 | 201 | 202 | 204
  /** Another status of success, with the same output: what was asked for goes on. */
  later?: 202
  /** Absent with 204 only. */
  output?: Output
  /** Default `application/json`. */
  outputType?: string
  idempotency: Idempotency
  /** Codes it may answer beside those that every route of its kind may (`errorsOf`). */
  errors: ErrorCode[]
  /** Names of members of the output that are shown once and never stored for a replay. */
  secrets?: string[]
}

export interface WorkerOperation<Message extends Schema = Schema> extends Common {
  kind: 'worker'
  queue: QueueName
  message: Message
  /** Messages an invocation takes, 1–10. */
  batchSize: number
  /** Tries before the dead-letter queue. */
  maxReceives: number
}

export interface JobOperation extends Common {
  kind: 'job'
  /** EventBridge Scheduler: `rate(15 minutes)` or `cron(0 1 * * ? *)`, in UTC. */
  schedule: string
}

export interface StreamOperation extends Common {
  kind: 'stream'
  /** Only records whose partition key starts with this are delivered. */
  keyPrefix: string
  batchSize: number
}

export interface AuthorizerOperation extends Common {
  kind: 'authorizer'
  /** Whose routes it decides on. */
  of: 'server' | 'visitor'
}

export type Operation = HttpOperation | WorkerOperation | JobOperation | StreamOperation | AuthorizerOperation

/** `http({...})` and its sisters add the kind and keep the exact schema types for `Run<typeof operation>`. */
export const http = <
  P extends Schema = z.ZodMiniUndefined,
  Q extends Schema = z.ZodMiniUndefined,
  B extends Schema = z.ZodMiniUndefined,
  O extends Schema = z.ZodMiniUndefined,
>(
  definition: Omit<HttpOperation<P, Q, B, O>, 'kind'>,
): HttpOperation<P, Q, B, O> => ({ kind: 'http', ...definition })

export const worker = <M extends Schema>(definition: Omit<WorkerOperation<M>, 'kind'>): WorkerOperation<M> => ({
  kind: 'worker',
  ...definition,
})
export const job = (definition: Omit<JobOperation, 'kind'>): JobOperation => ({ kind: 'job', ...definition })
export const stream = (definition: Omit<StreamOperation, 'kind'>): StreamOperation => ({
  kind: 'stream',
  ...definition,
})
export const authorizer = (definition: Omit<AuthorizerOperation, 'kind'>): AuthorizerOperation => ({
  kind: 'authorizer',
  ...definition,
})

/** Who may call a route: the prefix decides, nothing else does. */
export function callerOf(route: Route): Caller {
  const path = route.slice(route.indexOf(' ') + 1)
  if (path.startsWith('/v1/me')) return 'customer'
  if (path.startsWith('/v1/visitor/')) return 'visitor'
  if (path.startsWith('/v1/accounts/')) return 'server'
  if (path.startsWith('/v1/admin/')) return 'staff'
  return 'public'
}

/** Every code an HTTP operation may answer: its own, and those of its callers, its method and its body. */
export function errorsOf(operation: HttpOperation): ErrorCode[] {
  const all = new Set<ErrorCode>(['validation_failed', 'internal', 'timeout', ...operation.errors])
  const callers = new Set(operation.routes.map(callerOf))
  if ([...callers].some((caller) => caller !== 'public')) all.add('unauthenticated').add('forbidden')
  if (callers.has('customer') || callers.has('visitor') || callers.has('public')) all.add('rate_limited')
  // A customer may name an account by header; one that is not theirs is not found.
  if (callers.has('customer')) all.add('not_found')
  // An erased account takes no write of a server's.
  if (operation.routes.some((route) => callerOf(route) === 'server' && !route.startsWith('GET '))) all.add('conflict')
  // A body is weighed before it is looked at, also where none is taken.
  all.add('payload_too_large')
  if (operation.body) all.add('unsupported_media_type')
  if (operation.idempotency !== 'natural') all.add('idempotency_key_reused')
  // Whatever touches the table (quotas included) may meet it busy.
  all.add('contended')
  return [...all].sort()
}
