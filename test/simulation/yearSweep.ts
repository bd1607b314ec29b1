import type { Traffic } from './paymentTraffic.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000]
const tickMs = 15 * minuteMs
/** What lies longer in the outbox is the sweeper's. */
const outboxMs = 15 * minuteMs

/**
 * The schedules of a long time: they run at the quarters of an hour at which something is due, now and then hours late,
 * and at no other. What is due still, because a worker failed, is looked at again within hours.
 */
export class Sweeper {
  readonly #world: World
  readonly #traffic: Traffic
  readonly #random: Random
  #until = 0
  #wakeAt = Number.POSITIVE_INFINITY

  constructor(world: World, traffic: Traffic, random: Random) {
    this.#world = world
    this.#traffic = traffic
    this.#random = random
    world.watch(({ changes }) => {
      for (const { after } of changes) if (after) this.#arm(this.#dueIn(after))
    })
  }

  /** From now on, until then. */
  go(until: number): void {
    this.#until = until
    this.#wakeAt = Number.POSITIVE_INFINITY
    this.#arm(this.#next())
  }

  #next(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#world.store.items().map((item) => this.#dueIn(item)))
  }

  /** When something is to be done about a row; never. Of what falls due after the last instant only the outbox. */
  #dueIn(row: Stored): number {
    const dueAt = workIn(row)
    return dueAt < this.#until ? dueAt : outboxIn(row)
  }

  #arm(dueAt: number): void {
    if (dueAt === Number.POSITIVE_INFINITY) return
    const { now } = this.#world
    const isOld = dueAt < now
    // A schedule that failed, or a worker that did: the next one is not far.
    const lateMs = isOld ? this.#random.between(0, 3 * hourMs) : this.#random.chance(0.1) ? 7 * hourMs : 0
    const at = (Math.floor((Math.max(dueAt, now) + lateMs) / tickMs) + 1) * tickMs
    if (at >= this.#wakeAt) return
    this.#wakeAt = at
    this.#world.scheduler.after(at - now, () => void this.#wake(at).catch((error: unknown) => this.#world.fail(error)))
  }

  async #wake(at: number): Promise<void> {
    if (this.#wakeAt !== at) return
    const { now, store } = this.#world
    const items = store.items()
    const runs = items.some((item) => workIn(item) < this.#until) ? [this.#traffic.run('sweepDue', now)] : []
    // The nightly look finds a week's.
    if (items.some((item) => outboxIn(item) <= now))
      runs.push(this.#traffic.run('sweepOutbox', Math.floor(now / dayMs) * dayMs + 3 * hourMs))
    await Promise.all(runs)
    // What the workers do with it takes a moment.
    await this.#world.scheduler.sleep(minuteMs)
    this.#wakeAt = Number.POSITIVE_INFINITY
    this.#arm(this.#next())
  }
}

type Stored = ReturnType<World['store']['items']>[number]

const workIn = ({ gsi2pk, gsi2sk }: Stored): number =>
  typeof gsi2pk === 'string' && gsi2pk.startsWith('DUE#')
    ? Date.parse(String(gsi2sk).slice(0, 24))
    : Number.POSITIVE_INFINITY
const outboxIn = ({ entity, writtenAt }: Stored): number =>
  entity === 'outbox' ? Number(writtenAt) + outboxMs : Number.POSITIVE_INFINITY

/** Each night at three that follows a day on which the provider has a payment. */
export async function compareNightly(
  world: World,
  traffic: Traffic,
  until: number,
  isBusy: (day: number) => boolean,
): Promise<void> {
  for (let at = Math.floor(world.now / dayMs) * dayMs + 3 * hourMs; at < until; at += dayMs) {
    if (at <= world.now) continue
    await world.scheduler.sleep(at - world.now)
    if (isBusy(Math.floor(at / dayMs) - 1) || isBusy(Math.floor(at / dayMs) - 2))
      await traffic.run('comparePayments', at)
  }
}
