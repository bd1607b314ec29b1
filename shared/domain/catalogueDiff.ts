import type { Catalogue } from './catalogue.ts'

/** One difference between two catalogues; `from` is absent on what was added, `to` on what was removed. */
export interface CatalogueChange {
  /** By ids, not by places: `plans.team.prices.team-month.amount`. */
  path: string
  change: 'added' | 'removed' | 'changed'
  from?: unknown
  to?: unknown
}

/** What differs, in the order of the older file and then of the newer. Entries that only changed places do not differ. */
export const diffCatalogues = (older: Catalogue, newer: Catalogue): CatalogueChange[] =>
  changes(byId(older), byId(newer), '')

type Members = Record<string, unknown>

/** Lists of things with ids become members by id, so that a move is no change. */
function byId({ plans, products, discounts, coupons, ...rest }: Catalogue): Members {
  return {
    ...rest,
    plans: keyed(
      plans.map((plan) => ({ ...plan, prices: keyed(plan.prices, ({ id }) => id) })),
      ({ id }) => id,
    ),
    products: keyed(products, ({ id }) => id),
    discounts: keyed(discounts, ({ planId, group }) => `${planId}/${group}`),
    coupons: keyed(coupons, ({ code }) => code),
  }
}
const keyed = <Entry>(entries: Entry[], keyOf: (entry: Entry) => string): Record<string, Entry> =>
  Object.fromEntries(entries.map((entry) => [keyOf(entry), entry]))

function changes(from: Members, to: Members, above: string): CatalogueChange[] {
  const names = new Set([...Object.keys(from), ...Object.keys(to)])
  return [...names].flatMap((name): CatalogueChange[] => {
    const path = above === '' ? name : `${above}.${name}`
    const [before, after] = [own(from, name), own(to, name)]
    if (before === undefined) return [{ path, change: 'added', to: after }]
    if (after === undefined) return [{ path, change: 'removed', from: before }]
    if (isMembers(before) && isMembers(after)) return changes(before, after, path)
    return JSON.stringify(before) === JSON.stringify(after)
      ? []
      : [{ path, change: 'changed', from: before, to: after }]
  })
}

const own = (members: Members, name: string): unknown => (Object.hasOwn(members, name) ? members[name] : undefined)
const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
