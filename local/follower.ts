import { putFollowerWrite } from '#table/clock'
import type { Table } from '#table/port'
import type { SeenClock } from './clock.ts'
import type { Fakes } from './providers/start.ts'
import type { Scheduler, Source } from './sources/scheduler.ts'
import { pause, realNow } from './time.ts'

export interface FollowerOptions {
  table: Table
  clock: SeenClock
  fakes: Pick<Fakes, 'tick' | 'idle' | 'nextAt'>
  scheduler: Pick<Scheduler, 'tick' | 'nextAt'>
  log: (line: string) => void
}

export interface Follower extends Source {
  /** Looks at the clock closely while `turn` runs, and until the clock is where it was sent. */
  during<Result>(turn: () => Promise<Result>): Promise<Result>
}

const name = 'local'
/** While the clock is on its way each step waits for us. */
const closeMs = 10
const usualMs = 1_000
/** The product takes a follower for gone that has said nothing for a minute. */
const aliveMs = 20_000

/**
 * Lets the providers' fakes and the schedules go by the test clock as it advances: at each of its stops it has them do what
 * is due, and then says in the table that they have, and when they next have something to do. The product stops there.
 */
export async function startFollower({ table, clock, fakes, scheduler, log }: FollowerOptions): Promise<Follower> {
  const stopping = new AbortController()
  let turns = 0
  let wake = new AbortController()
  let said = { version: -1, nextAt: Number.NaN as number | undefined, at: 0 }

  const say = async (version: number) => {
    const nextAt = earliest(fakes.nextAt(), scheduler.nextAt())
    const seenAt = realNow()
    if (version === said.version && nextAt === said.nextAt && seenAt - said.at < aliveMs) return
    await table.write([
      putFollowerWrite({ name, answered: version, seenAt, ...(nextAt === undefined ? {} : { nextAt }) }),
    ])
    said = { version, nextAt, at: seenAt }
  }

  const follow = async () => {
    await clock.read()
    const version = clock.version()
    if (version !== said.version) {
      // What a fake sends may make more due in it: it has done its work when all has arrived.
      await settle(fakes, clock.now())
      await scheduler.tick()
      await settle(fakes, clock.now())
    }
    await say(version)
  }

  const isClose = () => turns > 0 || clock.target() !== undefined
  const run = async () => {
    while (!stopping.signal.aborted) {
      await follow().catch((error: unknown) => log(`the clock cannot be followed: ${String(error)}`))
      wake = new AbortController()
      await pause(isClose() ? closeMs : usualMs, AbortSignal.any([wake.signal, stopping.signal]))
    }
  }
  // Before the first turn can come: it is known that somebody follows.
  await follow()
  const running = run()
  // A day's work of the schedules may take longer than a silence that is believed.
  const alive = setInterval(() => void say(said.version).catch(() => {}), aliveMs / 4)
  return {
    during: async (turn) => {
      turns += 1
      wake.abort()
      try {
        return await turn()
      } finally {
        turns -= 1
      }
    },
    stop: async () => {
      clearInterval(alive)
      stopping.abort()
      await running
    },
  }
}

/** More than any chain of work at one instant; one that feeds itself must not hold up the clock for good. */
const roundsMax = 50

async function settle(fakes: FollowerOptions['fakes'], now: number): Promise<void> {
  for (let round = 0; round < roundsMax; round += 1) {
    fakes.tick()
    await fakes.idle()
    if ((fakes.nextAt() ?? Number.POSITIVE_INFINITY) > now) return
  }
}

function earliest(...instants: (number | undefined)[]): number | undefined {
  const known = instants.filter((instant) => instant !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
