import type { PublishedCatalogue } from '#domain/catalogue'
import { defaultPaymentSettings } from '#domain/paymentSettings'
import { Problem } from '#errors/problem'
import { GatewayError } from '#gateways/gatewayError'
import type { Deps, PaymentTools } from '#runtime/deps'
import { Contention, type Table, type Write, type WriteOutcome } from '#table/port'
import { type CallKind, type Fate, Faults } from './faults.ts'
import { type Change, keyIn, MemoryStore } from './memoryTable.ts'
import { Random } from './random.ts'
import { Scheduler } from './scheduler.ts'
import { Trace, whatOf } from './trace.ts'

/** One run of one function. `cause` is the caller's intent behind it; the product never sees it. */
interface Invocation {
  id: number
  cause: string
  alive: boolean
}

/** What was written, by whom: the oracle's evidence, kept apart from every guard of the product. */
export interface Commit {
  at: number
  cause: string
  changes: Change[]
}

export interface Message {
  queue: string
  body: unknown
  /** Seconds before it becomes visible. */
  delaySeconds: number
  cause: string
}

/**
 * One call of a provider by one invocation, under the same faults as every other: `perform` happens once it arrives there.
 * It rejects as the network does; the caller makes the provider's errors of it.
 */
export type ProviderCall = <Answer>(kind: 'ask' | 'provide', what: string, perform: () => Answer) => Promise<Answer>

/** A deliberately broken table between the product and the world's. */
export type Mutation = (table: Table, world: World) => Table

interface WorldOptions {
  seed: number
  startAt: number
  catalogue?: PublishedCatalogue
  /** Providers as one invocation reaches them; absent: none. */
  payments?: (call: ProviderCall) => PaymentTools
  mutation?: Mutation | undefined
  /** Notes every step, for a replay that a person reads. */
  tracing?: boolean
}

/** The outcome of a call is unknown to its caller. */
export class NetworkError extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'NetworkError'
  }
}

/** How long a held-back write may stay on the way: from a retry's distance to past ten minutes, where client tokens are forgotten. */
const lateMs = [20, 400, 3_000, 40_000, 240_000, 900_000]
/** A provider's call is one connection, not a queue: what has not arrived by then never does. */
const lateAtProviderMs = [20, 400, 3_000, 12_000]

/**
 * A process, its database and its network, all decided by one seed.
 * Every call of a function is a point where it may be delayed, refused, lost, doubled, held back, or the last thing that it does.
 */
export class World {
  readonly random: Random
  readonly scheduler: Scheduler
  readonly faults: Faults
  readonly store: MemoryStore
  readonly trace: Trace
  readonly commits: Commit[] = []
  readonly #options: WorldOptions
  readonly #watchers: ((commit: Commit) => void)[] = []
  readonly #receivers: ((message: Message) => void)[] = []
  /** Items in a transaction that is under way: another writer of one is in conflict. */
  readonly #locked = new Set<string>()
  #invocations = 0

  constructor(options: WorldOptions) {
    this.#options = options
    this.random = new Random(options.seed)
    this.scheduler = new Scheduler(options.startAt)
    this.faults = new Faults(this.random.fork())
    const staleness = this.random.fork()
    this.store = new MemoryStore({
      now: () => this.scheduler.now,
      pickImage: (count) => (staleness.chance(0.6) ? 0 : Math.floor(staleness.next() * count)),
    })
    this.trace = new Trace(options.tracing ?? false, () => this.scheduler.now - options.startAt)
  }

  get now(): number {
    return this.scheduler.now
  }

  /** Called with each commit at the instant of it; what it throws ends the run. */
  watch(watcher: (commit: Commit) => void): void {
    this.#watchers.push(watcher)
  }

  /** Called with each message as its queue takes it. */
  receive(receiver: (message: Message) => void): void {
    this.#receivers.push(receiver)
  }

  /** Ends the run with this finding. */
  fail(error: unknown): void {
    this.scheduler.stop(error)
  }

