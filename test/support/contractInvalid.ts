import type { JsonSchema } from '#operations/openapi/schema'
import type { ContractSchemas } from './contractSchemas.ts'

/** Enough of each kind to hit every rule of a member once. */
const strangers: unknown[] = [
  null,
  true,
  '',
  'x',
  '10',
  'x'.repeat(600),
  'a\u0000b',
  '\ud800',
  'a#b',
  0,
  -1,
  1.5,
  2 ** 53,
  1e21,
  [],
  {},
  [1],
  { a: 1 },
]

/** Values near valid ones that the schema refuses: a member missing, unknown, of another type, out of bounds. */
export function invalidValues(schema: JsonSchema, valid: unknown[], schemas: ContractSchemas): unknown[] {
  const near = [...strangers, ...beyondBounds(schema)]
  const candidates = [...near, ...valid.slice(0, 2).flatMap((value) => neighbours(value, near, 0))]
  return unique(candidates.filter((value) => schemas.fault(schema, value) !== undefined))
}

/** The same with each member replaced, dropped or joined by a stranger, two levels deep. */
function neighbours(value: unknown, near: unknown[], depth: number): unknown[] {
  if (Array.isArray(value))
    return value.length === 0 ? [] : neighbours(value[0], near, depth).map((first) => [first, ...value.slice(1)])
  if (value === null || typeof value !== 'object') return []
  const members = Object.entries(value)
  return [
    { ...value, unknownMember: 1 },
    ...members.flatMap(([name, own]) => [
      Object.fromEntries(members.filter(([other]) => other !== name)),
      ...near.map((stranger) => ({ ...value, [name]: stranger })),
      ...(depth < 1 ? neighbours(own, near, depth + 1).map((changed) => ({ ...value, [name]: changed })) : []),
    ]),
  ]
}

/** One step beyond each bound that stands anywhere in a schema. */
function beyondBounds(schema: JsonSchema): unknown[] {
  const inner = Object.values(schema).filter((value) => value !== null && typeof value === 'object') as JsonSchema[]
  const { minimum, maximum, maxLength } = schema
  return unique([
    ...(typeof minimum === 'number' ? [minimum - 1] : []),
    ...(typeof maximum === 'number' ? [maximum + 1] : []),
    ...(typeof maxLength === 'number' ? ['x'.repeat(maxLength + 1)] : []),
    ...inner.flatMap(beyondBounds),
  ])
}

const unique = (values: unknown[]): unknown[] => [
  ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
]

/** Sets of parameters in which one breaks its schema, or is unknown. */
export function invalidParameters(
  parameters: JsonSchema[],
  valid: Record<string, string>,
  schemas: ContractSchemas,
  { unknown = false } = {},
): Record<string, string>[] {
  const texts = ['x y', 'a#b', 'ä', '-1', '1e9', '%00', 'x'.repeat(600), '2026-1-1']
  return [
    ...(unknown ? [{ ...valid, unknownParameter: '1' }] : []),
    ...parameters.flatMap((parameter) =>
      texts
        .filter((text) => schemas.fault(parameter.schema as JsonSchema, text) !== undefined)
        .map((text) => ({ ...valid, [String(parameter.name)]: text })),
    ),
  ]
}
