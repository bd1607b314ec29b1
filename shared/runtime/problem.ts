import { codes } from '#errors/codes'
import { Problem } from '#errors/problem'

export interface HttpResponse {
  statusCode: number
  headers: Record<string, string>
  body: string
  /** The body is base64 of bytes, which the gateway sends as they are. */
  isBase64Encoded?: true
}

/** On every answer; `noindex` keeps account data out of any search engine that gets hold of an address. */
export const securityHeaders: Record<string, string> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'permissions-policy': 'interest-cohort=()',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
}

/** RFC 9457. Whatever is not a `Problem` is a defect and leaves as `internal`, without a word of its own. */
export function problemResponse(error: unknown, context: { requestId: string; instance: string }): HttpResponse {
  const problem =
    error instanceof Problem
      ? error
      : new Problem('internal', 'Something went wrong on our side. The request id helps us find it.')
  const { retryAfterSeconds, ...members } = problem.extras
  const headers = { ...securityHeaders, 'content-type': 'application/problem+json', 'x-request-id': context.requestId }
  if (retryAfterSeconds !== undefined)
    Object.assign(headers, { 'retry-after': String(Math.max(1, Math.ceil(retryAfterSeconds))) })
  return {
    statusCode: problem.status,
    headers,
    body: JSON.stringify({
      type: `/docs/errors/${problem.code}`,
      title: codes[problem.code].title,
      status: problem.status,
      detail: problem.message,
      instance: context.instance,
      code: problem.code,
      requestId: context.requestId,
      ...members,
    }),
  }
}
