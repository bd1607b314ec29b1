import { overageOfCounter, standingOf } from '#domain/usage'
import { getUsage } from '#operations/usage'
import { counterOf } from '#runtime/consume'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { loadFeatures } from '#runtime/standing'
import { countOf, readCounter } from '#table/usage'

export const run: Run<typeof getUsage> = async (input, deps) => {
  const { terms, catalogue: current, features } = await loadFeatures(input, deps)
  const data = features.flatMap(({ feature, entitlement, item }) => {
    const { term, window } = entitlement
    if (term?.kind !== 'metered' && term?.kind !== 'gauge') return []
    const used = countOf(item)
    const { limit, remaining, resetsAt } = standingOf(term.limit, used, window ?? { end: null })
    const described = current.features[feature]
    const priced = term.kind === 'metered' && term.overage !== undefined
    // What the window's close would charge: units accepted beyond the limit of their time, not beyond today's.
    const over = item && term.kind === 'metered' ? overageOfCounter(counterOf(readCounter(item))) : null
    return [
      {
        feature,
        kind: term.kind,
        unit: described && 'unit' in described ? described.unit : null,
        window: window?.kind ?? null,
        windowStart: window ? new Date(window.start).toISOString() : null,
        used,
        limit,
        remaining,
        resetsAt,
        overage:
          priced && terms
            ? { quantity: over?.quantity ?? 0, amount: over?.amountMinor ?? 0, currency: terms.currency }
            : null,
      },
    ]
  })
  return { data }
}

export const handler = httpHandler(getUsage, run, live(catalogue))
