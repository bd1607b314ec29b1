import { clockAt, planClock } from '#domain/testClock'
import { Problem } from '#errors/problem'
import { setClock } from '#operations/admin'
import { commitAnswer } from '#runtime/answers'
import { auditOf } from '#runtime/audit'
import { contend } from '#runtime/contend'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import type { Run } from '#runtime/run'
import { findClock, putClockWrite } from '#table/clock'

export const run: Run<typeof setClock> = (input, deps) =>
  contend(deps, async () => {
    if (deps.config.mode !== 'test')
      throw new Problem('conflict', 'The clock of a live deployment is not to be turned.')
    const real = deps.clock.real()
    const seen = await findClock(deps.table)
    const { state, now } = planClock(seen, input.body, real)
    const audit = auditOf(input, deps, {
      action: 'setClock',
      entity: 'clock',
      entityId: 'clock',
      before: { now: new Date(clockAt(seen, real)).toISOString() },
      after: { now: new Date(now).toISOString() },
    })
    const output = {
      now: new Date(now).toISOString(),
      status: 'ready' as const,
      frozen: 'frozenAt' in state,
      mode: deps.config.mode,
    }
    return commitAnswer(setClock, input, deps, [putClockWrite(state, seen, real), audit], output)
  })

export const handler = httpHandler(setClock, run, live())
