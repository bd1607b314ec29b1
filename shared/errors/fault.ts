import type * as z from 'zod/mini'

/** `path` reads as one writes it: `plans[1].entitlements.reports.limit`. */
export interface Fault {
  path: string
  message: string
}

/** No member of a catalogue lies deeper; what does is refused by the schema, so the walk below need not follow it. */
const deepest = 8

/** `__proto__` as a member's name, anywhere: a parser that builds objects drops it, so it is refused before parsing. */
export function prototypeFaults(json: unknown, path: readonly PropertyKey[] = []): Fault[] {
  if (typeof json !== 'object' || json === null || path.length > deepest) return []
  if (Object.hasOwn(json, '__proto__'))
    return [{ path: pathText([...path, '__proto__']), message: 'is not a usable name' }]
  return Object.entries(json).flatMap(([name, value]) =>
    prototypeFaults(value, [...path, Array.isArray(json) ? Number(name) : name]),
  )
}

/** `plans[1].entitlements.reports.limit`; a member whose name is no plain word stands quoted in brackets, cut at 64. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((before, part) => {
    if (typeof part === 'number') return `${before}[${part}]`
    const name = String(part)
    if (!/^[\w-]{1,64}$/.test(name)) return `${before}[${JSON.stringify(name.slice(0, 64))}]`
    return before === '' ? name : `${before}.${name}`
  }, '')

/** A name and where it stands. */
export type Named = [name: string, path: string]

/** Each name but its first is a fault, which tells where the first stands. */
export function duplicates(names: Named[], what: string): Fault[] {
  const first = new Map<string, string>()
  return names.flatMap(([name, path]) => {
    const earlier = first.get(name)
    if (earlier === undefined) first.set(name, path)
    return earlier === undefined ? [] : [{ path, message: `is the ${what} of ${earlier} already` }]
  })
}

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** The schema's issue as path and sentence; an unknown member is an error at its own path, a union answers for its nearest form. */
export function faultsOf(issue: Issue, above: Path = []): Fault[] {
  const path = [...above, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: pathText([...path, key]), message: 'is not known here' }))
  }
  if (issue.code === 'invalid_union') {
    const nearest = nearestForm(issue)
    if (nearest) return nearest.flatMap((inner) => faultsOf(inner, path))
  }
  return [{ path: pathText(path), message: sentence(issue) }]
}

/** The form that fits so far that the mistake lies inside it; none when the value itself is of no form's type. */
const nearestForm = (issue: z.core.$ZodIssueInvalidUnion): Issue[] | undefined =>
  issue.errors.find((form) => form.every(isInside)) ?? issue.errors.find((form) => form.some(isInside))
const isInside = (issue: Issue): boolean => issue.path.length > 0 || issue.code === 'unrecognized_keys'

/** zod/mini carries no language: a message of our own stands on the schema, the rest is said here. */
function sentence(issue: Issue): string {
  if (issue.input === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_union'))
    return 'is required'
  if (issue.message !== 'Invalid input') return issue.message
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeText(issue.expected)}`
    case 'invalid_value':
      return `must be ${alternatives(issue.values)}`
    case 'too_small':
      return sizeText(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)
    case 'too_big':
      return sizeText(issue.origin, 'at most', issue.maximum)
    case 'invalid_format':
      return formatText(issue.format)
    case 'invalid_key':
      return issue.issues.find(({ message }) => message !== 'Invalid input')?.message ?? 'is not a usable name'
    case 'invalid_union':
      return 'options' in issue && issue.options ? `must be ${alternatives(issue.options)}` : 'is not valid'
    default:
      return 'is not valid'
  }
}

const alternatives = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(' or ')

/** A format with words of its own is told by its schema. */
const formatText = (format: string): string =>
  ({
    datetime: 'must be an instant with an offset or Z, such as "2026-01-31T12:00:00Z"',
    date: 'must be a day, such as "2026-01-31"',
    email: 'must be an e-mail address',
  })[format] ?? 'is not valid'

const typeText = (expected: string): string =>
  ({
    int: 'a whole number',
    number: 'a number',
    string: 'text',
    boolean: 'true or false',
    array: 'a list',
    object: 'an object',
    record: 'an object',
  })[expected] ?? `of type ${expected}`

const sizeText = (origin: string, bound: string, size: number | bigint): string => {
  if (origin === 'string') return `must be ${bound} ${size} characters long`
  return origin === 'array' ? `must have ${bound} ${size} entries` : `must be ${bound} ${size}`
}
