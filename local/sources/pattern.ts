import { TemplateError } from '../template/intrinsics.ts'

type Test = (value: unknown) => boolean

/**
 * Compiles an event pattern of a filter. Understood: nested objects, literals, and `prefix`, `suffix`, `exists`,
 * `anything-but` (literals). Anything else throws a `TemplateError` at start, not at the first record.
 */
export function compilePattern(pattern: unknown, place: string): Test {
  if (!isObject(pattern))
    throw new TemplateError(place, `the filter pattern is not an object: ${JSON.stringify(pattern)}`)
  const fields = Object.entries(pattern).map(([name, part]) => {
    if (name.startsWith('$')) throw new TemplateError(place, `the filter uses ${name}, which is not understood locally`)
    const test = Array.isArray(part) ? anyOf(part.map((each) => matcher(each, place))) : compilePattern(part, place)
    return { name, test }
  })
  return (value) => {
    const fieldsOf = isObject(value) ? value : {}
    return fields.every(({ name, test }) => test(fieldsOf[name]))
  }
}

const anyOf =
  (tests: Test[]): Test =>
  (value) =>
    tests.some((test) => test(value))

function matcher(wanted: unknown, place: string): Test {
  if (!isObject(wanted)) return (value) => value === wanted
  const [[operator, argument] = ['', undefined], ...more] = Object.entries(wanted)
  if (more.length === 0) {
    if (operator === 'exists' && typeof argument === 'boolean') return (value) => (value !== undefined) === argument
    if (operator === 'prefix' && typeof argument === 'string')
      return (value) => typeof value === 'string' && value.startsWith(argument)
    if (operator === 'suffix' && typeof argument === 'string')
      return (value) => typeof value === 'string' && value.endsWith(argument)
    if (operator === 'anything-but') {
      const refused = [argument].flat()
      if (!refused.some(isObject)) return (value) => value !== undefined && !refused.includes(value)
    }
  }
  throw new TemplateError(place, `the filter uses ${JSON.stringify(wanted)}, which is not understood locally`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
