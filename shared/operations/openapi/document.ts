import type { HttpOperation, Route } from '../definition.ts'
import { accountId } from '../fields.ts'
import { isGuarded, operationObject } from './operation.ts'
import { gatewayMessageSchema, problemResponses, problemSchema } from './problem.ts'
import { inputSchema, instantSchemas, type JsonSchema } from './schema.ts'

/** An OpenAPI 3.1 document, as far as this product's own readers (docs page, fuzzer, lint) go into it. */
export interface OpenapiDocument {
  openapi: '3.1.0'
  info: { title: string; version: string; description: string; license: { name: string; identifier: string } }
  servers: { url: string; description: string }[]
  tags: { name: string; description: string }[]
  paths: Record<string, Record<string, OpenapiOperation>>
  components: Record<string, Record<string, JsonSchema>>
}
export interface OpenapiOperation {
  operationId: string
  summary: string
  tags: string[]
  [member: string]: unknown
}

/** Of the API, not of the build: the document of a checkout is the same wherever it is made. */
export const apiVersion = '1'

/** The document for these operations: paths in the order of their names, so that a change shows as itself in a diff. */
export function openapiDocument(operations: readonly HttpOperation[]): OpenapiDocument {
  const routes = operations.flatMap((operation) => operation.routes.map((route) => ({ operation, route })))
  const paths: OpenapiDocument['paths'] = {}
  for (const { operation, route } of routes.sort((a, b) => order(a.route, b.route))) {
    const [method = '', path = ''] = route.split(' ')
    paths[path] = {
      ...paths[path],
      [method.toLowerCase()]: operationObject(operation, route) as OpenapiOperation,
    }
  }
  const areas = [...new Set(operations.map(({ area }) => area))].sort()
  return {
    openapi: '3.1.0',
    info: {
      title: 'Faregate',
      version: apiVersion,
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'This deployment.' }],
    tags: areas.map((name) => ({ name, description: areaDescriptions[name] })),
    paths,
    components: { ...components, responses: responsesOf(routes) },
  }
}

function responsesOf(routes: { operation: HttpOperation; route: Route }[]): Record<string, JsonSchema> {
  const named = routes.flatMap(({ operation, route }) => [...problemResponses(operation, isGuarded(route)).values()])
  return Object.fromEntries(
    named.map(({ name, response }): [string, JsonSchema] => [name, response]).sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

const order = (a: Route, b: Route): number => {
  const key = (route: Route) => route.split(' ').reverse().join(' ')
  return key(a) < key(b) ? -1 : 1
}

const description = `Plans, credits, usage limits and entitlements of one product.

**Who calls.** \`/v1/me\` is a customer with a token of the identity provider; \`/v1/visitor\` is somebody without a login, with a session token; \`/v1/accounts/{accountId}\` is the product's server with an API key; \`/v1/admin\` is staff; \`/v1/webhooks\` is a payment provider that signs what it sends; the rest is public.

**Errors** are \`application/problem+json\`; \`code\` is stable and each has a page under \`/docs/errors/\`. What the gateway refuses by itself (an invalid credential, its throttle, an unknown route) is \`{"message": …}\`.

**Idempotency.** Send an \`Idempotency-Key\` with every POST and repeat it when you retry: the same key and body give the first answer again with \`Idempotent-Replayed: true\`; another body under the same key is refused.

**Bodies** are JSON in UTF-8 of at most 256 KB; unknown fields are refused. Times are ISO 8601, answered in UTC with milliseconds. Credits are whole numbers; money is in the smallest unit of its currency.

**Lists** take \`limit\` and \`cursor\` and answer \`data\` and \`nextCursor\`, newest first.`

const areaDescriptions: Record<HttpOperation['area'], string> = {
  accounts: 'Whoever is billed, and what they chose.',
  admin: 'For staff: plans, balances, API keys and the test clock by hand.',
  catalogue: 'The plans on offer.',
  credits: 'Prepaid credits: grants, deductions, reservations and the ledger.',
  entitlements: 'What an account may do, and the one call that checks and takes.',
  operation: 'The system itself: health and documentation.',
  payments: 'Checkout, payments, refunds and invoices.',
  purchases: 'Single items: quotes, what was bought, and sessions of visitors without a login.',
  subscriptions: 'Changing, renewing and ending a plan.',
  usage: 'Counting what is used, against limits.',
  webhooks: 'Events of the payment providers: taken in, listed, and worked off again.',
}

const printable = { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x20-\\x7e]+$' }

const components: OpenapiDocument['components'] = {
  schemas: { Problem: problemSchema, GatewayMessage: gatewayMessageSchema, ...instantSchemas },
  parameters: {
    accountId: {
      name: 'accountId',
      in: 'path',
      required: true,
      description: 'Your own name for the account, URL-encoded.',
      schema: inputSchema(accountId),
    },
    'Idempotency-Key': {
      name: 'Idempotency-Key',
      in: 'header',
      description: 'Names this request; bare or as a quoted string. Without one, a repeated request acts again.',
      schema: printable,
    },
    'X-Request-Id': {
      name: 'X-Request-Id',
      in: 'header',
      description: 'Yours for logs and support; made here when absent or malformed.',
      schema: { type: 'string', maxLength: 128 },
    },
    'Faregate-Account': {
      name: 'Faregate-Account',
      in: 'header',
      description: 'The account meant; default: the caller’s own.',
      schema: inputSchema(accountId),
    },
  },
  headers: {
    'X-Request-Id': {
      description: 'On every answer, log line and record of this request.',
      schema: { type: 'string' },
    },
    'Idempotent-Replayed': {
      description: '`true` when this is the first answer again.',
      schema: { type: 'string', enum: ['true'] },
    },
    'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 1 } },
    RateLimit: {
      description: 'What is left: `"name";r=requests;t=seconds until all of it is back`.',
      schema: { type: 'string' },
    },
    'RateLimit-Policy': { description: 'The quota: `"name";q=requests;w=seconds`.', schema: { type: 'string' } },
  },
  securitySchemes: {
    customerToken: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'A token of the identity provider; `sub` is the customer. It must expire.',
    },
    visitorToken: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'fgs_test_… or fgs_live_…',
      description: 'The token of a visitor’s session (`POST /v1/sessions`); it lasts 30 days.',
    },
    apiKey: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'fg_test_… or fg_live_…',
      description: 'An API key of a server of the product. It holds scopes and can be revoked.',
    },
    staffToken: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'A token of a user whose role here is ADMIN; roles in the token count for nothing.',
    },
  },
}
