import { clockAt } from '#domain/testClock'
import { findClock, putClockWrite } from '#table/clock'
import type { Table } from '#table/port'
import { realNow } from './time.ts'

/** The stack's business time, epoch milliseconds: real time until staff turn the clock. */
export async function businessNow(table: Table): Promise<number> {
  return clockAt(await findClock(table), realNow())
}

/** Sets where the clock of a stack that is just starting stands (epoch milliseconds); afterwards only staff turn it. */
export async function startClockAt(table: Table, startMs: number): Promise<void> {
  const now = realNow()
  await table.write([putClockWrite({ offset: startMs - now }, await findClock(table), now)])
}
