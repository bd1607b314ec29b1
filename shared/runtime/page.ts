import { Reply } from './run.ts'

/** Pages change with a deployment only; ten minutes old is fresh enough. */
const cacheControl = 'public, max-age=600'

/** A page of our own: its one inline style sheet is allowed beside the policy of every answer, and nothing else is. */
export const page = (html: string): Reply<string> =>
  new Reply(html, {
    headers: {
      'cache-control': cacheControl,
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    },
  })
