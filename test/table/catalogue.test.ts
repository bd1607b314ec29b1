import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  catalogueCache,
  currentCatalogueVersion,
  largestCatalogueBytes,
  liveCounts,
  publishCatalogue,
  readCatalogue,
  readCurrentCatalogue,
} from '#table/catalogue'
import { dynamoTable } from '#table/dynamo'
import { catalogueKey, currentCatalogueKey } from '#table/keys'
import type { Table } from '#table/port'
import { countPriceWrite } from '#table/subscriptions'
import { catalogueFrom, catalogueJson, referenceCatalogue } from '#test/support/catalogues'
import { type Engine, startEngine } from '#test/support/engine'

const now = Date.parse('2026-01-31T00:00:00Z')
let engine: Engine
let table: Table
let tables = 0
beforeAll(async () => {
  engine = await startEngine()
})
afterAll(async () => engine?.stop())
beforeEach(async () => {
  tables += 1
  table = dynamoTable({
    client: engine.client,
    tableName: await engine.createTable({ tableName: `catalogue-${tables}` }),
  })
})

const example = referenceCatalogue('example')
/** The example without its team plan, and what speaks of it. */
const withoutTeam = () => {
  const json = Object(catalogueJson('example'))
  return catalogueFrom({ ...json, plans: json.plans.slice(0, 1), discounts: [], coupons: [] })
}
const named = (name: string) => ({ ...example, name })
/** As a subscription's own transaction counts it. */
const count = async (priceId: string, ...moves: (1 | -1)[]) => {
  for (const by of moves) await table.write([countPriceWrite(priceId, by, now)])
}

describe('publishing', () => {
  it('writes immutable versions and moves the pointer', async () => {
    expect(await readCurrentCatalogue(table)).toBeUndefined()
    expect(await publishCatalogue(table, example, { now })).toMatchObject({ kind: 'publish', version: 1 })
    expect(await publishCatalogue(table, named('second'), { now: now + 1 })).toMatchObject({
      kind: 'publish',
      version: 2,
    })
    expect(await readCatalogue(table, 1)).toEqual({ version: 1, publishedAt: now, catalogue: example, successors: {} })
    expect(await readCurrentCatalogue(table)).toMatchObject({
      version: 2,
      publishedAt: now + 1,
      catalogue: { name: 'second' },
    })
  })
  it('the same catalogue twice is one version', async () => {
    await publishCatalogue(table, example, { now })
    expect(await publishCatalogue(table, referenceCatalogue('example'), { now: now + 1 })).toEqual({
      kind: 'unchanged',
      version: 1,
    })
  })
  it('of ten at once exactly one becomes the next version', async () => {
    await publishCatalogue(table, example, { now })
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, (_, i) => publishCatalogue(table, named(`n${i}`), { now })),
    )
    const kinds = outcomes.map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'publish').length).toBeGreaterThanOrEqual(1)
    const versions = outcomes.flatMap((outcome) => (outcome.kind === 'publish' ? [outcome.version] : []))
    expect(new Set(versions).size).toBe(versions.length)
    expect(await currentCatalogueVersion(table, { consistent: true })).toBe(Math.max(...versions))
  })
  it('refuses to strand subscribers, lets them be mapped, and keeps the mapping', async () => {
    await publishCatalogue(table, example, { now })
    await count('team-month', 1, 1, 1)
    expect(await liveCounts(table, ['free', 'team-month'])).toEqual({ free: 0, 'team-month': 3 })
    expect(await publishCatalogue(table, withoutTeam(), { now })).toEqual({
      kind: 'refused',
      stranded: [{ priceId: 'team-month', count: 3 }],
      errors: [],
    })
    expect(await currentCatalogueVersion(table, { consistent: true })).toBe(1)
    expect(await publishCatalogue(table, withoutTeam(), { now, mapping: { 'team-month': 'free' } })).toMatchObject({
      kind: 'publish',
      version: 2,
    })
    expect(await readCurrentCatalogue(table)).toMatchObject({ successors: { 'team-month': 'free' } })
  })
  it('is overtaken by a subscription made while it was planned', async () => {
    await publishCatalogue(table, example, { now })
    const racing: Table = {
      ...table,
      write: async (writes) => {
        await count('team-month', 1)
        return table.write(writes)
      },
    }
    expect(await publishCatalogue(racing, withoutTeam(), { now })).toEqual({ kind: 'overtaken' })
    expect(await readCurrentCatalogue(table)).toMatchObject({ version: 1 })
    expect(await table.get(catalogueKey(2), { consistent: true })).toBeUndefined()
  })
  it('a price whose subscribers have all left may go', async () => {
    await publishCatalogue(table, example, { now })
    await count('team-month', 1, 1, -1, -1)
    expect(await publishCatalogue(table, withoutTeam(), { now })).toMatchObject({ kind: 'publish', version: 2 })
  })
  it('refuses what an item cannot hold', async () => {
    const products = Array.from({ length: 500 }, (_, i) => ({
      id: `p${i}`,
      kind: 'item' as const,
      group: 'g',
      name: 'x'.repeat(80),
      description: 'é'.repeat(300),
      price: { amount: 100, currency: 'USD' },
    }))
    const outcome = await publishCatalogue(
      table,
      catalogueFrom({ ...Object(catalogueJson('example')), products: [...products], discounts: [] }),
      { now },
    )
    expect(outcome).toMatchObject({ kind: 'tooLarge' })
    expect(outcome.kind === 'tooLarge' && outcome.bytes).toBeGreaterThan(largestCatalogueBytes)
  })
  it('a stored catalogue that no longer parses is a defect that names the place', async () => {
    await publishCatalogue(table, example, { now })
    const spoilt = JSON.stringify({ ...example, plans: [] })
    await table.write([{ kind: 'update', key: catalogueKey(1), set: { json: spoilt }, when: 'unconditional' }])
    await expect(readCatalogue(table, 1)).rejects.toThrow(
      'version 1 of the catalogue does not parse: plans: must have at least 1 entries',
    )
    await expect(readCatalogue(table, 9)).rejects.toThrow('version 9 of the catalogue is missing')
  })
})

