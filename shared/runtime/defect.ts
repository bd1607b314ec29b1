import type { Operation } from '#operations/definition'
import type { Deps } from './deps.ts'

/**
 * A defect: something thrown that is no refusal. One log line that says what a user loses, and one metric by area
 * (namespace `Faregate`, metric `Defect`), which the area's alarm watches.
 */
export function reportDefect(
  operation: Operation,
  deps: Pick<Deps, 'log' | 'metric'>,
  error: unknown,
  context: Record<string, unknown>,
): void {
  deps.log.error('defect', { ...context, operation: operation.id, ifItFails: operation.ifItFails, error })
  deps.metric('Defect', 1, { area: operation.area })
}
