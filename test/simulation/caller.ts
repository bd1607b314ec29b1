import type { HttpOperation } from '#operations/definition'
import type { Deps } from '#runtime/deps'
import type { HttpEvent } from '#runtime/request'
import type { Random } from './random.ts'
import { Violation, type World } from './world.ts'

/** A function as the gateway starts it. */
export type Handler = (
  event: HttpEvent,
  deps: Deps,
) => Promise<{ statusCode: number; headers: Record<string, string>; body: string }>
/** By operation id: the product's functions, or the reference's. */
export type Handlers = Record<string, Handler>

export interface Call {
  operation: HttpOperation
  accountId: string
  params?: Record<string, string>
  body?: unknown
  contentType?: string
}

/** What a caller wants to have happened once, however often it has to ask. */
export interface Intent {
  /** Also the idempotency key, and the cause that the oracle counts by. */
  id: string
  call: Call
  /** Intents that close one hold share one effect: whoever comes first has it. Default: the intent's own id. */
  group: string
  /** Its record may go (a hold lapses): only whoever got no answer asks again. */
  passing?: boolean
  /** Its refusals speak of the moment (a commit's guard is its hold's): asked again, it may succeed. */
  open?: boolean
  /** What of a success must be told again and again; default: all of it. */
  standing?: (body: Reply['body']) => unknown
}

export interface Reply {
  status: number
  body: Record<string, unknown>
}

/** An intent and everything that its callers were told. */
export interface Dialogue {
  intent: Intent
  firstAskedAt: number
  /** The first final answer; of an `open` intent a success, if there was one. */
  reply?: Reply
  answeredAt?: number
}

const patienceMs = [1_500, 6_000, 30_000]
const pauseMs = [5, 60, 900, 20_000]
/** Beyond ten minutes a client token is forgotten: one retry in so many comes that late. */
const longPauseMs = 660_000
const mostAttempts = 60

/** Sends intents through the world, as clients do: impatient, repeating themselves, sometimes two at a time, sometimes giving up. */
export class Callers {
  readonly dialogues = new Map<string, Dialogue>()
  readonly #world: World
  readonly #handlers: Handlers
  readonly #isHopeless: () => boolean
  readonly #random: Random

  /** `isHopeless`: there is no answer to be had for now, whatever the faults; by default there always is. */
  constructor(world: World, handlers: Handlers, isHopeless: () => boolean = () => false) {
    this.#isHopeless = isHopeless
    this.#world = world
    this.#handlers = handlers
    this.#random = world.random.fork()
  }

  can(operation: HttpOperation): boolean {
    return this.#handlers[operation.id] !== undefined
  }

