import fc, { type Arbitrary } from 'fast-check'
import type { JsonSchema } from '#operations/openapi/schema'

/** Values for members whose rules a schema cannot say in full (a zone's name, a time that is to come), by their name. */
export type Realistic = Record<string, Arbitrary<unknown>>

/** Everything that a JSON Schema of our document allows, within reason. @throws Error for a form it does not know. */
export function arbitraryOf(schema: JsonSchema, realistic: Realistic, name = ''): Arbitrary<unknown> {
  const known = realistic[name]
  if (known) return known
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum)
  if ('const' in schema) return fc.constant(schema.const)
  if (Array.isArray(schema.anyOf)) return fc.oneof(...formsOf(schema.anyOf, realistic, name))
  if (typeof schema.$ref === 'string') return instants
  switch (schema.type) {
    case 'object':
      return objects(schema, realistic)
    case 'array':
      return fc.array(arbitraryOf(schema.items as JsonSchema, realistic), {
        minLength: Number(schema.minItems ?? 0),
        maxLength: Math.min(Number(schema.maxItems ?? 3), 3),
      })
    case 'string':
      return strings(schema)
    case 'integer':
      return integers(schema)
    case 'number':
      // What lies next to 0 may not be storable, which a schema cannot say.
      return fc
        .double({ noNaN: true, min: Number(schema.minimum ?? -1e9), max: Number(schema.maximum ?? 1e9) })
        .filter((value) => value === 0 || Math.abs(value) >= 1e-100)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    default:
      throw new Error(`The fuzzer does not know this schema: ${JSON.stringify(schema).slice(0, 200)}`)
  }
}

const formsOf = (forms: JsonSchema[], realistic: Realistic, name: string) =>
  forms.map((form) => arbitraryOf(form, realistic, name))

const instants = fc
  .date({ min: new Date('2027-01-01'), max: new Date('2099-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString())

function objects(schema: JsonSchema, realistic: Realistic): Arbitrary<unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)
  if (properties.length === 0 && typeof schema.additionalProperties === 'object') {
    return fc.dictionary(
      strings(schema.propertyNames as JsonSchema) as Arbitrary<string>,
      arbitraryOf(schema.additionalProperties as JsonSchema, realistic),
      { maxKeys: 5 },
    )
  }
  const members = properties.map(([name, of]) => [name, arbitraryOf(of, realistic, name)] as const)
  return fc.record(Object.fromEntries(members), {
    requiredKeys: (schema.required ?? []) as string[],
    noNullPrototype: true,
  })
}

function strings(schema: JsonSchema): Arbitrary<unknown> {
  const { format, pattern } = schema
  const least = Number(schema.minLength ?? 0)
  const most = Number(schema.maxLength ?? 60)
  if (format === 'email') return fc.constantFrom('a@example.com', 'first.last+tag@mail.example.org')
  // Plain text is any text; its length counts UTF-16 units, as zod does, and so does the filter.
  if (typeof pattern === 'string' && !pattern.includes('\\p{Cc}'))
    return fc.stringMatching(new RegExp(pattern)).filter((text) => text.length >= least && text.length <= most)
  return fc
    .oneof(
      fc.string({ minLength: least, maxLength: Math.min(most, 40) }),
      fc
        .constantFrom('Überweisung ₹₦', '😀', '#', "'; DROP TABLE", '<b>', '../..')
        .filter((text) => text.length <= most),
      fc.constant('x'.repeat(most)),
    )
    .filter((text) => text.length >= least)
}

/** Small numbers mostly: a system in which only huge ones are spent shows little else than refusals. */
function integers(schema: JsonSchema): Arbitrary<unknown> {
  const min = Number(schema.minimum ?? Number.MIN_SAFE_INTEGER)
  const max = Number(schema.maximum ?? Number.MAX_SAFE_INTEGER)
  const small = fc.integer({ min: Math.max(min, Math.min(max, -5)), max: Math.min(max, Math.max(min, 20)) })
  const excluded = (schema.not as { const?: unknown } | undefined)?.const
  return fc
    .oneof({ weight: 4, arbitrary: small }, fc.constantFrom(min, max), fc.integer({ min, max }))
    .filter((value) => value !== excluded)
}