describe('the catalogue in memory', () => {
  let clock = now
  let reads: string[] = []
  let broken = false
  const watched = (): Table => ({
    ...table,
    get: async (key, options) => {
      reads.push(key.sk)
      if (broken) throw new Error('no answer')
      return table.get(key, options)
    },
  })
  beforeEach(() => {
    clock = now
    reads = []
    broken = false
  })

  it('is a defect that names the remedy when nothing has been published, and recovers', async () => {
    const cache = catalogueCache(watched(), () => clock)
    await expect(cache()).rejects.toThrow('no catalogue has been published: npm run catalogue -- publish FILE')
    await publishCatalogue(table, example, { now })
    expect((await cache()).version).toBe(1)
  })
  it('a hundred calls at once share one look', async () => {
    await publishCatalogue(table, example, { now })
    const cache = catalogueCache(watched(), () => clock)
    const all = await Promise.all(Array.from({ length: 100 }, () => cache()))
    expect(new Set(all).size).toBe(1)
    expect(reads).toEqual([currentCatalogueKey().sk, catalogueKey(1).sk])
  })
  it('looks again after a minute, not a millisecond earlier, and reads a version once only', async () => {
    await publishCatalogue(table, example, { now })
    const cache = catalogueCache(watched(), () => clock)
    await cache()
    clock += 60_000
    await cache()
    expect(reads).toEqual(['CURRENT', catalogueKey(1).sk, 'CURRENT'])
    await publishCatalogue(table, named('second'), { now })
    clock += 59_999
    expect((await cache()).version).toBe(1)
    clock += 1
    expect((await cache()).version).toBe(2)
    expect(reads).toEqual(['CURRENT', catalogueKey(1).sk, 'CURRENT', 'CURRENT', catalogueKey(2).sk])
  })
  it('serves what it has for another minute when a look fails, and says so', async () => {
    await publishCatalogue(table, example, { now })
    const failures: unknown[] = []
    const cache = catalogueCache(
      watched(),
      () => clock,
      (error) => failures.push(error),
    )
    await cache()
    await publishCatalogue(table, named('second'), { now })
    broken = true
    clock += 60_000
    expect((await cache()).version).toBe(1)
    expect((await cache()).version).toBe(1)
    expect(failures).toEqual([new Error('no answer')])
    broken = false
    clock += 60_000
    expect((await cache()).version).toBe(2)
  })
  it('a first look that fails is not kept', async () => {
    await publishCatalogue(table, example, { now })
    broken = true
    const cache = catalogueCache(watched(), () => clock)
    await expect(cache()).rejects.toThrow('no answer')
    broken = false
    expect((await cache()).version).toBe(1)
  })
})