  /** Starts a function for this cause. The promise stays open for ever when the function is killed. */
  invoke<Answer>(cause: string, start: (deps: Deps) => Promise<Answer>): Promise<Answer> {
    const invocation = { id: ++this.#invocations, cause, alive: true }
    this.trace.note(invocation, 'starts')
    return start(this.#depsOf(invocation))
  }

  #depsOf(invocation: Invocation): Deps {
    const random = this.random.fork()
    const table = this.#tableOf(invocation)
    const note = (level: string) => (message: string, fields?: Record<string, unknown>) => {
      // A lost call and a crowd are nobody's fault; any other defect is the product's, and a finding.
      if (level === 'error' && !isWeather(fields?.error))
        this.fail(new Violation(defectOf(invocation, message, fields)))
    }
    return {
      table: this.#options.mutation?.(table, this) ?? table,
      queues: {
        send: (queue, messages, { delaySeconds = 0 } = {}) => this.#send(invocation, queue, messages, delaySeconds),
      },
      // Clocks tell whole milliseconds; back-offs wait fractions of one.
      clock: { now: () => Math.floor(this.now), real: () => Math.floor(this.now) },
      ids: { random: () => random.id(), secret: () => random.id() + random.id() },
      rng: () => random.next(),
      log: { info: note('info'), warn: note('warn'), error: note('error') },
      wait: (milliseconds) =>
        new Promise((resolve) => this.scheduler.after(milliseconds, () => invocation.alive && resolve())),
      catalogue: async () => {
        if (!this.#options.catalogue) throw new Error('this world has no catalogue')
        return this.#options.catalogue
      },
      settings: async () => defaultPaymentSettings,
      payments: async () => {
        if (!this.#options.payments) throw new Error('this world has no providers')
        return this.#options.payments((kind, what, perform) =>
          this.#call(invocation, kind, what, (done) => done(perform)),
        )
      },
      config: { mode: 'test' },
      metric: () => {},
    }
  }

  #tableOf(invocation: Invocation): Table {
    const read = <Answer>(what: string, look: () => Answer) =>
      this.#call<Answer>(invocation, 'read', what, (done) => done(look))
    return {
      get: (key, options) => read(`get ${key.sk}`, () => this.store.get(key, options)),
      batchGet: (keys, options) =>
        read(`get ${keys.map(({ sk }) => sk).join(', ')}`, () => this.store.batchGet(keys, options)),
      query: (request) => read(`query ${request.index ?? ''} ${request.pk}`, () => this.store.query(request)),
      write: (writes) =>
        this.#call<WriteOutcome>(invocation, writes.length > 1 ? 'transaction' : 'write', whatOf(writes), (done) =>
          this.#arrive(invocation, writes, done),
        ),
    }
  }

