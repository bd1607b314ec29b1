import { advanceOf, clockAt } from '#domain/testClock'
import { clockVersion, findClock, putClockWrite, readClock } from '#table/clock'
import type { Table } from '#table/port'
import { realNow } from './time.ts'

/** The stack's business time, epoch milliseconds: real time until staff turn the clock. */
export interface StackClock {
  /** Looks at the table: whoever reads this sees every turn that was answered. */
  read(): Promise<number>
  /** By the last look, for what cannot wait. The stack looks once a second, and at every stop of a clock that advances. */
  now(): number
}

/** What else the last look showed. */
export interface SeenClock extends StackClock {
  /** Another one for every turn and step. */
  version(): number
  /** Where it is going; undefined: it is not on its way. */
  target(): number | undefined
}

export async function stackClock(table: Table): Promise<SeenClock> {
  let state = await findClock(table)
  return {
    read: async () => {
      const seen = await findClock(table)
      // Two looks at once may end in either order: the later turn counts.
      if (clockVersion(seen) >= clockVersion(state)) state = seen
      return clockAt(state, realNow())
    },
    now: () => clockAt(state, realNow()),
    version: () => clockVersion(state),
    target: () => advanceOf(readClock(state))?.target,
  }
}

/** Sets where the clock of a stack that is just starting stands (epoch milliseconds); afterwards only staff turn it. */
export async function startClockAt(table: Table, startMs: number): Promise<void> {
  const now = realNow()
  await table.write([putClockWrite({ offset: startMs - now }, await findClock(table), now)])
}
