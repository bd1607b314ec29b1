import type { JsonSchema } from '../openapi/schema.ts'
import { escapeHtml } from './html.ts'
import { inlineHtml } from './markdown.ts'

/** A schema as HTML: an object as a table of its members, anything else as a line. */
export function schemaHtml(schema: JsonSchema): string {
  const forms = choicesOf(schema)
  if (forms.length > 1 && forms.some(isStructured)) {
    return `<p>One of:</p><ul>${forms.map((form) => `<li>${schemaHtml(form)}</li>`).join('')}</ul>`
  }
  const [only] = forms
  if (only && isArray(only)) return `<p>List of:</p>${schemaHtml(only.items as JsonSchema)}`
  return only && hasMembers(only) ? membersHtml(only) : `<span class="soft">${lineOf(schema)}</span>`
}

function membersHtml({ properties, required = [] }: JsonSchema): string {
  const rows = Object.entries(properties as Record<string, JsonSchema>).map(([name, schema]) => {
    const inner = choicesOf(schema).find(isStructured)
    const needed = (required as string[]).includes(name) ? 'required' : ''
    const more = inner ? `<details><summary>members of ${escapeHtml(name)}</summary>${schemaHtml(inner)}</details>` : ''
    return `<tr><td><code>${escapeHtml(name)}</code></td><td>${needed}</td><td>${lineOf(schema)}${more}</td></tr>`
  })
  return `<table><thead><tr><th scope="col">Member</th><th scope="col">Required</th><th scope="col">Is</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}

const isArray = (schema: JsonSchema) => schema.type === 'array' && typeof schema.items === 'object'
const hasMembers = (schema: JsonSchema) => Object.keys((schema.properties as object | undefined) ?? {}).length > 0
const isStructured = (schema: JsonSchema): boolean =>
  hasMembers(schema) || (isArray(schema) && choicesOf(schema.items as JsonSchema).some(isStructured))

/** The alternatives of a schema, without `null`; itself when there are none. */
function choicesOf(schema: JsonSchema): JsonSchema[] {
  const forms = Array.isArray(schema.anyOf) ? (schema.anyOf as JsonSchema[]).flatMap(choicesOf) : [schema]
  return forms.filter(({ type }) => type !== 'null')
}

/** A schema in a line: type, values, bounds, default. */
function lineOf(schema: JsonSchema): string {
  const nullable = Array.isArray(schema.anyOf) && (schema.anyOf as JsonSchema[]).some(({ type }) => type === 'null')
  const kinds = [...new Set([...choicesOf(schema).map(kindOf), ...(nullable ? ['null'] : [])])]
  return [
    kinds.join(' or '),
    ...choicesOf(schema).map(boundsOf),
    schema.default === undefined ? '' : `default <code>${escapeHtml(JSON.stringify(schema.default))}</code>`,
    typeof schema.description === 'string' ? inlineHtml(schema.description) : '',
  ]
    .filter(Boolean)
    .join(', ')
}

function kindOf(schema: JsonSchema): string {
  if (Array.isArray(schema.enum))
    return schema.enum.map((value) => `<code>${escapeHtml(String(value))}</code>`).join(' | ')
  if (schema.const !== undefined) return `<code>${escapeHtml(String(schema.const))}</code>`
  if (typeof schema.$ref === 'string') return 'instant'
  return escapeHtml([schema.type].flat().join(' or ') || 'any')
}

function boundsOf({ minimum, maximum, minLength, maxLength, minItems, maxItems }: JsonSchema): string {
  const span = (least: unknown, most: unknown, unit: string) =>
    least === undefined && most === undefined ? '' : `${least ?? '…'} to ${most ?? '…'}${unit}`
  return [span(minimum, maximum, ''), span(minLength, maxLength, ' characters'), span(minItems, maxItems, ' elements')]
    .filter(Boolean)
    .join(', ')
}
