import * as z from 'zod/mini'
import type { Call } from '../call.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { invalid } from './errors.ts'

/** Deeper than any parameter of Stripe's. */
const depthMax = 8

/** `a[b][0][c]=v` and `a[]=v` as nested objects and arrays; every leaf is text. */
function decodeForm(text: string): JsonObject {
  const root: JsonObject = {}
  for (const [name, value] of new URLSearchParams(text)) {
    const path = [...name.matchAll(/\[([^\]]*)\]/g)].map((match) => match[1] ?? '')
    const head = name.split('[', 1)[0] ?? ''
    if (head === '__proto__' || path.includes('__proto__') || path.length > depthMax) continue
    put(root, [head, ...path], value)
  }
  return Object.fromEntries(Object.entries(root).map(([name, value]): [string, Json] => [name, arrays(value)]))
}

function put(into: JsonObject, path: string[], value: string): void {
  const [given = '', ...rest] = path
  // `a[]` appends.
  const name = given === '' ? String(Object.keys(into).length) : given
  if (rest.length === 0) {
    into[name] = value
    return
  }
  const before = into[name]
  const next: JsonObject = isObject(before) ? before : {}
  into[name] = next
  put(next, rest, value)
}

/** An object with the keys 0, 1, 2 … is an array. */
function arrays(value: Json): Json {
  if (!isObject(value)) return value
  const entries = Object.entries(value).map(([name, inner]): [string, Json] => [name, arrays(inner)])
  const isList = entries.length > 0 && entries.every(([name], place) => name === String(place))
  return isList ? entries.map(([, inner]) => inner) : Object.fromEntries(entries)
}

/** The parameters of a call: of the query for GET and DELETE, of the body otherwise. */
export const paramsOf = (call: Call): JsonObject => decodeForm(call.method === 'GET' ? call.query.toString() : call.raw)

export function read<Schema extends z.core.$ZodType>(schema: Schema, call: Call): z.output<Schema> {
  const parsed = z.safeParse(schema, paramsOf(call))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const [head = '', ...rest] = issue?.path.map(String) ?? []
  const param = `${head}${rest.map((part) => `[${part}]`).join('')}`
  const missing = issue?.code === 'invalid_type' && issue.message.includes('undefined')
  if (missing) throw invalid(`Missing required param: ${param}.`, param, 'parameter_missing')
  throw invalid(`Invalid ${param}`, param)
}

export const wholeField = z.pipe(z.string().check(z.regex(/^-?\d{1,15}$/)), z.transform(Number))
export const flagField = z.pipe(
  z.enum(['true', 'false', '1', '0']),
  z.transform((text) => text === 'true' || text === '1'),
)
/** Currencies are told in lower case, whatever case they come in. */
export const currencyField = z.pipe(
  z.string().check(z.regex(/^[A-Za-z]{3}$/)),
  z.transform((text) => text.toLowerCase()),
)
export const metadataField = z.optional(z.union([z.record(z.string(), z.string()), z.literal('')]))

/** New metadata over old: an empty value removes its key, an empty text removes all. */
export function metadataOf(before: JsonObject, given: z.infer<typeof metadataField>): JsonObject {
  if (given === undefined) return before
  if (given === '') return {}
  return Object.fromEntries(Object.entries({ ...before, ...given }).filter(([, value]) => value !== ''))
}
