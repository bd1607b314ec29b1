import { unansweredMs } from '#domain/subscriptionDue'
import { type DueRow, lookAtDue } from '#table/dueLook'
import { askFollowers, type ClockDeps, type Followers, sendDue, type Underway, writeClock } from './underway.ts'

/**
 * `done`: nothing is left to do at this instant, or it was given up; `instants` at which something is due later.
 * `late`: the time is up. `overtaken`: somebody else has moved the clock.
 */
export type Settled = { kind: 'done'; at: Underway; instants: number[] } | { kind: 'late' } | { kind: 'overtaken' }

/** Real time without any change after which what is due is given up: longer than a cold start and a provider's time-out. */
const openPatienceMs = 30_000
/** An event that was received has its message on the way; a charge that was begun has its provider's answer on the way. */
const flightPatienceMs = 10_000
/** A follower that is alive may have a day's work of its own to do. */
const followerPatienceMs = 60_000
/** A message that had no effect for so long is sent again: it failed, and its queue waits longer than anybody here. */
const resendMs = 6_000
/** An event that nobody works off is due so long after it came in: until then its row says that a message is on the way. */
const flightMs = 15 * 60_000
/** Two looks so far apart agree: the index lags behind the table by less. */
const quietMs = 250
/** A quarter of what was waited so far: work is found done soon after, and slow work is not asked after all the time. */
const pauseMs = (waitedMs: number): number => Math.min(800, Math.max(15, Math.ceil(waitedMs / 4)))

/** What one look shows. */
interface Look {
  /** Due by now. */
  open: DueRow[]
  /** Events being worked off, by a message that was sent when they came in, and charges that are being asked for. */
  flying: DueRow[]
  followers: Followers
  instants: number[]
}

/** What the looks so far have shown. */
interface Watch {
  /** Positions in the index, and when each was sent (real). */
  sent: Map<string, number>
  shown: string
  changedAt: number
  /** Something was done since the followers were last asked, or since the index was last found still. */
  worked: boolean
}

/**
 * Has everything done that is due at the instant where the clock stands: queues it, as `sweepDue` does, and waits until
 * it has left the index or moved on, with whatever it made due at the same instant. What does not move for half a
 * minute does not hold up the clock; it is counted as stuck.
 */
export async function settleInstant(
  deps: ClockDeps,
  start: Underway,
  requestId: string,
  untilMs: number,
): Promise<Settled> {
  let at = start
  const watch: Watch = {
    sent: new Map(),
    shown: '',
    changedAt: deps.clock.real(),
    // What was written just before the turn may not be in the index yet.
    worked: at.advance.steps === 0,
  }
  for (;;) {
    const look = await lookAround(deps, at)
    note(watch, look, deps.clock.real(), at.now)
    if (isClear(look)) {
      if (!watch.worked) return { kind: 'done', at, instants: look.instants }
      watch.worked = false
      const asked = await lookAgain(deps, at, look.followers)
      if (!asked) return { kind: 'overtaken' }
      at = asked
      continue
    }
    if (isOutOfPatience(watch, look, deps.clock.real())) return giveUp(deps, at, look)
    if (deps.clock.real() >= untilMs) return { kind: 'late' }
    await send(deps, watch, look.open, requestId)
    await deps.wait(pauseMs(deps.clock.real() - watch.changedAt))
  }
}

async function lookAround(deps: ClockDeps, { item, now, advance }: Underway): Promise<Look> {
  // Followers first: what they did before they answered is in the look that comes after, and until then there is none.
  const followers = await askFollowers(deps, item)
  if (followers.waiting > 0) return { open: [], flying: [], followers, instants: followers.instants }
  const until = Math.max(advance.target, now + flightMs, now + unansweredMs)
  const rows = await lookAtDue(deps.table, { after: advance.givenUpTo, until })
  return {
    open: rows.filter((row) => row.at <= now),
    flying: rows.filter((row) => isInFlight(row, now, advance.steps)),
    followers,
    instants: [...followers.instants, ...rows.map((row) => row.at)],
  }
}

/**
 * While the clock stands, what comes in falls due at one instant, and so do charges that are begun; an event that has failed,
 * or a charge that was answered, is due at another, and is met there.
 */
function isInFlight({ pk, sk, at }: DueRow, now: number, steps: number): boolean {
  if (sk.startsWith('SUB#')) return at === now + unansweredMs
  return pk.startsWith('EVT#') && (steps === 0 ? at > now && at <= now + flightMs : at === now + flightMs)
}

function note(watch: Watch, { open, flying, followers }: Look, real: number, now: number): void {
  const shown = JSON.stringify([followers.waiting, [...open, ...flying].map(({ position }) => position)])
  if (shown !== watch.shown) Object.assign(watch, { shown, changedAt: real })
  const followerWorks = followers.waiting > 0 && followers.instants.some((instant) => instant <= now)
  if (open.length > 0 || flying.length > 0 || followerWorks) watch.worked = true
}

const isClear = ({ open, flying, followers }: Look): boolean =>
  open.length === 0 && flying.length === 0 && followers.waiting === 0

/** Work may have made other work: followers are asked anew, by another version of the clock; an index only needs time. */
async function lookAgain(deps: ClockDeps, at: Underway, followers: Followers): Promise<Underway | undefined> {
  if (!followers.any) {
    await deps.wait(quietMs)
    return at
  }
  const item = await writeClock(deps, at.item, { frozenAt: at.now, advance: at.advance })
  return item && { ...at, item }
}

function isOutOfPatience(watch: Watch, { open, followers }: Look, real: number): boolean {
  const waitedMs = real - watch.changedAt
  if (followers.waiting > 0) return waitedMs >= followerPatienceMs
  return waitedMs >= (open.length > 0 ? openPatienceMs : flightPatienceMs)
}

/** The clock goes on all the same, and says so. Events on their way fall due a little later, and are met there. */
async function giveUp(deps: ClockDeps, at: Underway, { open, followers }: Look): Promise<Settled> {
  const left = open.length + followers.waiting
  if (left > 0)
    deps.log.warn('the test clock goes on without what is stuck', {
      at: new Date(at.now).toISOString(),
      rows: open.slice(0, 10).map(({ pk, sk }) => `${pk} ${sk}`),
      more: Math.max(0, open.length - 10),
      followers: followers.waiting,
    })
  const { advance } = at
  const givenUpTo = open.length > 0 ? at.now : advance.givenUpTo
  // Where much is stuck, what comes later was not in the look.
  const later = await lookAtDue(deps.table, { after: at.now, until: advance.target })
  return {
    kind: 'done',
    at: { ...at, advance: { ...advance, stuck: advance.stuck + left, givenUpTo } },
    instants: [...followers.instants, ...later.map((row) => row.at)],
  }
}

async function send(deps: ClockDeps, watch: Watch, open: readonly DueRow[], requestId: string): Promise<void> {
  const real = deps.clock.real()
  const isStill = real - watch.changedAt >= resendMs
  const rows = open.filter(({ position }) => {
    const sentAt = watch.sent.get(position)
    return sentAt === undefined || (isStill && real - sentAt >= resendMs)
  })
  await sendDue(deps, rows, requestId)
  for (const { position } of rows) watch.sent.set(position, real)
}
