/** JSON as the fakes keep, send and answer it. */
export type Json = null | boolean | number | string | Json[] | JsonObject

export interface JsonObject {
  [name: string]: Json
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The object in a text; undefined for anything else. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** `patch` over `base`: objects are merged name by name, anything else replaces. Neither argument is changed. */
export function mergeJson(base: JsonObject, patch: JsonObject): JsonObject {
  const merged = { ...base }
  for (const [name, value] of Object.entries(patch)) {
    const before = merged[name]
    merged[name] = isObject(before) && isObject(value) ? mergeJson(before, value) : value
  }
  return merged
}

/** The object that `path` leads to; undefined when there is none. */
export function objectAt(value: JsonObject, ...path: string[]): JsonObject | undefined {
  let found: JsonObject | undefined = value
  for (const name of path) {
    const next: Json | undefined = found[name]
    if (!isObject(next)) return undefined
    found = next
  }
  return found
}

/** An object whose named fields (separated by spaces) are all null: what providers answer for what was never set. */
export const nulls = (names: string): JsonObject =>
  Object.fromEntries(names.split(/\s+/).map((name): [string, Json] => [name, null]))
