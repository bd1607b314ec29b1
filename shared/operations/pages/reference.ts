import type { OpenapiDocument, OpenapiOperation } from '../openapi/document.ts'
import type { JsonSchema } from '../openapi/schema.ts'
import { escapeHtml, pageHtml } from './html.ts'
import { inlineHtml, markdownToHtml } from './markdown.ts'
import { schemaHtml } from './schemaTable.ts'

interface Shown {
  method: string
  path: string
  operation: OpenapiOperation
}

/** The API's reference as one page, made from its OpenAPI document. */
export function referencePage(document: OpenapiDocument): string {
  const all: Shown[] = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
  const areas = document.tags.map(({ name, description }) => ({
    name,
    description,
    shown: all.filter(({ operation }) => operation.tags.includes(name)),
  }))
  const navigation = areas
    .map(({ name, shown }) => `<h2>${escapeHtml(name)}</h2><ul>${shown.map(linkTo).join('')}</ul>`)
    .join('\n')
  const sections = areas.map(
    ({ name, description, shown }) =>
      `<h2 id="${name}">${escapeHtml(name)}</h2><p>${escapeHtml(description)}</p>\n${shown
        .map((one) => operationHtml(one, document))
        .join('\n')}`,
  )
  const introduction = `<h1>${escapeHtml(document.info.title)} API</h1>
${markdownToHtml(document.info.description)}
<p>The same as a document for machines: <a href="/openapi.json">openapi.json</a>.</p>`
  return pageHtml('Faregate API', [introduction, ...sections].join('\n'), navigation)
}

const linkTo = ({ method, path, operation }: Shown): string =>
  `<li><a href="#${operation.operationId}">${method} ${escapeHtml(path)}</a></li>`

function operationHtml({ method, path, operation }: Shown, document: OpenapiDocument): string {
  const {
    security = [],
    parameters = [],
    requestBody,
    responses = {},
  } = operation as {
    security?: Record<string, unknown>[]
    parameters?: JsonSchema[]
    requestBody?: { content: Record<string, { schema: JsonSchema }> }
    responses?: Record<string, JsonSchema>
  }
  const opens = security.flatMap((scheme) => Object.keys(scheme))
  return [
    `<h3 id="${operation.operationId}"><code>${method} ${escapeHtml(path)}</code></h3>`,
    `<p>${inlineHtml(operation.summary)}${typeof operation.description === 'string' ? ` ${inlineHtml(operation.description)}` : ''}</p>`,
    `<p class="soft">${escapeHtml(operation.operationId)} · ${opens.length > 0 ? escapeHtml(opens.join(', ')) : 'public'}</p>`,
    parametersHtml(parameters.map((one) => resolved(one, document))),
    ...Object.entries(requestBody?.content ?? {}).map(
      ([type, { schema }]) => `<h4>Body <code>${escapeHtml(type)}</code></h4>${schemaHtml(schema)}`,
    ),
    answersHtml(responses, document),
  ].join('\n')
}

function parametersHtml(parameters: JsonSchema[]): string {
  if (parameters.length === 0) return ''
  const rows = parameters.map(
    ({ name, in: place, description, schema }) =>
      `<tr><td><code>${escapeHtml(String(name))}</code></td><td>${escapeHtml(String(place))}</td><td>${inlineHtml(String(description ?? ''))} ${schemaHtml((schema ?? {}) as JsonSchema)}</td></tr>`,
  )
  return `<div class="wide" tabindex="0" role="group" aria-label="Parameters"><table><thead><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">Meaning</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

function answersHtml(responses: Record<string, JsonSchema>, document: OpenapiDocument): string {
  const rows = Object.entries(responses).map(([status, response]) => {
    const { description, content = {} } = resolved(response, document) as {
      description?: string
      content?: Record<string, { schema: JsonSchema }>
    }
    const own = Number(status) < 400 ? Object.values(content).map(({ schema }) => schemaHtml(schema)) : []
    return `<tr><td>${status}</td><td>${codeLinks(description ?? '')}${own.join('')}</td></tr>`
  })
  return `<div class="wide" tabindex="0" role="group" aria-label="Answers"><table><thead><tr><th scope="col">Status</th><th scope="col">Answer</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

/** Codes in a description lead to their pages. */
const codeLinks = (description: string): string =>
  inlineHtml(description.replaceAll(/`([a-z_]+)`:/g, '[$1](/docs/errors/$1):'))

/** What a `$ref` into the components stands for. */
function resolved(value: JsonSchema, document: OpenapiDocument): JsonSchema {
  const [, , kind = '', ...name] = typeof value.$ref === 'string' ? value.$ref.split('/') : []
  return document.components[kind]?.[name.join('/')] ?? value
}
