import { duplicates, type Fault, type Named, pathText } from '#errors/fault'
import type { Catalogue, CatalogueFeature, CataloguePlan, Entitlement } from './catalogue.ts'
import { chargeFaults } from './catalogueCharge.ts'
import { productFaults } from './catalogueChecksProducts.ts'
import { termsAt } from './catalogueTerms.ts'

/**
 * Bytes of a plan's terms as JSON. An account holds them beside about 1 KB of its own, and every check reads the account:
 * up to 3,072 bytes it stays within the 4 KB that a read unit pays for; beyond 8,192 a catalogue is refused.
 */
export const comfortableTermsBytes = 3_072
const largestTermsBytes = 8_192

/** What the parts of a well-shaped catalogue say wrongly about each other. */
export function catalogueFaults(catalogue: Catalogue): Fault[] {
  return [
    ...featureFaults(catalogue),
    ...duplicates(
      catalogue.plans.map(({ id }, index) => [id, `plans[${index}].id`]),
      'plan',
    ),
    ...duplicates(
      catalogue.plans.flatMap(({ prices }, index) =>
        prices.map(({ id }, at): Named => [id, `plans[${index}].prices[${at}].id`]),
      ),
      'price',
    ),
    ...catalogue.plans.flatMap((plan, index) => planFaults(catalogue, plan, `plans[${index}]`)),
    ...productFaults(catalogue),
    ...aiFaults(catalogue),
  ]
}

const featureFaults = ({ features }: Catalogue): Fault[] =>
  Object.entries(features).flatMap(([id, feature]) => {
    if (feature.kind !== 'level' && feature.kind !== 'choice') return []
    const [member, entries] = feature.kind === 'level' ? ['levels', feature.levels] : ['values', feature.values]
    const path = pathText(['features', id, member])
    return duplicates(
      entries.map((entry, index) => [entry, `${path}[${index}]`]),
      'name',
    )
  })

function planFaults(catalogue: Catalogue, plan: CataloguePlan, path: string): Fault[] {
  const faults = [
    ...plan.prices.flatMap((price, index) => [
      ...chargeFaults(catalogue, price, `${path}.prices[${index}].amount`),
      ...(price.compareAt !== undefined && price.compareAt <= price.amount
        ? [{ path: `${path}.prices[${index}].compareAt`, message: 'must be more than the amount' }]
        : []),
    ]),
    ...Object.entries(plan.entitlements).flatMap(([id, entitlement]) =>
      entitlementFaults(catalogue, plan, id, entitlement).map((fault) => ({
        path: `${path}.entitlements.${id}${fault.path}`,
        message: fault.message,
      })),
    ),
  ]
  return faults.length > 0 ? faults : sizeFaults(catalogue, plan, path)
}

/** Paths are below the entitlement: '' or '.limit'. */
function entitlementFaults(
  { features }: Catalogue,
  plan: CataloguePlan,
  id: string,
  entitlement: Entitlement,
): Fault[] {
  const feature = features[id]
  if (!feature) return [{ path: '', message: 'is no feature of this catalogue' }]
  const wrong = (message: string): Fault[] => [
    { path: '', message: `${message}: the feature's kind is ${feature.kind}` },
  ]
  switch (feature.kind) {
    case 'flag':
      return typeof entitlement === 'boolean' ? [] : wrong('must be true or false')
    case 'level':
      return feature.levels.some((level) => level === entitlement) ? [] : wrong(`must be ${oneOf(feature.levels)}`)
    case 'choice':
      return feature.values.some((value) => value === entitlement) ? [] : wrong(`must be ${oneOf(feature.values)}`)
    case 'gauge':
      return typeof entitlement === 'object' ? gaugeFaults(entitlement) : wrong('must be {"limit": …}')
    case 'metered':
      return typeof entitlement === 'object' ? meteredFaults(feature, plan, entitlement) : wrong('must be {"limit": …}')
  }
}

type Measure = Extract<Entitlement, { limit: unknown }>

/** What is set is not counted, so it has neither window nor price of use. */
const gaugeFaults = (entitlement: Measure): Fault[] =>
  Object.keys(entitlement)
    .filter((member) => member !== 'limit')
    .map((member) => ({ path: `.${member}`, message: 'is not for a gauge, which only has a limit' }))

function meteredFaults(
  feature: Extract<CatalogueFeature, { kind: 'metered' }>,
  plan: CataloguePlan,
  { limit, window, overage }: Measure,
): Fault[] {
  const faults: Fault[] = []
  if (!window && !feature.window) faults.push({ path: '.window', message: 'is required, as the feature names none' })
  // Each closed window's charge is a line of its month's history: minutes and hours would fill it without bound.
  const counted = window ?? feature.window
  if (overage && (counted === 'minute' || counted === 'hour')) {
    faults.push({ path: '.overage', message: `is not charged by the ${counted}: use day, month or period` })
  }
  if (overage && limit === 'unlimited') faults.push({ path: '.overage', message: 'is never reached without a limit' })
  if (overage && new Set(plan.prices.map(({ currency }) => currency)).size > 1) {
    faults.push({ path: '.overage', message: 'needs a plan whose prices have one currency' })
  }
  return faults
}

const oneOf = (names: string[]): string => names.map((name) => JSON.stringify(name)).join(' or ')

/** The terms differ between a plan's prices by an id only; the first stands for all. */
function sizeFaults(catalogue: Catalogue, plan: CataloguePlan, path: string): Fault[] {
  const bytes = termsBytes(catalogue, plan)
  if (bytes <= largestTermsBytes) return []
  return [
    {
      path,
      message: `its terms take ${bytes} bytes in every account, of ${largestTermsBytes} at most: fewer features, shorter ids`,
    },
  ]
}

/** UTF-8 bytes of the plan's terms as JSON; of its prices', the largest. */
export const termsBytes = (catalogue: Catalogue, plan: CataloguePlan): number =>
  Math.max(
    ...plan.prices.map((price) => {
      const terms = termsAt({ catalogue, version: 999_999, publishedAt: 0, successors: {} }, { plan, price })
      return new TextEncoder().encode(JSON.stringify(terms)).length
    }),
  )

function aiFaults({ ai, features }: Catalogue): Fault[] {
  if (!ai) return []
  const faults = duplicates(
    ai.providers.map((provider, index) => [provider, `ai.providers[${index}]`]),
    'provider',
  )
  if (ai.modelFeature !== undefined && features[ai.modelFeature]?.kind !== 'choice') {
    faults.push({ path: 'ai.modelFeature', message: 'must be a feature of kind choice' })
  }
  for (const [task, { feature }] of Object.entries(ai.tasks)) {
    if (features[feature]?.kind === 'metered') continue
    faults.push({ path: pathText(['ai', 'tasks', task, 'feature']), message: 'must be a feature of kind metered' })
  }
  return faults
}
