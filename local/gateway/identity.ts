import type { GatewayRequest } from './event.ts'

/** What an identity source such as `$request.header.Authorization` stands for in this request; undefined when it is missing. */
export function identityOf(source: string, request: GatewayRequest, routeKey: string): string | undefined {
  const [, place, name] = /^\$request\.(header|querystring)\.(.+)$/.exec(source) ?? []
  if (place === 'header') return request.headers[(name ?? '').toLowerCase()] || undefined
  if (place === 'querystring') return new URLSearchParams(request.query).get(name ?? '') || undefined
  if (source === '$context.routeKey') return routeKey
  if (source === '$context.httpMethod') return request.method
  if (source === '$context.path') return request.path
  return undefined
}
