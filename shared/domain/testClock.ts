import { Problem } from '#errors/problem'
import { addDuration, parseDuration } from './duration.ts'

/** A clock that is on its way: it stands, and jumps from due instant to due instant. Instants in epoch milliseconds. */
export interface Advance {
  /** The request that turned the clock: its worker's messages carry it, and one of an earlier turn comes for nothing. */
  turn: string
  /** Business time at which it set out. */
  from: number
  target: number
  /** Whether it stands still at the target, or ticks on from there. */
  freeze: boolean
  /** Jumps made so far. */
  steps: number
  /** Things that were due and did not move while they were waited for. */
  stuck: number
  /** Business time up to which what is still due is not waited for any more. */
  givenUpTo: number
}

/** The test clock: it ticks on from an offset to real time (milliseconds), or stands still at an instant. */
export type TestClock =
  | { offset: number; stuck?: number | undefined }
  | { frozenAt: number; stuck?: number | undefined; advance?: Advance | undefined }

/** Business time for a real instant, both epoch milliseconds. `state`: the clock's item; absent, real time. */
export function clockAt(state: { readonly [name: string]: unknown } | undefined, realMs: number): number {
  if (typeof state?.frozenAt === 'number') return state.frozenAt
  return realMs + (typeof state?.offset === 'number' ? state.offset : 0)
}

/** The advance under way, if any. */
export const advanceOf = (clock: TestClock | undefined): Advance | undefined =>
  clock && 'frozenAt' in clock ? clock.advance : undefined

/** What staff ask of the clock: exactly one of `advance` (ISO 8601 duration) and `now` (an instant), or `freeze` alone. */
export interface ClockTurn {
  advance?: string | undefined
  now?: string | undefined
  freeze?: boolean | undefined
}

/** The instant of a decision, and the request that asks for it. */
export interface TurnContext {
  realMs: number
  requestId: string
}

/**
 * What a turn comes to. `set`: no time passes, the clock is as `next` says. `pass`: time passes up to the target, with
 * whatever is due on the way. `resume`: the advance that is under way already goes there.
 */
export type ClockPlan =
  | { kind: 'set'; next: TestClock; now: number }
  | { kind: 'pass'; next: TestClock & { advance: Advance }; now: number }
  | { kind: 'resume'; now: number }

/** Beyond this the calendar of the rules (and of four-digit years) ends. */
const latest = Date.UTC(2200, 0, 1)

/**
 * Decides a turn. The clock only goes forward, one advance at a time: while it is on its way it can be told to go where
 * it goes anyway, or to stop where it is (`freeze` alone).
 * @throws Problem `validation_failed` for a turn that says nothing, or two things; `conflict` for one back in time, and
 * for another one while an advance is under way.
 */
export function planClock(seen: TestClock | undefined, turn: ClockTurn, { realMs, requestId }: TurnContext): ClockPlan {
  const present = clockAt(seen, realMs)
  const target = targetOf(present, turn)
  const underway = advanceOf(seen)
  if (underway) return planUnderway(underway, turn, present, target)
  if (target < present) throw new Problem('conflict', 'The clock only goes forward.')
  if (target > latest) throw refusal('now', 'is at most the year 2200')
  const freeze = turn.freeze ?? (seen !== undefined && 'frozenAt' in seen)
  if (target === present) return { kind: 'set', next: landed({ target, freeze, stuck: 0 }, realMs), now: target }
  const advance: Advance = { turn: requestId, from: present, target, freeze, steps: 0, stuck: 0, givenUpTo: 0 }
  return { kind: 'pass', next: { frozenAt: present, advance }, now: target }
}

function planUnderway(underway: Advance, turn: ClockTurn, present: number, target: number): ClockPlan {
  const stands = turn.advance === undefined && turn.now === undefined
  if (stands && turn.freeze === true)
    return { kind: 'set', next: { frozenAt: present, stuck: underway.stuck || undefined }, now: present }
  if (turn.now !== undefined && target === underway.target && (turn.freeze ?? underway.freeze) === underway.freeze)
    return { kind: 'resume', now: target }
  throw new Problem(
    'conflict',
    `The clock is on its way to ${new Date(underway.target).toISOString()}. Wait until it is there, or stop it with "freeze": true alone.`,
  )
}

/** The clock at its target: it stands, or ticks on. */
export function landed({ target, freeze, stuck }: Pick<Advance, 'target' | 'freeze' | 'stuck'>, realMs: number) {
  const told = stuck === 0 ? {} : { stuck }
  return freeze ? { frozenAt: target, ...told } : { offset: target - realMs, ...told }
}

/**
 * The next instant at which an advancing clock stops: the earliest at which something is due, and the target at the
 * latest. Undefined: it is there.
 * @param instants at which something is due; those that have passed do not count.
 */
export function nextStop(now: number, target: number, instants: readonly number[]): number | undefined {
  if (now >= target) return undefined
  return Math.min(target, ...instants.filter((at) => at > now))
}

function targetOf(present: number, { advance, now, freeze }: ClockTurn): number {
  if (advance !== undefined && now !== undefined) throw refusal('advance', 'cannot stand beside "now"')
  if (now !== undefined) return Date.parse(now)
  if (advance === undefined) {
    if (freeze === undefined) throw refusal('', 'needs "advance", "now" or "freeze"')
    return present
  }
  const duration = parseDuration(advance)
  if (!duration) throw refusal('advance', 'is an ISO 8601 duration such as P1M or PT15M')
  return addDuration(present, duration, 'UTC')
}

const refusal = (path: string, message: string): Problem =>
  new Problem('validation_failed', `${path || 'The body'}: ${message}`, { errors: [{ path, message }] })
