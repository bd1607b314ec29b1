import * as z from 'zod/mini'
import type { TestClock } from '#domain/testClock'
import { clockKey, followerKey, followerPrefix } from './keys.ts'
import { absent, equals, type Item, type Table, type Write } from './port.ts'
import { read, stored, toItem } from './stored.ts'

const advance = z.object({
  turn: z.string(),
  from: z.int(),
  target: z.int(),
  freeze: z.boolean(),
  steps: z.int(),
  stuck: z.int(),
  givenUpTo: z.int(),
})
const stuck = z.exactOptional(z.int())
const clock = z.intersection(
  z.object({ ...stored, ver: z.int() }),
  z.union([
    z.object({ frozenAt: z.int(), advance: z.exactOptional(advance), stuck }),
    z.object({ offset: z.int(), stuck }),
  ]),
)

/** The test clock's item; absent until somebody turns it. */
export const findClock = (table: Table): Promise<Item | undefined> => table.get(clockKey(), { consistent: true })

/** What the item says; undefined where there is none: business time is real time. */
export const readClock = (item: Item | undefined): TestClock | undefined => item && read(clock, item)

export const clockVersion = (item: Item | undefined): number => (typeof item?.ver === 'number' ? item.ver : 0)

/** Sets the clock. One turn or step at a time, by `ver`. `real`: epoch milliseconds. */
export function putClockWrite(next: TestClock, seen: Item | undefined, real: number): Write {
  const ver = clockVersion(seen)
  const item = toItem('clock', clockKey(), { v: 1, createdAt: real, updatedAt: real, ver: ver + 1, ...next })
  return { kind: 'put', item, when: seen ? equals('ver', ver) : absent }
}

/**
 * Something outside the deployment that goes by the test clock (stand-ins of providers, schedules that follow it): an
 * advancing clock waits until it has done what is due, and stops where it has something to do.
 */
export interface Follower {
  name: string
  /** The clock's version it has acted on. */
  answered: number
  /** Business time of its next work, epoch milliseconds; absent: none. */
  nextAt?: number | undefined
  /** Real time of its last word, epoch milliseconds: one that is silent is not waited for. */
  seenAt: number
}

const follower = z.object({
  ...stored,
  name: z.string(),
  answered: z.int(),
  nextAt: z.exactOptional(z.int()),
  seenAt: z.int(),
})

/** Followers at a time: an advance asks all of them at every stop. */
const followersMax = 20
/** A row that nobody renews goes after a day. */
const keptSeconds = 86_400

/** All that ever followed and were not swept yet, in order of their names. */
export async function findFollowers(table: Table): Promise<Follower[]> {
  const { items } = await table.query({
    pk: clockKey().pk,
    sk: { beginsWith: followerPrefix },
    limit: followersMax,
    consistent: true,
  })
  return items.map((item) => read(follower, item))
}

/** A follower's word; nobody else writes its row. */
export function putFollowerWrite(said: Follower): Write {
  const { seenAt } = said
  const body = { v: 1, createdAt: seenAt, updatedAt: seenAt, ...said, ttl: Math.ceil(seenAt / 1000) + keptSeconds }
  return { kind: 'put', item: toItem('clockFollower', followerKey(said.name), body), when: 'unconditional' }
}
