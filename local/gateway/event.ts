import type { IncomingMessage } from 'node:http'

/** A request as it came in, before any route is known. */
export interface GatewayRequest {
  method: string
  /** Path as sent, without the query. */
  path: string
  query: string
  /** Lower-case names; repeated headers joined by a comma. */
  headers: Record<string, string>
  cookies: string[]
  body: Buffer
  sourceIp: string
  requestId: string
  timeEpochMs: number
}

/** Reads method, path, query and headers; the body comes later, because a refusal may come before it. */
export function requestOf(message: IncomingMessage, requestId: string, timeEpochMs: number): GatewayRequest {
  const target = message.url ?? '/'
  const mark = target.indexOf('?')
  const headers: Record<string, string> = {}
  for (const [name, values] of Object.entries(message.headersDistinct)) if (values) headers[name] = values.join(',')
  const cookies = (message.headersDistinct.cookie ?? [])
    .flatMap((line) => line.split(/; ?/))
    .filter((each) => each !== '')
  // Format 2.0 carries cookies in a member of their own.
  delete headers['cookie']
  return {
    method: message.method ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers,
    cookies,
    body: Buffer.alloc(0),
    sourceIp: message.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '127.0.0.1',
    requestId,
    timeEpochMs,
  }
}

export interface ProxyEventOptions {
  apiId: string
  routeKey: string
  /** Already decoded. */
  pathParameters: Record<string, string>
  /** `requestContext.authorizer`. */
  authorizer?: Record<string, unknown>
}

/** The event that a Lambda integration gets: payload format 2.0. */
export function proxyEvent(request: GatewayRequest, options: ProxyEventOptions) {
  const binary = !isText(request)
  return {
    version: '2.0',
    routeKey: options.routeKey,
    rawPath: request.path,
    rawQueryString: request.query,
    ...(request.cookies.length > 0 ? { cookies: request.cookies } : {}),
    headers: request.headers,
    ...(request.query === '' ? {} : { queryStringParameters: queryOf(request.query) }),
    ...(Object.keys(options.pathParameters).length > 0 ? { pathParameters: options.pathParameters } : {}),
    requestContext: contextOf(request, options),
    ...(request.body.length > 0 ? { body: request.body.toString(binary ? 'base64' : 'utf8') } : {}),
    isBase64Encoded: request.body.length > 0 && binary,
  }
}

/** The event that a Lambda authorizer of payload format 2.0 gets. */
export function authorizerEvent(
  request: GatewayRequest,
  options: ProxyEventOptions & { identitySource: string[]; routeArn: string },
) {
  return {
    version: '2.0',
    type: 'REQUEST',
    routeArn: options.routeArn,
    identitySource: options.identitySource,
    routeKey: options.routeKey,
    rawPath: request.path,
    rawQueryString: request.query,
    cookies: request.cookies,
    headers: request.headers,
    queryStringParameters: queryOf(request.query),
    requestContext: contextOf(request, options),
    pathParameters: options.pathParameters,
    stageVariables: {},
  }
}

function contextOf(request: GatewayRequest, options: ProxyEventOptions) {
  return {
    accountId: '000000000000',
    apiId: options.apiId,
    ...(options.authorizer ? { authorizer: options.authorizer } : {}),
    domainName: request.headers['host'] ?? '127.0.0.1',
    domainPrefix: options.apiId,
    http: {
      method: request.method,
      path: request.path,
      protocol: 'HTTP/1.1',
      sourceIp: request.sourceIp,
      userAgent: request.headers['user-agent'] ?? '',
    },
    requestId: request.requestId,
    routeKey: options.routeKey,
    stage: '$default',
    time: clfTime(request.timeEpochMs),
    timeEpoch: request.timeEpochMs,
  }
}

/** Decoded names and values; repeated ones joined by a comma. */
function queryOf(query: string): Record<string, string> {
  const values = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(query)) {
    const before = values.get(name)
    values.set(name, before === undefined ? value : `${before},${value}`)
  }
  // `fromEntries` defines own properties, so a parameter called `__proto__` stays data.
  return Object.fromEntries(values)
}

const textTypes = /^(text\/.*|application\/(json|javascript|xml|.+\+json|.+\+xml))$/

/** What is text by its type crosses as it is; all else, and text that is not UTF-8, as base64, so that no byte is lost. */
function isText(request: GatewayRequest): boolean {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  return (type === undefined || textTypes.test(type)) && Buffer.from(request.body.toString('utf8')).equals(request.body)
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `21/Nov/2026:07:03:09 +0000` */
function clfTime(epochMs: number): string {
  const iso = new Date(epochMs).toISOString()
  return `${iso.slice(8, 10)}/${months[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`
}
