import * as z from 'zod/mini'
import type { Catalogue, PublishedCatalogue } from '#domain/catalogue'
import { parseCatalogue } from '#domain/catalogueParse'
import { type PriceMapping, type PublishPlan, planPublish, pricesToCount } from '#domain/cataloguePublish'
import { commit } from './commit.ts'
import { catalogueKey, currentCatalogueKey, priceCountKey } from './keys.ts'
import { absent, type Condition, compare, either, equals, type Item, lacks, type Table, type Write } from './port.ts'

/** Schema version of the items here. */
const v = 1
/** UTF-8 bytes of a catalogue as JSON: an item holds 400 KB, and the rest of it is small. */
export const largestCatalogueBytes = 300_000
/** A batch of keys that the table reads at once. */
const batchSize = 100
/** Prices that one version may drop: each is a condition in the transaction of at most 100 writes. */
const mostDropped = 90
/** How long a function serves what it has before it looks for a newer version. */
const refreshMs = 60_000

/** `PRICE#<id>`: live subscriptions at a price, moved in each subscription's own transaction (`countPriceWrite`). */
const liveCountAttribute = 'live'

const currentItem = z.object({ version: z.int().check(z.minimum(1)) })
const versionItem = z.object({
  version: z.int().check(z.minimum(1)),
  publishedAt: z.int(),
  json: z.string(),
  successors: z.record(z.string(), z.string()),
})
const countItem = z.object({ [liveCountAttribute]: z.int() })

/** The number of the version in force; undefined: nothing has been published. */
export async function currentCatalogueVersion(
  table: Table,
  options?: { consistent?: boolean },
): Promise<number | undefined> {
  const item = await table.get(currentCatalogueKey(), options)
  return item && currentItem.parse(item).version
}

/**
 * One version, which never changes.
 * @throws Error when it is missing or what is stored does not parse: both are defects.
 */
export async function readCatalogue(table: Table, version: number): Promise<PublishedCatalogue> {
  // Consistent: the pointer may have been read from a fresher copy than the one an eventual read would ask.
  const item = await table.get(catalogueKey(version), { consistent: true })
  if (!item) throw new Error(`version ${version} of the catalogue is missing`)
  const { json, ...stored } = versionItem.parse(item)
  const parsed = parseCatalogue(JSON.parse(json))
  if (parsed.ok) return { ...stored, catalogue: parsed.catalogue }
  const [first] = parsed.errors
  throw new Error(`version ${version} of the catalogue does not parse: ${first?.path}: ${first?.message}`)
}

/** The version in force, read consistently; undefined: nothing has been published. */
export async function readCurrentCatalogue(table: Table): Promise<PublishedCatalogue | undefined> {
  const version = await currentCatalogueVersion(table, { consistent: true })
  return version === undefined ? undefined : readCatalogue(table, version)
}

export type PublishOutcome =
  | PublishPlan
  /** Another version was published, or a dropped price found a subscriber, since this one was planned; nothing was written. */
  | { kind: 'overtaken' }
  | { kind: 'tooLarge'; bytes: number }
  | { kind: 'tooManyDropped'; count: number }

/**
 * Publishes a parsed catalogue as the next version, or says why not. One transaction writes the version, moves the
 * pointer if it still stands where it was read, and asserts that no dropped price without successor has a subscriber.
 * `now` is epoch milliseconds.
 */
export async function publishCatalogue(
  table: Table,
  next: Catalogue,
  { now, mapping = {} }: { now: number; mapping?: PriceMapping },
): Promise<PublishOutcome> {
  const json = JSON.stringify(next)
  const bytes = new TextEncoder().encode(json).length
  if (bytes > largestCatalogueBytes) return { kind: 'tooLarge', bytes }
  const current = await readCurrentCatalogue(table)
  const plan = planPublish(current, next, await liveCounts(table, pricesToCount(current)), mapping)
  if (plan.kind !== 'publish') return plan
  if (plan.mustBeEmpty.length > mostDropped) return { kind: 'tooManyDropped', count: plan.mustBeEmpty.length }
  const written = await commit(table, publishWrites(plan, json, current, now))
  return written.committed ? plan : { kind: 'overtaken' }
}

function publishWrites(
  plan: Extract<PublishPlan, { kind: 'publish' }>,
  json: string,
  current: PublishedCatalogue | undefined,
  now: number,
): Write[] {
  const common = { v, createdAt: now, updatedAt: now, version: plan.version }
  const version: Item = {
    ...catalogueKey(plan.version),
    entity: 'catalogue',
    ...common,
    publishedAt: now,
    json,
    successors: plan.successors,
  }
  const pointer: Item = { ...currentCatalogueKey(), entity: 'currentCatalogue', ...common }
  return [
    { kind: 'put', item: version, when: absent },
    { kind: 'put', item: pointer, when: current ? equals('version', current.version) : absent },
    ...plan.mustBeEmpty.map((priceId): Write => ({ kind: 'check', key: priceCountKey(priceId), when: isEmpty })),
  ]
}

/** A price that nobody ever had has no row. */
const isEmpty: Condition = either(lacks(liveCountAttribute), compare(liveCountAttribute, '<=', 0))

/** Live subscriptions by price id, read consistently. */
export async function liveCounts(table: Table, priceIds: readonly string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (let start = 0; start < priceIds.length; start += batchSize) {
    const ids = priceIds.slice(start, start + batchSize)
    const items = await table.batchGet(ids.map(priceCountKey), { consistent: true })
    ids.forEach((priceId, index) => {
      const item = items[index]
      counts[priceId] = item ? countItem.parse(item)[liveCountAttribute] : 0
    })
  }
  return counts
}

/**
 * The catalogue in memory. The first call reads it; a minute later, by `now` in milliseconds, the next call looks for a
 * newer version, and calls at the same time share that look. When it fails, what is in memory serves another minute and
 * `onFailure` hears of it.
 * @throws Error when nothing has been published, or nothing could be read yet.
 */
export function catalogueCache(
  table: Table,
  now: () => number,
  onFailure: (error: unknown) => void = () => {},
): () => Promise<PublishedCatalogue> {
  let held: PublishedCatalogue | undefined
  let lookAgainAt = 0
  let looking: Promise<PublishedCatalogue> | undefined

  const latest = async (before: PublishedCatalogue | undefined): Promise<PublishedCatalogue> => {
    const version = await currentCatalogueVersion(table, { consistent: !before })
    if (version === undefined) throw new Error('no catalogue has been published: npm run catalogue -- publish FILE')
    // An eventual read may be older than what is held; versions only rise.
    return before && version <= before.version ? before : readCatalogue(table, version)
  }
  const look = async (): Promise<PublishedCatalogue> => {
    const before = held
    const found = await latest(before).catch((error: unknown) => {
      if (!before) throw error
      onFailure(error)
      return before
    })
    held = found
    lookAgainAt = now() + refreshMs
    return found
  }

  return () => {
    if (held && now() < lookAgainAt) return Promise.resolve(held)
    looking ??= look().finally(() => {
      looking = undefined
    })
    return looking
  }
}

/** As `readCurrentCatalogue`. @throws Error when nothing has been published: a deployment without a catalogue sells nothing. */
export async function currentCatalogue(table: Table): Promise<PublishedCatalogue> {
  const published = await readCurrentCatalogue(table)
  if (!published) throw new Error('no catalogue has been published')
  return published
}

/** For the transaction of whoever subscribes: the version that was decided on is still the one in force. */
export const catalogueStands = (version: number): Write => ({
  kind: 'check',
  key: currentCatalogueKey(),
  when: equals('version', version),
})
