import * as z from 'zod/mini'
import type { Functions } from '../functions/registry.ts'
import type { LambdaAuthorizerModel } from '../template/model.ts'
import { accountId, region } from '../template/names.ts'
import { answers } from './answer.ts'
import type { Authorize, Verdict } from './authorize.ts'
import { authorizerEvent } from './event.ts'
import { identityOf } from './identity.ts'

const context = z._default(z.nullable(z.record(z.string(), z.unknown())), {})
const simpleSchema = z.object({ isAuthorized: z.boolean(), context: z.optional(context) })
const policySchema = z.object({
  principalId: z.string(),
  policyDocument: z.object({ Statement: z.array(z.object({ Effect: z.enum(['Allow', 'Deny']) })) }),
  context: z.optional(context),
})

/** Cached verdicts; beyond it the oldest goes. A stack on a laptop sees far fewer credentials. */
const cachedMax = 10_000

export interface LambdaAuthorizerOptions {
  apiId: string
  functions: Pick<Functions, 'invoke'>
  /** Milliseconds of real time. */
  nowMs: () => number
}

/**
 * The REQUEST authorizer of an HTTP API, payload format 2.0. A missing identity source is a 401 without a call; the verdict
 * is kept for the template's time to live under the values of the identity sources; a function that fails is a 500.
 */
export function createLambdaAuthorizer({
  apiId,
  functions,
  nowMs,
}: LambdaAuthorizerOptions): Authorize<LambdaAuthorizerModel> {
  const cache = new Map<string, { verdict: Verdict; untilMs: number }>()

  return async (model, request, route, pathParameters) => {
    const identitySource = model.identitySources.map((source) => identityOf(source, request, route.key))
    if (!identitySource.every((value) => value !== undefined)) return { refused: answers.unauthorized() }
    const key = JSON.stringify([model.id, ...identitySource])
    const caches = model.ttlSeconds > 0 && identitySource.length > 0
    const known = caches ? cache.get(key) : undefined
    if (known && known.untilMs > nowMs()) return known.verdict

    const routeArn = `arn:aws:execute-api:${region}:${accountId}:${apiId}/$default/${request.method}${request.path}`
    const event = authorizerEvent(request, { apiId, routeKey: route.key, pathParameters, identitySource, routeArn })
    const outcome = await functions.invoke(model.functionName, event)
    if (outcome.kind === 'error' && outcome.error.errorMessage === 'Unauthorized')
      return { refused: answers.unauthorized() }
    if (outcome.kind !== 'answer') return { refused: answers.internal() }
    const verdict = verdictOf(outcome.result, model.simple)
    if (!verdict) return { refused: answers.internal() }
    if (caches) {
      cache.delete(key)
      cache.set(key, { verdict, untilMs: nowMs() + model.ttlSeconds * 1000 })
      const [oldest] = cache.keys()
      if (cache.size > cachedMax && oldest !== undefined) cache.delete(oldest)
    }
    return verdict
  }
}

function verdictOf(result: unknown, simple: boolean): Verdict | undefined {
  if (simple) {
    const parsed = simpleSchema.safeParse(result)
    if (!parsed.success) return undefined
    return parsed.data.isAuthorized
      ? { context: { lambda: parsed.data.context ?? {} } }
      : { refused: answers.forbidden() }
  }
  const parsed = policySchema.safeParse(result)
  if (!parsed.success) return undefined
  const statements = parsed.data.policyDocument.Statement
  const isAllowed = statements.length > 0 && statements.every((statement) => statement.Effect === 'Allow')
  return isAllowed ? { context: { lambda: parsed.data.context ?? {} } } : { refused: answers.forbidden() }
}
