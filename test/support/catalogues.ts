import { readFileSync } from 'node:fs'
import type { Catalogue, PublishedCatalogue } from '#domain/catalogue'
import { parseCatalogue } from '#domain/catalogueParse'

export const referenceProducts = ['cv-builder', 'ai-chat', 'marketing', 'resume-ats', 'wellbeing', 'example'] as const
export type ReferenceProduct = (typeof referenceProducts)[number]

/** A reference product's file as parsed JSON; each call reads it anew, so a test may change what it got. */
export const catalogueJson = (product: ReferenceProduct): unknown =>
  JSON.parse(readFileSync(new URL(`../../catalogues/${product}.json`, import.meta.url), 'utf8'))

/** @throws Error that lists the faults. */
export function catalogueFrom(json: unknown): Catalogue {
  const parsed = parseCatalogue(json)
  if (parsed.ok) return parsed.catalogue
  throw new Error(parsed.errors.map(({ path, message }) => `${path}: ${message}`).join('\n'))
}

export const referenceCatalogue = (product: ReferenceProduct): Catalogue => catalogueFrom(catalogueJson(product))

export const published = (catalogue: Catalogue, over: Partial<PublishedCatalogue> = {}): PublishedCatalogue => ({
  version: 1,
  publishedAt: Date.parse('2026-01-01T00:00:00Z'),
  catalogue,
  successors: {},
  ...over,
})

export const nothing = Symbol('absent')

/** The example with one place changed: `exampleWith(['plans', 1, 'rank'], -1)`; `nothing` takes the place away. */
export function exampleWith(path: (string | number)[], value: unknown): unknown {
  const root = catalogueJson('example')
  const last = path[path.length - 1]
  const parent = path.slice(0, -1).reduce<unknown>((node, part) => Reflect.get(Object(node), part), root)
  if (last === undefined) return value
  if (value === nothing) Reflect.deleteProperty(Object(parent), last)
  else Reflect.set(Object(parent), last, value)
  return root
}
