import { callerOf, type HttpOperation, scopes } from '#operations/definition'
import type { HttpEvent } from '#runtime/request'

/** A call as the benchmarks write it down. */
export interface Call {
  accountId?: string
  params?: Record<string, string>
  query?: Record<string, string>
  body?: unknown
  contentType?: string
  /** Idempotency key. */
  key?: string
}

/** The member of staff in whose name the benchmarks call. */
export const staffSubject = 'bench-admin'

/**
 * The event that API Gateway would send for a call of the operation, past its authorizer: by an API key with every scope
 * where a server may call, else by the customer or by staff.
 */
export function eventOf(operation: HttpOperation, call: Call): HttpEvent {
  const route = operation.routes.find((one) => callerOf(one) === 'server') ?? operation.routes[0]
  if (route === undefined) throw new Error(`${operation.id} has no route`)
  const caller = callerOf(route)
  const [method = 'GET', template = '/'] = route.split(' ')
  const pathParameters = { ...(call.accountId && { accountId: call.accountId }), ...call.params }
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => Object(pathParameters)[name] ?? '')
  const subject = caller === 'staff' ? staffSubject : (call.accountId ?? 'bench-customer')
  return {
    routeKey: route,
    rawPath: path,
    rawQueryString: new URLSearchParams(call.query).toString(),
    headers: {
      ...(call.body !== undefined && { 'content-type': call.contentType ?? 'application/json' }),
      ...(call.key !== undefined && { 'idempotency-key': call.key }),
    },
    ...(call.query && { queryStringParameters: call.query }),
    ...(template.includes('{') && { pathParameters }),
    ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    isBase64Encoded: false,
    requestContext: {
      http: { method, path, sourceIp: '127.0.0.1', userAgent: 'bench' },
      requestId: 'bench',
      authorizer:
        caller === 'server'
          ? { lambda: { keyId: 'key_bench', scopes: scopes.join(' ') } }
          : { jwt: { claims: { sub: subject, exp: '4102444800' } } },
    },
  }
}
