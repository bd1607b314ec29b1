import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Json } from './json.ts'

/** More than any call of the three SDKs; the rest is cut off. */
const bodyBytesMax = 1_000_000

export interface Call {
  method: string
  /** As sent, not decoded, without the query. */
  path: string
  params: Record<string, string>
  query: URLSearchParams
  headers: IncomingHttpHeaders
  raw: string
}

export interface Answer {
  status: number
  body: Json | { html: string }
  headers?: Record<string, string>
}

export interface Route {
  /** `POST /v1/orders/:id/payments`; also its name in a rule of behaviour. */
  route: string
  run(call: Call): Answer
}

export const ok = (body: Json): Answer => ({ status: 200, body })

/** Thrown by a handler that answers with the provider's error. */
export class Refusal extends Error {
  readonly answer: Answer
  constructor(answer: Answer) {
    super(`refused with ${answer.status}`)
    this.answer = answer
  }
}

/** What `run` answers, a refusal included. */
export function answering(run: () => Answer): Answer {
  try {
    return run()
  } catch (error) {
    if (error instanceof Refusal) return error.answer
    throw error
  }
}

export async function readCall(message: IncomingMessage): Promise<Call> {
  const [path = '/', search = ''] = (message.url ?? '/').split('?', 2)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size <= bodyBytesMax) chunks.push(bytes)
  }
  return {
    method: message.method ?? 'GET',
    path,
    params: {},
    query: new URLSearchParams(search),
    headers: message.headers,
    raw: Buffer.concat(chunks).toString('utf8'),
  }
}

export interface Router {
  find(call: Call): { route: Route; call: Call } | undefined
}

/**
 * Segments are split before they are decoded, so an id that holds `%2F` stays one id. A literal segment wins over a
 * parameter (`/v1/payments/create/recurring` over `/v1/payments/:id/…`): literal routes come first in the list.
 */
export function createRouter(routes: readonly Route[]): Router {
  const table = routes.map((route) => {
    const [method = '', pattern = ''] = route.route.split(' ')
    return { route, method, segments: pattern.split('/') }
  })
  return {
    find: (call) => {
      const given = call.path.replace(/(?<=.)\/$/, '').split('/')
      for (const { route, method, segments } of table) {
        if (method !== call.method || segments.length !== given.length) continue
        const params = paramsOf(segments, given)
        if (params) return { route, call: { ...call, params } }
      }
      return undefined
    },
  }
}

function paramsOf(segments: string[], given: string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {}
  for (const [place, segment] of segments.entries()) {
    const value = given[place] ?? ''
    if (segment.startsWith(':')) params[segment.slice(1)] = decoded(value)
    else if (segment !== value) return undefined
  }
  return params
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
