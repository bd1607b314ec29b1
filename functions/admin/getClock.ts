import { getClock } from '#operations/admin'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { findClock } from '#table/clock'

export const run: Run<typeof getClock> = async (_input, deps) => {
  const state = deps.config.mode === 'test' ? await findClock(deps.table) : undefined
  return {
    now: new Date(deps.clock.now()).toISOString(),
    status: 'ready',
    frozen: state?.frozenAt !== undefined,
    mode: deps.config.mode,
  }
}

export const handler = httpHandler(getClock, run, live())