  /** A transaction takes a moment, in which other writers of its items are refused: as DynamoDB does, either may lose. */
  #arrive(invocation: Invocation, writes: Write[], done: Done<WriteOutcome>): void {
    const keys = writes.map((write) => JSON.stringify(keyIn(write)))
    if (keys.some((key) => this.#locked.has(key))) {
      this.trace.note(invocation, 'conflict')
      done(() => {
        throw new Contention('TransactionConflict')
      })
      return
    }
    const commit = () => done(() => this.#commit(invocation, writes))
    if (writes.length === 1) {
      commit()
      return
    }
    for (const key of keys) this.#locked.add(key)
    this.scheduler.after(this.random.between(1, 6), () => {
      for (const key of keys) this.#locked.delete(key)
      commit()
    })
  }

  #commit(invocation: Invocation, writes: Write[]): WriteOutcome {
    const outcome = this.store.write(writes, (changes) => {
      const commit = { at: this.now, cause: invocation.cause, changes }
      this.commits.push(commit)
      this.trace.note(invocation, `commits ${whatOf(writes)}`)
      for (const watcher of this.#watchers) watcher(commit)
    })
    if (!outcome.committed)
      this.trace.note(invocation, `refused ${whatOf(writes.filter((_, index) => outcome.refusals[index]))}`)
    return outcome
  }

  async #send(invocation: Invocation, queue: string, messages: unknown[], delaySeconds: number): Promise<void> {
    const { cause } = invocation
    await this.#call<void>(invocation, 'send', `send ${messages.length} to ${queue}`, (done) => {
      for (const body of messages)
        for (const receiver of this.#receivers) receiver({ queue, body, delaySeconds, cause })
      done(() => {})
    })
  }

  /** One call: `perform` is its arrival, whenever that is; the fate says whether and when the caller hears of it. */
  #call<Answer>(
    invocation: Invocation,
    kind: CallKind,
    what: string,
    perform: (done: Done<Answer>) => void,
  ): Promise<Answer> {
    // A killed function's promises go nowhere, but what it had already chained must not reach the table.
    if (!invocation.alive) return new Promise(() => {})
    const fate = this.faults.next(kind)
    if (fate !== 'fine') this.trace.note(invocation, `${fate}: ${what}`)
    if (fate === 'killedBefore' || fate === 'killedLate') invocation.alive = false
    return new Promise((resolve, reject) => {
      const hear = (delayMs: number, say: () => void) => this.scheduler.after(delayMs, () => invocation.alive && say())
      const fail = (delayMs: number, error: Error) => hear(delayMs, () => reject(error))
      const answer = (result: () => Answer) => {
        const outcome = attempt(result)
        if (fate === 'killedAfter') invocation.alive = false
        else if (fate === 'lost') fail(this.#hop(), new NetworkError('the reply was lost'))
        else hear(fate === 'slowReply' ? this.random.between(200, 8_000) : this.#hop(), () => outcome(resolve, reject))
      }
      // A call that nobody waits for still happens, and nobody hears what came of it.
      const unheard = (result: () => Answer) => void attempt(result)
      if (fate === 'killedBefore') return
      if (fate === 'throttled') return fail(this.#hop(), new Contention('Throttling'))
      if (fate === 'unsent') return fail(this.random.between(10, 3_000), new NetworkError('no connection'))
      if (fate === 'late') fail(this.random.between(200, 3_000), new NetworkError('no reply in time'))
      if (fate === 'twice') return this.#twice(perform, unheard, answer)
      this.scheduler.after(this.#wayThere(fate, kind), () => perform(isLate(fate) ? unheard : answer))
    })
  }

  #twice<Answer>(perform: (done: Done<Answer>) => void, first: Done<Answer>, second: Done<Answer>): void {
    this.scheduler.after(this.#hop(), () => perform(first))
    this.scheduler.after(this.random.between(20, 2_000), () => perform(second))
  }

  #wayThere(fate: Fate, kind: CallKind): number {
    if (isLate(fate)) return this.random.between(1, this.random.pick(kind === 'provide' ? lateAtProviderMs : lateMs))
    return fate === 'slowRequest' ? this.random.between(100, 6_000) : this.#hop()
  }

  /** Milliseconds one way: mostly a few, so that calls overlap. */
  #hop(): number {
    return this.random.chance(0.05) ? this.random.between(10, 80) : this.random.between(1, 6)
  }
}

type Done<Answer> = (result: () => Answer) => void

const isLate = (fate: Fate): boolean => fate === 'late' || fate === 'killedLate'

/** Runs it now; the reply, or the error, is told later. */
function attempt<Answer>(
  result: () => Answer,
): (resolve: (answer: Answer) => void, reject: (error: unknown) => void) => void {
  try {
    const answer = result()
    return (resolve) => resolve(answer)
  } catch (error) {
    if (error instanceof Violation) throw error
    return (_resolve, reject) => reject(error)
  }
}

/** What a worker puts its message back for, to try again later. */
const isWeather = (error: unknown): boolean =>
  error instanceof NetworkError ||
  error instanceof Contention ||
  (error instanceof GatewayError && (error.kind === 'unavailable' || error.kind === 'unknown_outcome')) ||
  (error instanceof Problem && error.code === 'contended') ||
  isOutage(error)

/**
 * An event that was tried for its eleven hours while the provider was down: that alarm is right, and staff put it back. A
 * defect behind it was told of by itself, and is one of these or ended the run.
 */
const isOutage = (error: unknown): boolean =>
  error instanceof Error &&
  error.name === 'WebhookDead' &&
  /: (unavailable|unknown_outcome|contended|defect)\b/.test(error.message)

/** A promise of the product does not hold in this run. */
export class Violation extends Error {
  constructor(what: string) {
    super(what)
    this.name = 'Violation'
  }
}

function defectOf(invocation: Invocation, message: string, fields: Record<string, unknown> | undefined): string {
  const { error } = fields ?? {}
  return `${invocation.cause}: ${message}: ${error instanceof Error ? error.stack : JSON.stringify(fields)}`
}
