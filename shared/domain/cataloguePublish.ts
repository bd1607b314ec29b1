import type { Catalogue, PublishedCatalogue } from './catalogue.ts'
import { findPrice } from './catalogueTerms.ts'

/** Old price id → price id of the new catalogue. */
export type PriceMapping = Readonly<Record<string, string>>

export interface Stranded {
  priceId: string
  /** Live subscriptions. */
  count: number
}
export type PublishPlan =
  /** Nothing differs: the current version stands. */
  | { kind: 'unchanged'; version: number }
  | {
      kind: 'publish'
      version: number
      successors: Record<string, string>
      /** Gone without a successor, so they must have no subscriber at the very instant of publishing. */
      mustBeEmpty: string[]
    }
  | { kind: 'refused'; stranded: Stranded[]; errors: { priceId: string; message: string }[] }

/**
 * Whether a catalogue may follow the current one. A price is gone when its id is, or when the id comes back on another
 * plan or in another currency: then it is another price. Nobody may be left on a price that is gone, so each needs no
 * live subscriber or a successor, by `mapping` or by an earlier version's.
 */
export function planPublish(
  current: PublishedCatalogue | undefined,
  next: Catalogue,
  liveCounts: Readonly<Record<string, number>>,
  mapping: PriceMapping = {},
): PublishPlan {
  const errors = mappingErrors(current, next, mapping)
  const successors: Record<string, string> = {}
  const mustBeEmpty: string[] = []
  const stranded: Stranded[] = []
  for (const priceId of gonePrices(current, next)) {
    const heir = successorOf(current, next, mapping, priceId)
    const count = own(liveCounts, priceId) ?? 0
    if (heir !== undefined) successors[priceId] = heir
    else if (count > 0) stranded.push({ priceId, count })
    else mustBeEmpty.push(priceId)
  }
  if (errors.length > 0 || stranded.length > 0) return { kind: 'refused', stranded, errors }
  if (current && isSame(current, next, successors)) return { kind: 'unchanged', version: current.version }
  return { kind: 'publish', version: (current?.version ?? 0) + 1, successors, mustBeEmpty }
}

/** Prices whose live subscriptions `planPublish` has to know: those of the current version, and earlier ones that people may still hold. */
export const pricesToCount = (current: PublishedCatalogue | undefined): string[] =>
  current ? [...new Set([...priceIds(current.catalogue), ...Object.keys(current.successors)])] : []

const priceIds = ({ plans }: Catalogue): string[] => plans.flatMap(({ prices }) => prices.map(({ id }) => id))

function gonePrices(current: PublishedCatalogue | undefined, next: Catalogue): string[] {
  return pricesToCount(current).filter((priceId) => {
    const now = findPrice(next, priceId)
    const before = current && findPrice(current.catalogue, priceId)
    if (!now) return true
    // Gone with an earlier version and back now: whoever still holds it may stay.
    if (!before) return false
    return now.plan.id !== before.plan.id || now.price.currency !== before.price.currency
  })
}

/** Follows an earlier version's mapping one step further when its target is gone in turn. */
function successorOf(
  current: PublishedCatalogue | undefined,
  next: Catalogue,
  mapping: PriceMapping,
  priceId: string,
): string | undefined {
  const direct = own(mapping, priceId)
  if (direct !== undefined) return direct
  const earlier = current && own(current.successors, priceId)
  if (earlier === undefined) return undefined
  return own(mapping, earlier) ?? (findPrice(next, earlier) ? earlier : undefined)
}

/** A subscriber cannot change currency, so neither can a mapping. */
function mappingErrors(current: PublishedCatalogue | undefined, next: Catalogue, mapping: PriceMapping) {
  const known = new Set(pricesToCount(current))
  return Object.entries(mapping).flatMap(([priceId, heirId]) => {
    const say = (message: string) => [{ priceId, message }]
    if (!known.has(priceId)) return say('is mapped, but no published price has this id')
    const heir = findPrice(next, heirId)
    if (!heir) return say(`is mapped to ${heirId}, which the new catalogue does not have`)
    const before = current && findPrice(current.catalogue, priceId)
    if (before && before.price.currency !== heir.price.currency) {
      return say(`is mapped to ${heirId}, which is in ${heir.price.currency} and not in ${before.price.currency}`)
    }
    return []
  })
}

/** The order of entries counts: lists are shown in it. */
const isSame = (current: PublishedCatalogue, next: Catalogue, successors: Record<string, string>): boolean =>
  JSON.stringify(current.catalogue) === JSON.stringify(next) &&
  JSON.stringify(current.successors) === JSON.stringify(successors)

const own = <Value>(members: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(members, name) ? members[name] : undefined
