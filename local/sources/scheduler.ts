import type { ScheduleModel } from '../template/model.ts'
import { newUuid, pause } from '../time.ts'
import { type NextOccurrence, parseExpression } from './expression.ts'
import type { Source } from './queue.ts'

/** Occurrences of one schedule fired after one jump; a year of quarter hours would be 35,040. First and last always fire. */
export const occurrencesMax = 24
/** How often the clock is looked at: at most this late does a schedule fire. */
const tickMs = 1000

export interface SchedulerOptions {
  /** Business time, epoch milliseconds. */
  now: () => Promise<number>
  /** Starts the target and waits for its end; the event is parsed JSON or, where it is not JSON, the text itself. */
  fire: (schedule: ScheduleModel, event: unknown) => Promise<void>
  log: (line: string) => void
}

export interface Scheduler extends Source {
  /** Fires what has come due since the last look. Runs by itself once a second; calling it only saves the wait. */
  tick(): Promise<void>
}

interface Entry {
  schedule: ScheduleModel
  next: NextOccurrence
}

interface Occurrence {
  schedule: ScheduleModel
  atMs: number
}

/**
 * Fires the template's schedules on the stack's clock. When the clock jumps, every occurrence in between fires, in order and
 * at most once, each with its scheduled time. The clock starts where it stands: what was due before is not made up for.
 */
export function createScheduler(schedules: ScheduleModel[], startMs: number, options: SchedulerOptions): Scheduler {
  const entries = schedules.map(
    (schedule): Entry => ({ schedule, next: parseExpression(schedule.expression, schedule.timeZone) }),
  )
  const stopping = new AbortController()
  // Everything up to here has fired; a clock that goes back waits until it gets here again.
  let firedToMs = startMs
  let busy: Promise<void> = Promise.resolve()

  const look = async () => {
    const nowMs = await options.now()
    if (nowMs <= firedToMs) return
    const due = entries
      .flatMap((entry) => occurrences(entry, firedToMs, nowMs, options.log))
      .sort((a, b) => a.atMs - b.atMs)
    firedToMs = nowMs
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
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

function occurrences(
  { schedule, next }: Entry,
  afterMs: number,
  untilMs: number,
  log: (line: string) => void,
): Occurrence[] {
  const all: Occurrence[] = []
  for (let atMs = next(afterMs); atMs !== undefined && atMs <= untilMs; atMs = next(atMs)) all.push({ schedule, atMs })
  if (all.length <= occurrencesMax) return all
  log(
    `${schedule.name} missed ${all.length} occurrences; ${occurrencesMax} of them, from the first to the last, are fired`,
  )
  const step = (all.length - 1) / (occurrencesMax - 1)
  return Array.from({ length: occurrencesMax }, (_, index) => all[Math.round(index * step)]).filter(
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
