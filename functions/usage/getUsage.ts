import { standingOf } from '#domain/usage'
import { overageOf } from '#domain/usageLimit'
import { getUsage } from '#operations/usage'
import { httpHandler } from '#runtime/http'
import { live } from '#runtime/live'
import { catalogue } from '#runtime/liveCatalogue'
import type { Run } from '#runtime/run'
import { loadFeatures } from '#runtime/standing'
import { countOf } from '#table/usage'

export const run: Run<typeof getUsage> = async (input, deps) => {
  const { terms, catalogue: current, features } = await loadFeatures(input, deps)
  const data = features.flatMap(({ feature, entitlement, item }) => {
    const { term, window } = entitlement
    if (term?.kind !== 'metered' && term?.kind !== 'gauge') return []
    const used = countOf(item)
    const { limit, remaining, resetsAt } = standingOf(term.limit, used, window ?? { end: null })
    const described = current.features[feature]
    const { quantity, amountMinor } = term.kind === 'metered' ? overageOf(used, term) : { quantity: 0, amountMinor: 0 }
    const priced = term.kind === 'metered' && term.overage !== undefined
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
        overage: priced && terms ? { quantity, amount: amountMinor, currency: terms.currency } : null,
      },
    ]
  })
  return { data }
}

export const handler = httpHandler(getUsage, run, live(catalogue))
