import * as z from 'zod/mini'
import { instant, time } from '../fields.ts'

/** A JSON Schema (2020-12), which is what OpenAPI 3.1 uses. */
export interface JsonSchema {
  [keyword: string]: unknown
}

/**
 * Rules written as functions, by the message that a refusal shows, as far as JSON Schema can say them.
 * What is not in this list stands in the description, so no rule is kept from the reader.
 */
const sayable: Record<string, JsonSchema> = {
  'must be well-formed text without control characters': { pattern: '^[^\\p{Cc}\\p{Cs}]*$' },
  'is not 0': { not: { const: 0 } },
  'has at most 50 members': { maxProperties: 50 },
}

/** What a caller may send. */
export const inputSchema = (schema: z.ZodMiniType): JsonSchema => toJson(schema, 'input')

/**
 * What a caller gets. Objects stay open in the document, though nothing undeclared ever leaves: a member that is added
 * later must not break clients that check their answers.
 */
export const outputSchema = (schema: z.ZodMiniType): JsonSchema => toJson(schema, 'output')

function toJson(schema: z.ZodMiniType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, {
    io,
    override: ({ zodSchema, jsonSchema }) => {
      for (const message of refinementsOf(zodSchema)) Object.assign(jsonSchema, said(message, jsonSchema))
      if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
      dropSafeIntegerBounds(jsonSchema)
      nameInstants(jsonSchema, io)
    },
  })
  return json
}

function said(message: string, jsonSchema: JsonSchema): JsonSchema {
  const keywords = sayable[message]
  if (keywords && !Object.keys(keywords).some((keyword) => keyword in jsonSchema)) return keywords
  return { description: [jsonSchema.description, `${message}.`].filter(Boolean).join(' ') }
}

/** Messages of the checks that are functions, found by failing one; zod types a check's own message as one for no input. */
function refinementsOf(schema: z.core.$ZodType): string[] {
  return (schema._zod.def.checks ?? []).flatMap((check) => {
    const { check: kind, error } = check._zod.def
    if (kind !== 'custom' || error === undefined) return []
    const message = z.custom(() => false, { error: error as z.core.$ZodCustomParams['error'] }).safeParse(undefined)
      .error?.issues[0]?.message
    return message === undefined ? [] : [message]
  })
}

/** ±(2^53 − 1) is how this house reads "integer" and would stand at every number; a bound that means something stays. */
function dropSafeIntegerBounds(schema: JsonSchema): void {
  if (schema.type !== 'integer') return
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
}

/** The pattern of an instant is long and everywhere, so it has a name: `Instant` going in, `Time` coming out. */
function nameInstants(schema: JsonSchema, io: 'input' | 'output'): void {
  if (schema.format !== 'date-time') return
  for (const keyword of ['type', 'format', 'pattern', 'maxLength']) delete schema[keyword]
  schema.$ref = `#/components/schemas/${io === 'input' ? 'Instant' : 'Time'}`
}

/** What the names stand for. */
export const instantSchemas: Record<'Instant' | 'Time', JsonSchema> = {
  Instant: {
    ...bare(instant, 'input'),
    description: 'ISO 8601 with seconds, and `Z` or an offset.',
  },
  Time: { ...bare(time, 'output'), description: 'ISO 8601, UTC with milliseconds.' },
}

function bare(schema: z.ZodMiniType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io })
  return json
}
