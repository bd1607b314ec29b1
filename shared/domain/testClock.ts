import { Problem } from '#errors/problem'
import { addDuration, parseDuration } from './duration.ts'

/**
 * The test clock's stored state: it ticks on from an offset, or stands still. Absent: real time.
 * `offset` in milliseconds, `frozenAt` as epoch milliseconds.
 */
export type ClockState = { readonly [name: string]: unknown }

/** Business time for a real instant, both epoch milliseconds. */
export function clockAt(state: ClockState | undefined, realMs: number): number {
  if (typeof state?.frozenAt === 'number') return state.frozenAt
  return realMs + (typeof state?.offset === 'number' ? state.offset : 0)
}

/** What staff ask of the clock: exactly one of `advance` (ISO 8601 duration) and `now` (an instant), or `freeze` alone. */
export interface ClockTurn {
  advance?: string | undefined
  now?: string | undefined
  freeze?: boolean | undefined
}

/** Beyond this the calendar of the rules (and of four-digit years) ends. */
const latest = Date.UTC(2200, 0, 1)

/**
 * The clock after a turn, and the instant it then shows. It only goes forward; it ticks on unless frozen.
 * @throws Problem `validation_failed` for a turn that says nothing, or two things; `conflict` for one back in time.
 */
export function planClock(
  seen: ClockState | undefined,
  turn: ClockTurn,
  realMs: number,
): { state: { offset: number } | { frozenAt: number }; now: number } {
  const present = clockAt(seen, realMs)
  const now = targetOf(present, turn)
  if (now < present) throw new Problem('conflict', 'The clock only goes forward.')
  if (now > latest) throw refusal('now', 'is at most the year 2200')
  const frozen = turn.freeze ?? typeof seen?.frozenAt === 'number'
  return { now, state: frozen ? { frozenAt: now } : { offset: now - realMs } }
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
