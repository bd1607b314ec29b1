import { advanceOf, type ClockPlan, clockAt, landed, planClock, type TestClock } from '#domain/testClock'
import { Problem } from '#errors/problem'
import { setClock } from '#operations/admin'
import { advanceClock, isIdleUntil } from '#runtime/advanceClock'
import { commitAnswer } from '#runtime/answers'
import { auditOf } from '#runtime/audit'
import { clockView } from '#runtime/clockView'
import { contend } from '#runtime/contend'
import type { Deps } from '#runtime/deps'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { queues } from '#runtime/liveQueues'
import { Reply, type Run } from '#runtime/run'
import { findClock, putClockWrite, readClock } from '#table/clock'

/** So long the request itself takes the clock on; then the worker does, whose message is there from the start, should this die. */
const ownMs = 15_000
const workerAfterSeconds = 16

export const run: Run<typeof setClock> = async (input, deps) => {
  if (deps.config.mode !== 'test') throw new Problem('conflict', 'The clock of a live deployment is not to be turned.')
  const untilMs = deps.clock.real() + ownMs
  const begun = await begin(input, deps)
  if (begun instanceof Reply || begun.status === 'ready') return begun
  return answerOf(await advanceClock(deps, input.requestId, untilMs), deps)
}

const begin = (input: Parameters<typeof run>[0], deps: Deps) =>
  contend(deps, async () => {
    const item = await findClock(deps.table)
    const seen = readClock(item)
    const real = deps.clock.real()
    const plan = planClock(seen, input.body, { realMs: real, requestId: input.requestId })
    const next = await nextOf(plan, deps)
    const view = clockView(next ?? seen, deps)
    const turn = advanceOf(next ?? seen)?.turn
    if (turn !== undefined) await deps.queues.send('clock', [{ requestId: turn }], { delaySeconds: workerAfterSeconds })
    const audit = auditOf(input, deps, {
      action: 'setClock',
      entity: 'clock',
      entityId: 'clock',
      before: { now: new Date(clockAt(item, real)).toISOString() },
      after: { now: new Date(plan.now).toISOString() },
    })
    const writes = next ? [putClockWrite(next, item, deps.clock.real()), audit] : [audit]
    const status = view.status === 'advancing' ? setClock.later : undefined
    const output = view.status === 'ready' ? { ...view, now: new Date(plan.now).toISOString() } : view
    return commitAnswer(setClock, input, deps, writes, output, status)
  })

/** Undefined: as it is. What nothing is due in is one jump. */
async function nextOf(plan: ClockPlan, deps: Deps): Promise<TestClock | undefined> {
  if (plan.kind === 'resume') return undefined
  if (plan.kind === 'set' || !(await isIdleUntil(deps, plan.now))) return plan.next
  return landed(plan.next.advance, deps.clock.real())
}

function answerOf(clock: TestClock | undefined, deps: Deps) {
  const view = clockView(clock, deps)
  return view.status === 'ready' ? view : new Reply(view, { status: setClock.later ?? setClock.success })
}

export const handler = httpHandler(setClock, run, live(queues))
