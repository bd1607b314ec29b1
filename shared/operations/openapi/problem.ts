import { codes, type ErrorCode } from '#errors/codes'
import { errorsOf, type HttpOperation } from '../definition.ts'
import type { JsonSchema } from './schema.ts'

/** RFC 9457, with the members that some codes add. */
export const problemSchema: JsonSchema = {
  type: 'object',
  description: 'A refusal or a failure (RFC 9457). `code` is stable; `type` leads to its page.',
  required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'requestId'],
  properties: {
    type: { type: 'string', description: 'Address of the code’s page, relative to the API.' },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'For people; may change.' },
    instance: { type: 'string', description: 'The path that was called.' },
    code: { type: 'string', enum: Object.keys(codes).sort() },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      description: 'With `validation_failed`: what is wrong, and where.',
      maxItems: 20,
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
    balance: { type: 'integer', description: 'With `insufficient_credits`: what is available.' },
    required: { type: 'integer', description: 'With `insufficient_credits`: what it would take.' },
    limit: { description: 'With `usage_limit_reached`.', type: ['integer', 'string'] },
    used: { type: 'integer', description: 'With `usage_limit_reached`.' },
    resetsAt: {
      type: ['string', 'null'],
      format: 'date-time',
      description: 'With `usage_limit_reached`: when the window ends.',
    },
    upgrade: {
      type: 'object',
      description: 'A plan that would allow this very request.',
      required: ['planId', 'priceId', 'name', 'amount', 'currency'],
      properties: {
        planId: { type: 'string' },
        priceId: { type: 'string' },
        name: { type: 'string' },
        amount: { type: 'integer', description: 'In the smallest unit of the currency.' },
        currency: { type: 'string' },
      },
    },
  },
}

/** What API Gateway answers by itself has its own body, which an HTTP API cannot change. */
export const gatewayMessageSchema: JsonSchema = {
  type: 'object',
  description: 'An answer of the gateway, given before the request reached an operation.',
  required: ['message'],
  properties: { message: { type: ['string', 'null'] } },
}

const ref = (schema: string) => ({ $ref: `#/components/schemas/${schema}` })

const comesBack: ReadonlySet<ErrorCode> = new Set([
  'conflict',
  'contended',
  'provider_unavailable',
  'rate_limited',
  'reservation_expired',
])

/** A refusal may say when to come back. */
const retryAfter = (codesHere: ErrorCode[]) =>
  codesHere.some((code) => comesBack.has(code)) ? { 'Retry-After': { $ref: '#/components/headers/Retry-After' } } : {}

/** A response as the document's components hold it, under a name that says what it is for. */
export interface NamedResponse {
  name: string
  response: JsonSchema
}

/**
 * The responses of everything that may go wrong, by status; each lists its codes. Most operations share them.
 * `guarded`: an authorizer stands before the route and may refuse in the gateway's own form.
 */
export function problemResponses(operation: HttpOperation, guarded: boolean): Map<number, NamedResponse> {
  const byStatus = Map.groupBy(errorsOf(operation), (code) => codes[code].status)
  // The gateway's throttle stands before every route.
  if (!byStatus.has(429)) byStatus.set(429, [])
  const entries = [...byStatus].sort(([a], [b]) => a - b)
  return new Map(entries.map(([status, codesHere]) => [status, responseOf(status, codesHere, guarded)]))
}

function responseOf(status: number, codesHere: ErrorCode[], guarded: boolean): NamedResponse {
  const gateway = status === 429 || (guarded && (status === 401 || status === 403))
  return {
    name: [status, ...codesHere, ...(gateway ? ['gateway'] : [])].join('.'),
    response: {
      description: [
        ...codesHere.map((code) => `\`${code}\`: ${codes[code].title}.`),
        ...(gateway ? ['In the gateway’s own form, when it refuses by itself.'] : []),
      ].join(' '),
      headers: {
        ...(codesHere.length > 0 && { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' } }),
        ...retryAfter(codesHere),
      },
      content: {
        ...(codesHere.length > 0 && {
          'application/problem+json': {
            schema: {
              allOf: [ref('Problem'), { properties: { code: { enum: codesHere }, status: { const: status } } }],
            },
          },
        }),
        ...(gateway && { 'application/json': { schema: ref('GatewayMessage') } }),
      },
    },
  }
}
