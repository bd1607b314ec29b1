import type { Deps } from '#runtime/deps'
import type { HttpEvent } from '#runtime/request'
import type { Handler } from './caller.ts'
import { type Job, jobs, paymentHandlers, publish, workers } from './product.ts'
import type { Letter } from './providerPost.ts'
import type { Random } from './random.ts'
import { type Message, Violation, type World } from './world.ts'

const [secondMs, minuteMs, hourMs, dayMs] = [1_000, 60_000, 3_600_000, 86_400_000]
/** What a queue waits for a worker that it does not hear from. */
const visibilityMs = 6 * minuteMs
const jobTries = 12
const letterTries = 40

/** Everything that starts functions without a person: queues, the stream, schedules, the provider's post. */
export class Traffic {
  readonly #world: World
  readonly #random: Random
  /** How long an event is on its way: there are days on which none comes in time. */
  readonly #postMs: readonly number[]
  readonly #redriveMs: number | undefined
  #redriven = 0

  /** `redriveMs`: messages that failed too often are put back after so long; absent: never. */
  constructor(world: World, random: Random, { redriveMs }: { redriveMs?: number } = {}) {
    this.#redriveMs = redriveMs
    this.#world = world
    this.#random = random
    this.#postMs = random.chance(0.25)
      ? [2 * dayMs, 3 * dayMs]
      : [20, 500, 20 * secondMs, 20 * secondMs, 3 * hourMs, 3 * dayMs]
    world.receive((message) => this.#deliver(message))
    // Without its stream the outbox is the sweeper's alone.
    if (random.chance(0.8))
      world.watch(({ changes }) => {
        for (const { key, before, after } of changes)
          if (key.pk.startsWith('OUT#') && after && !before)
            this.#later([20, 300, 2_000], () => this.#until('stream', 3, visibilityMs, (deps) => publish(after, deps)))
      })
  }

  /** A message comes at least once, to more than one worker at a time, and not in order. */
  #deliver({ queue, body, delaySeconds }: Message): void {
    const served = Object.entries(workers).find(([name]) => name === queue)?.[1]
    if (!served) throw new Error(`nobody works for ${queue}`)
    const { worker, maxReceives } = served
    for (let copies = this.#random.chance(0.25) ? 2 : 1; copies > 0; copies--) {
      const delayMs = delaySeconds * secondMs + this.#random.between(1, this.#random.pick([5, 60, 800]))
      this.#world.scheduler.after(
        delayMs,
        () => void this.#work(`queue ${queue}`, maxReceives, (deps) => worker(body, deps)),
      )
    }
  }

  async #work(cause: string, tries: number, start: (deps: Deps) => Promise<boolean>): Promise<void> {
    if ((await this.#until(cause, tries, visibilityMs, start)) || this.#redriveMs === undefined) return
    this.#redriven += 1
    this.#world.scheduler.after(this.#redriveMs, () => void this.#until(cause, tries, visibilityMs, start))
  }

  /** Messages that lay among the dead and were put back. */
  get redriven(): number {
    return this.#redriven
  }

  /** The provider sends an event again until it is taken, and sometimes after that. */
  post(letter: Letter): void {
    if (letter.mayBeLost && this.#random.chance(0.12)) return
    for (let copies = this.#random.chance(0.25) ? 2 : 1; copies > 0; copies--)
      this.#later(this.#postMs, () =>
        this.#until(`event ${letter.event.eventKey}`, letterTries, 30 * minuteMs, async (deps) => {
          const { statusCode } = await receiver(eventOf(letter), deps)
          return statusCode === 200
        }),
      )
  }

  /** One run of a schedule; it is started again when it fails. */
  async run(name: keyof typeof jobs, scheduledAt: number): Promise<void> {
    const job: Job = jobs[name]
    await this.#until(name, jobTries, 2 * minuteMs, (deps) =>
      job(scheduledAt, deps).then(
        () => true,
        () => false,
      ),
    )
  }

  async #until(
    cause: string,
    tries: number,
    waitMs: number,
    start: (deps: Deps) => Promise<boolean>,
  ): Promise<boolean> {
    for (let attempt = 1; attempt <= tries; attempt++) {
      const isDone = await Promise.race([this.#start(cause, start), this.#sleep(waitMs)])
      if (isDone) return true
      await this.#sleep(this.#random.between(secondMs, waitMs))
    }
    if (tries > 10) throw new Violation(`${cause} was tried ${tries} times in vain`)
    return false
  }

  async #start(cause: string, start: (deps: Deps) => Promise<boolean>): Promise<boolean> {
    try {
      return await this.#world.invoke(cause, start)
    } catch (error) {
      this.#world.fail(error)
      return false
    }
  }

  async #sleep(milliseconds: number): Promise<false> {
    await this.#world.scheduler.sleep(milliseconds)
    return false
  }

  #later(delays: readonly number[], then: () => Promise<unknown>): void {
    const delayMs = this.#random.between(1, this.#random.pick(delays))
    this.#world.scheduler.after(delayMs, () => void then().catch((error: unknown) => this.#world.fail(error)))
  }
}

const receiver: Handler = (event, deps) => {
  const handler = paymentHandlers.receiveWebhook
  if (!handler) throw new Error('nobody receives webhooks')
  return handler(event, deps)
}

function eventOf({ event: { provider }, text, headers }: Letter): HttpEvent {
  const path = `/v1/webhooks/${provider}`
  return {
    routeKey: 'POST /v1/webhooks/{provider}',
    rawPath: path,
    rawQueryString: '',
    headers: { 'content-type': 'application/json', ...headers },
    pathParameters: { provider },
    isBase64Encoded: true,
    body: Buffer.from(text).toString('base64'),
    requestContext: { http: { method: 'POST', path, sourceIp: '192.0.2.7' }, requestId: 'gateway' },
  }
}
