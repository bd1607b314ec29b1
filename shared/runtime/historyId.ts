import { ulidOf } from '#domain/guard'
import type { Deps } from './deps.ts'

/** The id of a history line that no payment stands behind. `now`: epoch milliseconds. */
export const freshHistoryId = ({ ids }: Pick<Deps, 'ids'>, now: number): string => `his_${ulidOf(now, ids.random())}`

/** The same, as plans take it. */
export const historyIds = (deps: Pick<Deps, 'clock' | 'ids'>): { history: string } => ({
  history: freshHistoryId(deps, deps.clock.now()),
})
