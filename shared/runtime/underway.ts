import type { Advance, TestClock } from '#domain/testClock'
import { clockVersion, findFollowers, putClockWrite } from '#table/clock'
import { commit } from '#table/commit'
import { dueMessages } from '#table/due'
import type { DueRow } from '#table/dueLook'
import type { Item } from '#table/port'
import type { Deps } from './deps.ts'

export type ClockDeps = Pick<Deps, 'table' | 'queues' | 'clock' | 'wait' | 'log'>

/** An advancing clock as it was read: the item whose version the next write rests on, and what it says. */
export interface Underway {
  item: Item
  /** Business time at which it stands. */
  now: number
  advance: Advance
}

/** A follower that has said nothing for so long has gone; a live one says something three times as often. */
const silentAfterMs = 60_000
export async function sendDue(deps: Pick<Deps, 'queues'>, rows: readonly DueRow[], requestId: string): Promise<void> {
  for (const { queue, messages } of dueMessages(rows, requestId)) await deps.queues.send(queue, messages)
}

/** The item as written; undefined when another writer was first. */
export async function writeClock(
  deps: Pick<Deps, 'table' | 'clock'>,
  seen: Item,
  next: TestClock,
): Promise<Item | undefined> {
  const write = putClockWrite(next, seen, deps.clock.real())
  const outcome = await commit(deps.table, [write])
  return outcome.committed && write.kind === 'put' ? write.item : undefined
}

export interface Followers {
  /** Whether anybody goes by this clock. */
  any: boolean
  /** How many of them have not answered this version of the clock. */
  waiting: number
  /** The instants at which they have something to do. */
  instants: number[]
}

export async function askFollowers(deps: Pick<Deps, 'table' | 'clock'>, item: Item | undefined): Promise<Followers> {
  const aliveSince = deps.clock.real() - silentAfterMs
  const alive = (await findFollowers(deps.table)).filter(({ seenAt }) => seenAt >= aliveSince)
  const version = clockVersion(item)
  return {
    any: alive.length > 0,
    waiting: alive.filter(({ answered }) => answered < version).length,
    instants: alive.flatMap(({ nextAt }) => nextAt ?? []),
  }
}
