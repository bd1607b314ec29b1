import * as z from 'zod/mini'

/** What a deployment is told: CDK context (`-c mode=live`), or what a test or the local stack passes in. */
export interface DeploymentConfig {
  /** Prefix of all names; two products in one AWS account differ here. */
  name: string
  mode: 'test' | 'live'
  /** OIDC issuer of the customers' and staff's tokens; absent: the stack makes a Cognito user pool. */
  issuer?: string | undefined
  /** Required with an issuer: a token for another application must not open this one. */
  audience?: string[] | undefined
  /** Origins whose pages may call the API; none: no CORS headers at all. */
  origins: string[]
  /** Gets a mail for each alarm. */
  alarmEmail?: string | undefined
}

const url = z.string().check(z.regex(/^https?:\/\/[^\s*]+$/), z.maxLength(500))
/** `-c` can only pass text: a list is separated by commas. */
const list = <Item extends z.ZodMiniType<string, string>>(item: Item) =>
  z.pipe(
    z.pipe(
      z.union([z.string(), z.array(z.string())]),
      z.transform((given) => (typeof given === 'string' ? given.split(',') : given)),
    ),
    z.array(item).check(z.maxLength(20)),
  )

const schema = z
  .object({
    name: z._default(z.string().check(z.regex(/^[a-z][a-z0-9-]{1,19}$/, 'is 2 to 20 of a–z, 0–9 and -')), 'faregate'),
    mode: z._default(z.enum(['test', 'live']), 'test'),
    issuer: z.optional(url),
    audience: z.optional(list(z.string().check(z.minLength(1)))),
    origins: z._default(list(url), []),
    alarmEmail: z.optional(z.email()),
  })
  .check(
    z.refine(
      ({ issuer, audience }) => (issuer === undefined) === (audience === undefined),
      'issuer and audience go together: give both, or neither for a Cognito user pool',
    ),
  )

/** @throws Error that names what is wrong with the context, in one line. */
export function parseConfig(given: Record<string, unknown>): DeploymentConfig {
  const parsed = z.safeParse(schema, given)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join('.')} ${message}` : message,
  )
  throw new Error(`The deployment's context is not valid: ${faults.join('; ')}`)
}
