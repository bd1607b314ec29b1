import type { CorsModel } from '../template/model.ts'
import type { Answer } from './answer.ts'
import type { GatewayRequest } from './event.ts'

/** The answer to a preflight request, which API Gateway gives without any route; undefined for every other request. */
export function preflight(cors: CorsModel | undefined, request: GatewayRequest): Answer | undefined {
  if (!cors || request.method !== 'OPTIONS' || !request.headers['access-control-request-method']) return undefined
  return withCors(cors, request, { status: 204, headers: {}, cookies: [], body: Buffer.alloc(0) }, true)
}

/** Adds the CORS headers for an allowed origin. Those of the function are dropped: the API's configuration alone speaks. */
export function withCors(
  cors: CorsModel | undefined,
  request: GatewayRequest,
  answer: Answer,
  isPreflight = false,
): Answer {
  if (!cors) return answer
  const headers = Object.fromEntries(
    Object.entries(answer.headers).filter(([name]) => !name.startsWith('access-control-')),
  )
  const origin = request.headers['origin']
  const allowed = origin === undefined ? undefined : allow(cors, origin)
  if (!allowed) return { ...answer, headers }
  headers['access-control-allow-origin'] = allowed
  if (allowed !== '*') headers['vary'] = headers['vary'] ? `${headers['vary']}, origin` : 'origin'
  if (cors.allowCredentials) headers['access-control-allow-credentials'] = 'true'
  if (cors.exposeHeaders.length > 0) headers['access-control-expose-headers'] = cors.exposeHeaders.join(',')
  if (isPreflight) {
    headers['access-control-allow-methods'] = cors.allowMethods.join(',')
    headers['access-control-allow-headers'] = cors.allowHeaders.join(',')
    if (cors.maxAgeSeconds !== undefined) headers['access-control-max-age'] = String(cors.maxAgeSeconds)
  }
  return { ...answer, headers }
}

function allow(cors: CorsModel, origin: string): string | undefined {
  if (cors.allowOrigins.includes('*')) return '*'
  const matches = cors.allowOrigins.some(
    (each) => each === origin || (each.endsWith('://*') && origin.startsWith(each.slice(0, -1))),
  )
  return matches ? origin : undefined
}
