import type { PublishedCatalogue } from '#domain/catalogue'
import { parseCatalogue } from '#domain/catalogueParse'
import { catalogueKey, currentCatalogueKey } from '#table/keys'
import { absent, type Write } from '#table/port'

/** Credits a unit. */
export const creditCosts: Record<string, number> = { image: 3 }

/** Small limits, so that callers meet them; one feature that also costs credits. */
const plan = (id: string, rank: number, amount: number, reports: number, included: number) => ({
  id,
  name: id,
  rank,
  public: true,
  prices: [{ id, amount, currency: 'USD', interval: 'lifetime' }],
  entitlements: { report: { limit: reports }, image: { limit: 6 } },
  ...(included > 0 && { credits: { included, window: 'month', rollover: { max: 7 } } }),
})

const published = (included: number): PublishedCatalogue => {
  const parsed = parseCatalogue({
    name: 'simulation',
    currency: 'USD',
    features: {
      report: { kind: 'metered', name: 'Reports', unit: 'report', window: 'month', warnAt: 0.6 },
      image: { kind: 'metered', name: 'Images', unit: 'image', window: 'month', creditCost: creditCosts.image },
    },
    plans: [plan('free', 0, 0, 5, included), plan('team', 1, 4_900, 12, included * 3)],
  })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
  return { version: 1, publishedAt: 0, catalogue: parsed.catalogue, successors: {} }
}

/** No plan includes credits: every one in the wallet was granted by somebody. */
export const bareCatalogue = published(0)
/** Every month brings credits, some of which roll over. */
export const allowanceCatalogue = published(10)
export const freeLimits = { report: 5, image: 6 }
/** What the highest plan allows. */
export const teamLimits = { report: 12, image: 6 }

/** The catalogue as its publishing leaves it in the table, for whoever reads it there. */
export const publishedItems = ({ version, publishedAt, catalogue, successors }: PublishedCatalogue): Write[] => {
  const common = { v: 1, createdAt: publishedAt, updatedAt: publishedAt, version }
  const stored = {
    ...catalogueKey(version),
    entity: 'catalogue',
    ...common,
    publishedAt,
    json: JSON.stringify(catalogue),
    successors,
  }
  return [
    { kind: 'put', item: stored, when: absent },
    { kind: 'put', item: { ...currentCatalogueKey(), entity: 'currentCatalogue', ...common }, when: absent },
  ]
}
