import { codes, type ErrorCode } from './codes.ts'

/** What a problem carries beside its code: members of the answer, by their names in it. */
export interface ProblemExtras {
  errors?: { path: string; message: string }[]
  /** Seconds; becomes the `Retry-After` header, and no member of the body. */
  retryAfterSeconds?: number
  [member: string]: unknown
}

/**
 * The one error class: a refusal that the caller is told about.
 * `detail` is public. Anything else that is thrown is a defect and leaves as `internal`, without its message.
 */
export class Problem extends Error {
  readonly code: ErrorCode
  readonly extras: ProblemExtras
  /** Further headers of the answer. */
  readonly headers: Record<string, string> = {}

  constructor(code: ErrorCode, detail: string, extras: ProblemExtras = {}) {
    super(detail)
    this.name = 'Problem'
    this.code = code
    this.extras = extras
  }

  get status(): number {
    return codes[this.code].status
  }
}

/** The same answer for what does not exist and for what is another account's. */
export const notFound = (what: string): Problem => new Problem('not_found', `There is no such ${what}.`)
