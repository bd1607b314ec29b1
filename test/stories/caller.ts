import * as z from 'zod/mini'
import { pause } from '#local/time'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
type Schema = z.core.$ZodType

/** Queues and the numbers worker take a few seconds, several times that on a machine that is busy. */
const patienceMs = 60_000
const lookEveryMs = 200

/** A caller with its credential. Every call says which status it expects, and how the answer is read. */
export class Caller {
  readonly #apiUrl: string
  readonly #credential: string
  readonly #base: string

  /** @param base stands in front of every path, e.g. `/v1/me`. */
  constructor(apiUrl: string, credential: string, base: string) {
    this.#apiUrl = apiUrl
    this.#credential = credential
    this.#base = base
  }

  async send(method: Method, path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.#apiUrl}${this.#base}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#credential}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }

  /** The answer, which has to be a success. */
  async ask<Of extends Schema>(method: Method, path: string, schema: Of, body?: unknown): Promise<z.output<Of>> {
    const answer = await this.send(method, path, body)
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${this.#base}${path} answered ${answer.status}: ${text}`)
    return z.parse(schema, text === '' ? undefined : JSON.parse(text))
  }

  get<Of extends Schema>(path: string, schema: Of): Promise<z.output<Of>> {
    return this.ask('GET', path, schema)
  }

  post<Of extends Schema>(path: string, body: unknown, schema: Of): Promise<z.output<Of>> {
    return this.ask('POST', path, schema, body)
  }

  /** Status and code of a refusal. */
  async refused(
    method: Method,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; code: string; body: unknown }> {
    const answer = await this.send(method, path, body)
    const problem: unknown = await answer.json()
    return { status: answer.status, code: z.parse(z.object({ code: z.string() }), problem).code, body: problem }
  }
}

/** Asks again until the answer is as wanted; the last answer, whatever it is, when patience is over. */
export async function until<Answer>(ask: () => Promise<Answer>, wanted: (answer: Answer) => boolean): Promise<Answer> {
  const untilMs = performance.now() + patienceMs
  for (;;) {
    const answer = await ask()
    if (wanted(answer) || performance.now() > untilMs) return answer
    await pause(lookEveryMs)
  }
}
