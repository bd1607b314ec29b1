import { type Advance, advanceOf, landed, nextStop, type TestClock } from '#domain/testClock'
import { findClock, readClock } from '#table/clock'
import { lookAtDue } from '#table/dueLook'
import { settleInstant } from './advanceSettle.ts'
import { askFollowers, type ClockDeps, sendDue, type Underway, writeClock } from './underway.ts'

/** What was written just before a turn is in the index of due rows by then. */
const indexLagMs = 250
const dayMs = 86_400_000

/**
 * Takes the test clock on until it is at its target or the time is up (`untilMs`, real): it stands at an instant until
 * what is due there is done, and then jumps to the next instant at which something is due. Every step is one write on
 * the version it read, so whoever dies leaves a clock that the next one takes on, and two at once make no step twice.
 * @returns the clock as it then is; undefined: nobody has ever turned it.
 */
export async function advanceClock(
  deps: ClockDeps,
  requestId: string,
  untilMs: number,
): Promise<TestClock | undefined> {
  for (;;) {
    const item = await findClock(deps.table)
    const clock = readClock(item)
    const advance = advanceOf(clock)
    if (!item || !clock || !('frozenAt' in clock) || !advance || deps.clock.real() >= untilMs) return clock
    const settled = await settleInstant(deps, { item, now: clock.frozenAt, advance }, requestId, untilMs)
    if (settled.kind === 'done') await step(deps, settled.at, settled.instants, requestId)
  }
}

/** To the next stop, or home. A write that lost its race says that somebody else has made the step. */
async function step(deps: ClockDeps, at: Underway, instants: readonly number[], requestId: string): Promise<void> {
  const { target } = at.advance
  const stop = nextStop(at.now, target, instants)
  if (stop === undefined) {
    const { steps, stuck } = at.advance
    if (await writeClock(deps, at.item, landed(at.advance, deps.clock.real())))
      deps.log.info('the test clock is there', { requestId, target: new Date(target).toISOString(), steps, stuck })
    return
  }
  const advance = { ...at.advance, steps: at.advance.steps + 1 }
  const moved = await writeClock(deps, at.item, { frozenAt: stop, advance })
  if (moved && Math.floor(stop / dayMs) > Math.floor(at.now / dayMs)) await tryGivenUp(deps, advance, requestId)
}

/** What was given up has another try every day of business time, as a sweep would give it; nobody waits for it. */
async function tryGivenUp(deps: ClockDeps, { givenUpTo }: Advance, requestId: string): Promise<void> {
  if (givenUpTo > 0) await sendDue(deps, await lookAtDue(deps.table, { after: 0, until: givenUpTo }), requestId)
}

/** Whether nothing at all happens up to an instant: then the clock may be set at once. */
export async function isIdleUntil(deps: ClockDeps, untilMs: number): Promise<boolean> {
  if ((await askFollowers(deps, undefined)).any) return false
  for (const waitMs of [indexLagMs, 0]) {
    if ((await lookAtDue(deps.table, { after: 0, until: untilMs })).length > 0) return false
    if (waitMs > 0) await deps.wait(waitMs)
  }
  return true
}
