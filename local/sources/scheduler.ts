import type { ScheduleModel } from '../template/model.ts'
import { newUuid, pause } from '../time.ts'
import { type NextOccurrence, parseExpression } from './expression.ts'
import type { Source } from './queue.ts'

export type { Source }

/** Occurrences of one schedule fired in one advance or after one jump: every day of a month. First and last always fire. */
export const occurrencesMax = 31
/** What comes at least as often is a look for work, and an advancing clock is one itself: it fires once, afterwards. */
const frequentMs = 3_600_000
const dayMs = 24 * frequentMs
/** How often the clock is looked at: at most this late does a schedule fire. */
const tickMs = 1000

export interface SchedulerOptions {
  /** Business time, epoch milliseconds. */
  now: () => Promise<number>
  /** By the last `now`: where the clock is going, stop by stop. Undefined: it is not on its way. */
  target?: () => number | undefined
  /** Starts the target and waits for its end; the event is parsed JSON or, where it is not JSON, the text itself. */
  fire: (schedule: ScheduleModel, event: unknown) => Promise<void>
  log: (line: string) => void
}

export interface Scheduler extends Source {
  /** Fires what has come due since the last look. Runs by itself once a second; calling it only saves the wait. */
  tick(): Promise<void>
  /** By the last look: the next occurrence for which an advancing clock has to stop; undefined: none up to its target. */
  nextAt(): number | undefined
}

interface Entry {
  schedule: ScheduleModel
  next: NextOccurrence
  isFrequent: boolean
  /** While the clock is on its way: the occurrences up to its target that have still to fire. */
  stops?: number[] | undefined
  /** Frequent, and not fired while the clock was on its way. */
  isOwed: boolean
}

interface Occurrence {
  schedule: ScheduleModel
  atMs: number
}

/**
 * Fires the template's schedules on the stack's clock. Every occurrence that the clock passes fires, in order and at most
 * once, each with its scheduled time; an advancing clock stops once a day for them (`nextAt`). Frequent schedules fire once after an
 * advance. The clock starts where it stands: what was due before is not made up for.
 */
export function createScheduler(schedules: ScheduleModel[], startMs: number, options: SchedulerOptions): Scheduler {
  const entries = schedules.map((schedule): Entry => {
    const next = parseExpression(schedule.expression, schedule.timeZone)
    return { schedule, next, isFrequent: isFrequent(next, startMs), isOwed: false }
  })
  const stopping = new AbortController()
  // Everything up to here has fired; a clock that goes back waits until it gets here again.
  let firedToMs = startMs
  let busy: Promise<void> = Promise.resolve()

  const look = async () => {
    const nowMs = await options.now()
    const targetMs = options.target?.()
    const passed = { fromMs: firedToMs, nowMs, log: options.log }
    const due = entries
      .flatMap((entry) => (targetMs === undefined ? afterwards(entry, passed) : underway(entry, passed, targetMs)))
      .sort((a, b) => a.atMs - b.atMs)
    firedToMs = Math.max(firedToMs, nowMs)
    for (const { schedule, atMs } of due) {
      if (stopping.signal.aborted) return
      await options
        .fire(schedule, eventOf(schedule, atMs))
        .catch((error: unknown) => options.log(`${schedule.name} failed: ${String(error)}`))
    }
  }

  const tick = () => {
    busy = busy.then(look, look)
    return busy
  }
  const run = async () => {
    while (!stopping.signal.aborted) {
      await tick().catch((error: unknown) => options.log(`the clock cannot be read: ${String(error)}`))
      await pause(tickMs, stopping.signal)
    }
  }
  const running = run()
  return {
    tick,
    nextAt: () => lastOfDay(entries.flatMap(({ stops }) => stops ?? [])),
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

/** One stop a night: what is due earlier in it fires there too, each with the time it was scheduled for. */
function lastOfDay(stops: readonly number[]): number | undefined {
  if (stops.length === 0) return undefined
  const dayOf = (atMs: number): number => Math.floor(atMs / dayMs)
  const day = dayOf(Math.min(...stops))
  return Math.max(...stops.filter((atMs) => dayOf(atMs) === day))
}

interface Passed {
  fromMs: number
  nowMs: number
  log: (line: string) => void
}

function isFrequent(next: NextOccurrence, fromMs: number): boolean {
  const first = next(fromMs)
  const second = first === undefined ? undefined : next(first)
  return first !== undefined && second !== undefined && second - first <= frequentMs
}

/** What an advancing clock has reached. The rest are stops to come, chosen once for the whole way. */
function underway(entry: Entry, { fromMs, nowMs, log }: Passed, targetMs: number): Occurrence[] {
  if (entry.isFrequent) {
    entry.isOwed = true
    return []
  }
  const stops = entry.stops ?? chosen(entry, fromMs, targetMs, log)
  entry.stops = stops.filter((atMs) => atMs > nowMs)
  return stops.filter((atMs) => atMs <= nowMs).map((atMs) => ({ schedule: entry.schedule, atMs }))
}

function afterwards(entry: Entry, { fromMs, nowMs, log }: Passed): Occurrence[] {
  const { schedule, next, isOwed } = entry
  entry.stops = undefined
  entry.isOwed = false
  if (!isOwed) return chosen(entry, fromMs, nowMs, log).map((atMs) => ({ schedule, atMs }))
  const latest = all(next, nowMs - 2 * frequentMs, nowMs).at(-1)
  return latest === undefined ? [] : [{ schedule, atMs: latest }]
}

function all(next: NextOccurrence, afterMs: number, untilMs: number): number[] {
  const found: number[] = []
  for (let atMs = next(afterMs); atMs !== undefined && atMs <= untilMs; atMs = next(atMs)) found.push(atMs)
  return found
}

/** Every occurrence, or where there are too many, some evenly spread over them. */
function chosen({ schedule, next }: Entry, afterMs: number, untilMs: number, log: Passed['log']): number[] {
  const found = all(next, afterMs, untilMs)
  if (found.length <= occurrencesMax) return found
  log(
    `${schedule.name} has ${found.length} occurrences on the way; ${occurrencesMax} of them, from the first to the last, are fired`,
  )
  const step = (found.length - 1) / (occurrencesMax - 1)
  return Array.from({ length: occurrencesMax }, (_, index) => found[Math.round(index * step)]).filter(
    (each) => each !== undefined,
  )
}

function eventOf(schedule: ScheduleModel, atMs: number): unknown {
  const text = schedule.input
    .replaceAll('<aws.scheduler.scheduled-time>', new Date(atMs).toISOString())
    .replaceAll('<aws.scheduler.execution-id>', newUuid())
    .replaceAll('<aws.scheduler.attempt-number>', '1')
    .replaceAll('<aws.scheduler.schedule-arn>', schedule.name)
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
