import type * as z from 'zod/mini'
import { callerOf, type HttpOperation, type Route } from '../definition.ts'
import { problemResponses } from './problem.ts'
import { inputSchema, type JsonSchema, outputSchema } from './schema.ts'

const parameter = (name: string) => ({ $ref: `#/components/parameters/${name}` })
const header = (name: string) => ({ [name]: { $ref: `#/components/headers/${name}` } })

/** The scheme that opens a route; public ones need none. */
const security = {
  public: [],
  customer: [{ customerToken: [] }],
  visitor: [{ visitorToken: [] }],
  server: [{ apiKey: [] }],
  staff: [{ staffToken: [] }],
} as const

/**
 * `operationId` of a route: the operation's id. Where an operation stands on several routes, the customer's own (`/v1/me`)
 * adds `_me`, the visitor's `_visitor` and that of staff `_staff`, so that ids are unique and the plain one is always the server's.
 */
export function operationIdOf(operation: HttpOperation, route: Route): string {
  const caller = callerOf(route)
  if (operation.routes.length > 1 && caller === 'customer') return `${operation.id}_me`
  if (operation.routes.length > 1 && caller === 'visitor') return `${operation.id}_visitor`
  if (operation.routes.length > 1 && caller === 'staff') return `${operation.id}_staff`
  return operation.id
}

/** Whether an authorizer stands before the route. */
export const isGuarded = (route: Route): boolean => callerOf(route) !== 'public'

/** One operation of the document: an operation of ours on one of its routes. */
export function operationObject(operation: HttpOperation, route: Route): Record<string, unknown> {
  const caller = callerOf(route)
  return {
    operationId: operationIdOf(operation, route),
    summary: operation.summary,
    tags: [operation.area],
    ...(operation.scope &&
      caller === 'server' && { description: `The API key needs the scope \`${operation.scope}\`.` }),
    security: security[caller],
    parameters: parametersOf(operation, route),
    ...(operation.body && { requestBody: requestBody(operation, operation.body) }),
    ...(operation.takesRaw && { requestBody: signedBody }),
    responses: {
      [operation.success]: successResponse(operation, caller),
      ...(operation.later && { [operation.later]: successResponse(operation, caller) }),
      ...Object.fromEntries(
        [...problemResponses(operation, isGuarded(route))].map(([status, { name }]) => [
          status,
          { $ref: `#/components/responses/${name}` },
        ]),
      ),
    },
    'x-operation': operation.id,
    ...(operation.scope && caller === 'server' && { 'x-scope': operation.scope }),
    'x-idempotency': operation.idempotency,
  }
}

function parametersOf(operation: HttpOperation, route: Route): unknown[] {
  return [
    ...(route.includes('{accountId}') ? [parameter('accountId')] : []),
    ...(operation.params ? membersOf(operation.params, 'path') : []),
    ...(operation.query ? membersOf(operation.query, 'query') : []),
    ...(route.startsWith('POST ') && !operation.takesRaw ? [parameter('Idempotency-Key')] : []),
    ...(callerOf(route) === 'customer' ? [parameter('Faregate-Account')] : []),
    parameter('X-Request-Id'),
  ]
}

/** Only the bytes under the signature count: whatever JSON the provider sends is taken. */
const signedBody = {
  description: 'The provider’s event, exactly as it was signed.',
  required: true,
  content: { 'application/json': { schema: { type: 'object' } } },
}

/** Each member of a params or query schema as a parameter. */
function membersOf(schema: z.ZodMiniType, place: 'path' | 'query'): unknown[] {
  const { properties = {}, required = [] } = inputSchema(schema) as {
    properties?: Record<string, JsonSchema>
    required?: string[]
  }
  return Object.entries(properties).map(([name, of]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: of,
  }))
}

/**
 * Where the body is a choice with as many forms as there are media types, they belong together in this order; else every
 * media type takes all of it.
 */
function requestBody(operation: HttpOperation, body: z.ZodMiniType): unknown {
  const types = operation.contentTypes ?? ['application/json']
  const schema = inputSchema(body)
  const forms = Array.isArray(schema.anyOf) && types.length > 1 && schema.anyOf.length === types.length
  const schemaFor = (index: number) => (forms ? (schema.anyOf as JsonSchema[])[index] : schema)
  return {
    required: !body.safeParse(undefined).success,
    content: Object.fromEntries(types.map((type, index) => [type, { schema: schemaFor(index) }])),
  }
}

const hasQuota = ({ takesRaw }: HttpOperation, caller: keyof typeof security): boolean =>
  !takesRaw && (caller === 'customer' || caller === 'visitor' || caller === 'public')

/** An answer of bytes (`z.instanceof(Uint8Array)`; no other output is a class) has no form in JSON Schema. */
const answerSchema = (output: z.ZodMiniType): JsonSchema =>
  output._zod.def.type === 'custom' ? { type: 'string', format: 'binary' } : outputSchema(output)

function successResponse(operation: HttpOperation, caller: keyof typeof security): unknown {
  return {
    description: operation.output ? 'Done; the answer.' : 'Done.',
    headers: {
      ...header('X-Request-Id'),
      ...(operation.idempotency !== 'natural' && header('Idempotent-Replayed')),
      ...(hasQuota(operation, caller) && { ...header('RateLimit'), ...header('RateLimit-Policy') }),
    },
    ...(operation.output && {
      content: {
        [(operation.outputType ?? 'application/json').split(';')[0] ?? '']: { schema: answerSchema(operation.output) },
      },
    }),
  }
}
