import type * as z from 'zod/mini'
import type { CallerClass } from '#domain/guard'
import type { Caller, HttpOperation, Scope } from '#operations/definition'

/** Who calls, as the gateway's authorizer and the path prove it. */
export interface Identity {
  kind: Caller
  /** Keeps keys of customers and servers apart: nobody can burn another's. */
  class: CallerClass
  /** The JWT's subject (customer, staff), or the visitor's account. */
  subject?: string
  /** The token's, for the audit log; never logged. */
  email?: string
  keyId?: string
  scopes: Scope[]
  /** The client's address, for limits of public routes and for audit entries. */
  address: string
  userAgent: string
}

/** The request's idempotency key: the caller's, or one made for this request alone. */
export interface RequestKey {
  class: CallerClass
  text: string
  given: boolean
}

type Parsed<S> = S extends z.ZodMiniType ? z.output<S> : undefined

export interface Input<Operation extends HttpOperation = HttpOperation> {
  params: Parsed<NonNullable<Operation['params']>>
  query: Parsed<NonNullable<Operation['query']>>
  body: Parsed<NonNullable<Operation['body']>>
  /** The account in question: of the path, or the customer's own. Empty on routes without one. */
  accountId: string
  identity: Identity
  key: RequestKey
  /** Of method-independent meaning: operation, account, params, query and body. */
  requestHash: string
  requestId: string
  /** The media type of the body, lower case, without parameters. */
  contentType: string
  /** What an operation that takes raw bytes decides by; elsewhere empty. */
  raw: { bytes: Uint8Array; headers: Record<string, string | undefined> }
}

/** An answer with more than its body. */
export class Reply<Output> {
  readonly output: Output
  readonly status: number | undefined
  readonly headers: Record<string, string>

  constructor(output: Output, options: { status?: number; headers?: Record<string, string> } = {}) {
    this.output = output
    this.status = options.status
    this.headers = options.headers ?? {}
  }
}

/** The first answer again: same body, marked. */
export const replayed = <Output>(output: Output, status?: number): Reply<Output> =>
  new Reply(output, { ...(status !== undefined && { status }), headers: { 'idempotent-replayed': 'true' } })

type Answer<Operation extends HttpOperation> = z.input<NonNullable<Operation['output']>>

/** One operation: load → decide → commit → answer. Throws `Problem` to refuse. */
export type Run<Operation extends HttpOperation, Deps = import('./deps.ts').Deps> = (
  input: Input<Operation>,
  deps: Deps,
) => Promise<Answer<Operation> | Reply<Answer<Operation>>>
