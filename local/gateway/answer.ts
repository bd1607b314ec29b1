import * as z from 'zod/mini'

/** What goes back to the client. */
export interface Answer {
  status: number
  headers: Record<string, string>
  cookies: string[]
  body: Buffer
}

/** API Gateway's own body; an HTTP API cannot change it. */
export const gatewayAnswer = (status: number, message: string, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  cookies: [],
  body: Buffer.from(JSON.stringify({ message })),
})

export const answers = {
  badRequest: () => gatewayAnswer(400, 'Bad Request'),
  unauthorized: (challenge?: string) =>
    gatewayAnswer(401, 'Unauthorized', challenge ? { 'www-authenticate': challenge } : {}),
  forbidden: () => gatewayAnswer(403, 'Forbidden'),
  notFound: () => gatewayAnswer(404, 'Not Found'),
  tooLarge: () => gatewayAnswer(413, 'Request Entity Too Large'),
  tooMany: () => gatewayAnswer(429, 'Too Many Requests'),
  headersTooLarge: () => gatewayAnswer(431, 'Request Header Fields Too Large'),
  internal: () => gatewayAnswer(500, 'Internal Server Error'),
  unavailable: () => gatewayAnswer(503, 'Service Unavailable'),
  timeout: () => gatewayAnswer(504, 'Endpoint request timed out'),
}

const structured = z.object({
  statusCode: z.pipe(z.union([z.number(), z.string().check(z.regex(/^\d+$/))]), z.transform(Number)),
  headers: z.optional(z.nullable(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])))),
  cookies: z.optional(z.nullable(z.array(z.string()))),
  body: z.optional(z.nullable(z.string())),
  isBase64Encoded: z.optional(z.nullable(z.boolean())),
})

/**
 * A function's result as an HTTP answer: with `statusCode` it is taken as it is, without it the whole result is the JSON
 * body of a 200. A malformed structure is a 500, as on AWS.
 */
export function answerOf(result: unknown): Answer {
  if (typeof result !== 'object' || result === null || !('statusCode' in result)) {
    const body = typeof result === 'string' ? result : (JSON.stringify(result) ?? '')
    return { status: 200, headers: { 'content-type': 'application/json' }, cookies: [], body: Buffer.from(body) }
  }
  const parsed = structured.safeParse(result)
  if (!parsed.success || parsed.data.statusCode < 100 || parsed.data.statusCode > 599) return answers.internal()
  const { statusCode, headers, cookies, body, isBase64Encoded } = parsed.data
  return {
    status: statusCode,
    headers: {
      'content-type': 'text/plain;charset=utf-8',
      ...Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)])),
    },
    cookies: cookies ?? [],
    body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'),
  }
}
