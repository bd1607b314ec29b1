import { Cron } from 'croner'

const unitsMs: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }

/** The first occurrence strictly after an instant (epoch milliseconds); undefined when there is none. */
export type NextOccurrence = (afterMs: number) => number | undefined

/**
 * Reads an EventBridge Scheduler expression: `cron(…)` (AWS's six fields, in the schedule's time zone), `rate(15 minutes)`
 * (locally counted from the epoch, so that occurrences do not depend on when the stack was started) or
 * `at(2026-01-31T00:00:00)`. Throws `SyntaxError` for anything else.
 */
export function parseExpression(expression: string, timeZone: string): NextOccurrence {
  const [, kind, argument = ''] = /^(cron|rate|at)\((.+)\)$/.exec(expression) ?? []
  if (kind === 'cron') return cron(argument, timeZone)
  if (kind === 'rate') return rate(argument, expression)
  if (kind === 'at') return at(argument, timeZone)
  throw new SyntaxError(`${expression} is not a schedule expression`)
}

function cron(argument: string, timezone: string): NextOccurrence {
  if (argument.trim().split(/\s+/).length !== 6) throw new SyntaxError(`cron(${argument}) does not have six fields`)
  // AWS counts Sunday as 1 and has no seconds field.
  const schedule = new Cron(`0 ${argument}`, { paused: true, alternativeWeekdays: true, sloppyRanges: true, timezone })
  return (afterMs) => schedule.nextRun(new Date(afterMs))?.getTime()
}

function rate(argument: string, expression: string): NextOccurrence {
  const [, count, unit = ''] = /^(\d+) (minute|hour|day)s?$/.exec(argument) ?? []
  const span = Number(count) * (unitsMs[unit] ?? Number.NaN)
  if (!(span > 0)) throw new SyntaxError(`${expression} is not a rate`)
  return (afterMs) => (Math.floor(afterMs / span) + 1) * span
}

function at(argument: string, timezone: string): NextOccurrence {
  const instant = new Cron(argument, { paused: true, timezone }).nextRun(new Date(0))?.getTime()
  if (instant === undefined) throw new SyntaxError(`at(${argument}) is not a time`)
  return (afterMs) => (instant > afterMs ? instant : undefined)
}