  /** Asks until there is an answer. Undefined: this caller gave up, as a crashed server does; the intent is settled in the end. */
  async ask(intent: Intent): Promise<Reply | undefined> {
    const dialogue = this.dialogues.get(intent.id) ?? { intent, firstAskedAt: this.#world.now }
    this.dialogues.set(intent.id, dialogue)
    for (let attempt = 1; attempt <= mostAttempts; attempt++) {
      const double = this.#random.chance(0.1)
      if (double) void this.#send(dialogue)
      const reply = await this.#send(dialogue)
      if (reply) return reply
      if ((this.#world.faults.left > 0 || this.#isHopeless()) && this.#random.chance(0.2)) return undefined
      await this.#world.scheduler.sleep(this.#pause())
    }
    throw new Violation(`${intent.id} has no answer after ${mostAttempts} tries`)
  }

  /** The liveness phase: without faults every intent gets its answer, and answers given stand. */
  async settle(): Promise<void> {
    for (const { intent, reply } of [...this.dialogues.values()])
      if (!reply || (!intent.passing && (isRefused(reply) || this.#random.chance(0.3)))) await this.ask(intent)
  }

  #pause(): number {
    return this.#random.chance(0.04)
      ? longPauseMs + this.#random.between(0, 5_000)
      : this.#random.between(1, this.#random.pick(pauseMs))
  }

  /** One request; undefined when no final answer came in time. The function may still be at work then. */
  async #send(dialogue: Dialogue): Promise<Reply | undefined> {
    const { intent } = dialogue
    const handler = this.#handlers[intent.call.operation.id]
    if (!handler) throw new Error(`no handler for ${intent.call.operation.id}`)
    const running = this.#world
      .invoke(intent.id, (deps) => handler(eventOf(intent), deps))
      .then((response) => this.#hear(dialogue, response))
    // What is thrown is a finding; the scheduler, not this promise, must end the run with it.
    const outcome = running.catch((error: unknown) => {
      this.#world.fail(error)
      return undefined
    })
    return Promise.race([outcome, this.#world.scheduler.sleep(this.#random.pick(patienceMs)).then(() => undefined)])
  }

  #hear(dialogue: Dialogue, response: Awaited<ReturnType<Handler>>): Reply | undefined {
    const reply = { status: response.statusCode, body: JSON.parse(response.body || '{}') as Record<string, unknown> }
    this.#world.trace.note(dialogue.intent.id, `answered ${reply.status} ${response.body}`)
    if (!isFinal(reply)) return undefined
    const first = dialogue.reply
    const opens = dialogue.intent.open && [first, reply].some((each) => each !== undefined && each.status >= 300)
    if (first === undefined || (opens && reply.status < 300))
      Object.assign(dialogue, { reply, answeredAt: this.#world.now })
    else if (!opens && (isStored(reply) || (isStored(first) && !dialogue.intent.passing)))
      assertSame(dialogue.intent, first, reply)
    return reply
  }
}

/** 5xx and 429 tell the caller to come again, also in the line of one event of a batch. */
const isFinal = ({ status, body }: Reply): boolean =>
  status < 500 && status !== 429 && !linesOf(body).some((line) => line.status >= 500)

const linesOf = ({ results }: Reply['body']): { status: number }[] => (Array.isArray(results) ? results : [])

/** A success, and a refusal for lack of credits or usage, is final for its key; others (409, 404) speak of the moment. */
const isStored = ({ status, body }: Reply): boolean =>
  status < 300 || status === 402 || body.code === 'usage_limit_reached'

/** Refusals are what a careless product forgets. */
const isRefused = ({ status, body }: Reply): boolean => status >= 400 || body.allowed === false

function assertSame({ id, standing = (body) => body }: Intent, first: Reply, second: Reply): void {
  const [before, after] = [first, second].map(({ status, body: { requestId: _id, ...body } }) =>
    JSON.stringify({ status, body: status < 300 ? standing(body) : body }),
  )
  if (before !== after) throw new Violation(`${id} was answered ${before} and then ${after}`)
}

/** The gateway's event for an intent: a server with every scope, or staff where the route is theirs. */
export function eventOf({ id, call }: Pick<Intent, 'id' | 'call'>): HttpEvent {
  const { operation, accountId, params = {}, body, contentType = 'application/json' } = call
  const route = operation.routes.find((each) => !each.includes('/v1/me')) ?? operation.routes[0]
  if (!route) throw new Error(`${operation.id} has no route`)
  const pathParameters = { ...(route.includes('{accountId}') && { accountId }), ...params }
  const path = Object.entries(pathParameters).reduce(
    (text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(value)),
    route.slice(route.indexOf(' ') + 1),
  )
  return {
    routeKey: route,
    rawPath: path,
    rawQueryString: '',
    headers: { 'idempotency-key': id, ...(body !== undefined && { 'content-type': contentType }) },
    pathParameters,
    isBase64Encoded: false,
    ...(body !== undefined && { body: JSON.stringify(body) }),
    requestContext: {
      http: { method: route.slice(0, route.indexOf(' ')), path, sourceIp: '192.0.2.1' },
      requestId: 'gateway',
      authorizer: {
        lambda: { keyId: 'key_simulation', scopes: operation.scope ?? '' },
        jwt: { claims: { sub: 'staff', exp: '4102444800' } },
      },
    },
  }
}
