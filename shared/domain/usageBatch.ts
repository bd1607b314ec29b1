import { termOf } from './entitlement.ts'
import type { PlanTerms } from './terms.ts'
import { type Window, windowAt } from './time.ts'
import {
  type Crossing,
  planUsage,
  type UsageContext,
  type UsageCounter,
  type UsageEvent,
  type UsagePlan,
} from './usage.ts'

/** Events a batch: one transaction holds 100 writes, and the counters share it. */
export const maxBatch = 100

export interface BatchEvent extends UsageEvent {
  feature: string
  /** The idempotency key; unique among the account's events. */
  key: string
  /** What the key was used for: two events of one key must agree in it. */
  requestHash: string
}

export type BatchResult =
  | { status: 'counted'; plan: UsagePlan & { accepted: true } }
  | { status: 'refused'; plan: UsagePlan & { accepted: false } }
  | { status: 'unknown_feature' }
  /** The same event again in this batch: it has the result of `of`. */
  | { status: 'duplicate'; of: number }
  | { status: 'key_reused'; of: number }

export interface CounterChange {
  feature: string
  window: Window
  /** The version to require; absent: the counter must not exist. */
  seenVer?: number
  next: UsageCounter
  crossed: Crossing[]
}

export interface BatchPlan {
  /** In the order of the events. */
  results: BatchResult[]
  /** Each changed counter once, with all of the batch in it. */
  changes: CounterChange[]
}

/** What names a counter among an account's: `<feature>#<window id>`. */
export const counterId = (feature: string, window: { id: string }): string => `${feature}#${window.id}`

/** The counters that a batch needs, each once: to be read before it is planned. */
export function countersOf(
  events: Pick<BatchEvent, 'feature' | 'at'>[],
  terms: PlanTerms,
  context: UsageContext,
): { feature: string; window: Window }[] {
  const needed = new Map<string, { feature: string; window: Window }>()
  for (const { feature, at } of events) {
    const term = termOf(terms, feature)
    if (term?.kind !== 'metered') continue
    const window = windowAt(term.window, at, context)
    needed.set(counterId(feature, window), { feature, window })
  }
  return [...needed.values()]
}

/**
 * Counts up to 100 events one after another, as if they had come alone in this order: a refused one takes nothing and
 * stops no other. Repeated keys are folded first. `counters` holds what is stored, by `counterId`.
 */
export function planUsageBatch(
  counters: ReadonlyMap<string, UsageCounter>,
  events: BatchEvent[],
  terms: PlanTerms,
  now: number,
  context: UsageContext,
): BatchPlan {
  if (events.length > maxBatch) throw new RangeError(`A batch has at most ${maxBatch} events`)
  const changes = new Map<string, CounterChange>()
  const seen = new Map<string, number>()
  const results = events.map((event, index): BatchResult => {
    const first = seen.get(event.key)
    if (first !== undefined) {
      const same = events[first]?.requestHash === event.requestHash
      return { status: same ? 'duplicate' : 'key_reused', of: first }
    }
    seen.set(event.key, index)
    const term = termOf(terms, event.feature)
    if (term?.kind !== 'metered') return { status: 'unknown_feature' }
    const id = counterId(event.feature, windowAt(term.window, event.at, context))
    const stored = counters.get(id)
    const plan = planUsage(changes.get(id)?.next ?? stored, event, term, now, context)
    if (!plan.accepted) return { status: 'refused', plan }
    changes.set(id, {
      feature: event.feature,
      window: plan.window,
      ...(stored && { seenVer: stored.ver }),
      // One write of the counter, however many events are in it: one version.
      next: { ...plan.next, ver: (stored?.ver ?? 0) + 1 },
      crossed: [...(changes.get(id)?.crossed ?? []), ...plan.crossed],
    })
    return { status: 'counted', plan }
  })
  return { results, changes: [...changes.values()] }
}
