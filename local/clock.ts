import { clockAt } from '#domain/testClock'
import { findClock, putClockWrite } from '#table/clock'
import type { Item, Table } from '#table/port'
import { realNow } from './time.ts'

/** The stack's business time, epoch milliseconds: real time until staff turn the clock. */
export interface StackClock {
  /** Looks at the table: whoever reads this sees every turn that was answered. */
  read(): Promise<number>
  /** By the last look, for what cannot wait. The stack looks once a second, and after each turn through its API. */
  now(): number
}

export async function stackClock(table: Table): Promise<StackClock> {
  let state = await findClock(table)
  return {
    read: async () => {
      const seen = await findClock(table)
      // Two looks at once may end in either order: the later turn counts.
      if (verOf(seen) >= verOf(state)) state = seen
      return clockAt(state, realNow())
    },
    now: () => clockAt(state, realNow()),
  }
}

const verOf = (item: Item | undefined): number => (typeof item?.ver === 'number' ? item.ver : 0)

/** Sets where the clock of a stack that is just starting stands (epoch milliseconds); afterwards only staff turn it. */
export async function startClockAt(table: Table, startMs: number): Promise<void> {
  const now = realNow()
  await table.write([putClockWrite({ offset: startMs - now }, await findClock(table), now)])
}
