import { advanceOf, clockAt, type TestClock } from '#domain/testClock'
import type { Deps } from './deps.ts'

const iso = (at: number): string => new Date(at).toISOString()

/** The clock as its operations answer it. Live deployments have none: business time is real time. */
export function clockView(clock: TestClock | undefined, { clock: source, config }: Pick<Deps, 'clock' | 'config'>) {
  const advance = advanceOf(clock)
  const stuck = advance?.stuck || clock?.stuck
  return {
    now: iso(clockAt(clock && { ...clock }, source.real())),
    status: advance ? ('advancing' as const) : ('ready' as const),
    frozen: advance?.freeze ?? (clock !== undefined && 'frozenAt' in clock),
    mode: config.mode,
    ...(advance && { from: iso(advance.from), target: iso(advance.target) }),
    ...(stuck && { stuck }),
  }
}
