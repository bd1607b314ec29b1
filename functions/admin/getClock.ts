import { getClock } from '#operations/admin'
import { clockView } from '#runtime/clockView'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { findClock, readClock } from '#table/clock'

export const run: Run<typeof getClock> = async (_input, deps) => {
  const clock = deps.config.mode === 'test' ? readClock(await findClock(deps.table)) : undefined
  const view = clockView(clock, deps)
  // A clock that nobody has turned is what this invocation goes by.
  return clock ? view : { ...view, now: new Date(deps.clock.now()).toISOString() }
}

export const handler = httpHandler(getClock, run, live())
