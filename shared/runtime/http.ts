import middy from '@middy/core'
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { requestHash } from '#domain/guard'
import { parseInput, parseOwn } from '#errors/parse'
import { Problem } from '#errors/problem'
import type { HttpOperation } from '#operations/definition'
import { commit } from '#table/commit'
import { accountRateKey, addressRateKey } from '#table/keys'
import { storedAnswer } from './answers.ts'
import { auditOf } from './audit.ts'
import { reportDefect } from './defect.ts'
import type { Deps } from './deps.ts'
import { erasedInstead } from './erased.ts'
import type { Live } from './live.ts'
import { requireMember } from './membership.ts'
import { type HttpResponse, problemResponse, securityHeaders } from './problem.ts'
import { customerPolicy, publicPolicy, requireRate } from './rate.ts'
import { accountOf, bodyOf, type HttpEvent, identityOf, keyOf, otherAccountOf, requestIdOf } from './request.ts'
import { type Identity, type Input, Reply, type Run } from './run.ts'
import { requireAdmin } from './staff.ts'

/** Before Lambda ends the function: time enough to answer 504 and write the log line. */
const answerBeforeEndMs = 400

/** The Lambda entry of an HTTP operation. */
export function httpHandler<Operation extends HttpOperation>(operation: Operation, run: Run<Operation>, live: Live) {
  const open = live(operation)
  return middy<HttpEvent, APIGatewayProxyStructuredResultV2>().handler(async (event: HttpEvent, context) => {
    const timeLeftMs = context.getRemainingTimeInMillis() - answerBeforeEndMs
    try {
      return await handleHttp(operation, run, await open(), event, timeLeftMs)
    } catch (error) {
      // Only the opening itself can fail here: a throttled look at the test clock.
      return problemResponse(asProblem(error) ?? error, {
        requestId: requestIdOf(event, () => 'req_unopened'),
        instance: event.rawPath,
      })
    }
  })
}

/** What is known of a request while it is answered, for the log line, the problem and the audit entry. */
interface Context {
  requestId: string
  instance: string
  accountId: string
  identity: Identity | undefined
}

/** One request, whoever starts it: the Lambda entry above, a test, or the simulator. Never throws. */
export async function handleHttp<Operation extends HttpOperation>(
  operation: Operation,
  run: Run<Operation>,
  deps: Deps,
  event: HttpEvent,
  timeLeftMs?: number,
): Promise<HttpResponse> {
  const startedAt = deps.clock.real()
  const requestId = requestIdOf(event, () => `req_${deps.ids.random()}`)
  const context: Context = { requestId, instance: event.rawPath, accountId: '', identity: undefined }
  let response: HttpResponse
  let failure: unknown
  try {
    const answered = answer(operation, run, deps, event, context)
    response = await (timeLeftMs === undefined ? answered : withinTime(answered, timeLeftMs, deps))
  } catch (error) {
    const problem = await erasedInstead(deps, event, context, asProblem(error))
    failure = problem ?? error
    response = problemResponse(problem ?? error, context)
    Object.assign(response.headers, problem?.headers)
    if (!problem) reportDefect(operation, deps, error, { requestId })
  }
  await auditStaff(operation, deps, event, context, response.statusCode)
  deps.log.info('request', {
    requestId,
    operation: operation.id,
    status: response.statusCode,
    durationMs: deps.clock.real() - startedAt,
    caller: context.identity?.keyId ?? context.identity?.kind,
    account: context.accountId,
    ...(failure instanceof Problem && { code: failure.code }),
    ...(event.headers.traceparent && { traceparent: event.headers.traceparent.slice(0, 128) }),
    ...deps.spent?.(),
  })
  return response
}

/** The answer, or the word that there is no time left: what was begun goes on or not, and a retry with the key finds out. */
async function withinTime<Answer>(answered: Promise<Answer>, timeLeftMs: number, deps: Deps): Promise<Answer> {
  const late = Symbol('late')
  const first = await Promise.race([answered, deps.wait(timeLeftMs).then(() => late)])
  if (first !== late) return first as Answer
  throw new Problem('timeout', 'The request took too long. Send it again with the same key.')
}

/** Reads and refusals of staff; a change has its entry in its own transaction. */
async function auditStaff(
  operation: HttpOperation,
  deps: Deps,
  event: HttpEvent,
  { identity, requestId, instance, accountId }: Context,
  status: number,
): Promise<void> {
  if (identity?.kind !== 'staff') return
  const { method } = event.requestContext.http
  if (method !== 'GET' && status < 400) return
  const what = {
    action: operation.id,
    entity: accountId ? 'account' : 'staff',
    entityId: accountId || (identity.subject ?? ''),
    method,
    path: instance,
    status,
  }
  try {
    await commit(deps.table, [auditOf({ identity, requestId, accountId }, deps, what)])
  } catch (error) {
    reportDefect(operation, deps, error, { requestId, while: 'writing the audit entry' })
  }
}

async function answer<Operation extends HttpOperation>(
  operation: Operation,
  run: Run<Operation>,
  deps: Deps,
  event: HttpEvent,
  context: Context,
): Promise<HttpResponse> {
  const identity = identityOf(event)
  context.identity = identity
  const own = accountOf(event, identity)
  context.accountId = own
  if (operation.scope && identity.kind === 'server' && !identity.scopes.includes(operation.scope)) {
    throw new Problem('forbidden', `The API key lacks the scope "${operation.scope}".`)
  }
  // A login's requests count for itself, whichever account they are for: no member uses up another's.
  const limits = await takeLimits(operation, identity, own, deps)
  const accountId = await actingFor(operation, event, identity, own, deps)
  context.accountId = accountId
  if (identity.kind === 'staff') await requireAdmin(identity, deps)
  const input = inputOf(operation, event, identity, accountId, context.requestId, deps)
  const outcome = (await storedAnswer(operation, input, deps)) ?? (await run(input, deps))
  return success(operation, outcome, { ...limits, 'x-request-id': context.requestId })
}

/** The caller's own account, or the one that a member acts for. @throws Problem `not_found`, `forbidden`. */
async function actingFor(
  operation: HttpOperation,
  event: HttpEvent,
  identity: Identity,
  own: string,
  deps: Deps,
): Promise<string> {
  const other = otherAccountOf(event, identity)
  if (other === undefined) return own
  const { method } = event.requestContext.http
  await requireMember(deps, { accountId: other, userId: identity.subject ?? '' }, method, operation.memberRole)
  return other
}

/** Customers by account, the public by address; servers have the gateway's throttle and staff their own care. */
async function takeLimits(
  { takesRaw }: HttpOperation,
  identity: Identity,
  accountId: string,
  deps: Deps,
): Promise<Record<string, string>> {
  if (takesRaw) return {}
  if (identity.kind === 'customer' || identity.kind === 'visitor')
    return requireRate(deps, accountRateKey(accountId, customerPolicy.name), customerPolicy)
  if (identity.kind === 'public')
    return requireRate(deps, addressRateKey(identity.address, publicPolicy.name), publicPolicy)
  return {}
}

function inputOf<Operation extends HttpOperation>(
  operation: Operation,
  event: HttpEvent,
  identity: Identity,
  accountId: string,
  requestId: string,
  deps: Deps,
): Input<Operation> {
  const { accountId: _named, ...pathParameters } = event.pathParameters ?? {}
  const raw = bodyOf(operation, event)
  const params = operation.params && parseInput(operation.params, pathParameters)
  const query = parseQuery(operation, event)
  const body = operation.body && parseInput(operation.body, raw.value)
  return {
    params,
    query,
    body,
    accountId,
    identity,
    requestId,
    key: keyOf(event, identity, () => `${requestId}:${deps.ids.random()}`),
    requestHash: requestHash([operation.id, accountId, params ?? null, query ?? null, body ?? null]),
    contentType: raw.contentType,
    raw: operation.takesRaw ? { bytes: raw.bytes, headers: event.headers } : noRaw,
  } as Input<Operation>
}

const noRaw = { bytes: new Uint8Array(), headers: {} }

function parseQuery(operation: HttpOperation, event: HttpEvent): unknown {
  const given = event.queryStringParameters ?? {}
  if (operation.query) return parseInput(operation.query, given)
  const [unknown] = Object.keys(given)
  if (unknown === undefined) return undefined
  throw new Problem('validation_failed', 'This operation takes no query parameters.', {
    errors: [{ path: unknown.slice(0, 60), message: 'is not a known parameter' }],
  })
}

/** Our own answer is parsed too: what is not declared never leaves, and what is wrong is a defect. */
function success(operation: HttpOperation, outcome: unknown, extra: Record<string, string>): HttpResponse {
  const reply = outcome instanceof Reply ? outcome : new Reply(outcome)
  const headers = { ...securityHeaders, ...extra, ...reply.headers }
  const statusCode = reply.status ?? operation.success
  if (!operation.output) return { statusCode, headers, body: '' }
  const type = operation.outputType ?? 'application/json'
  const output = parseOwn(operation.output, reply.output, `the answer of ${operation.id}`)
  return {
    statusCode,
    headers: { ...headers, 'content-type': headers['content-type'] ?? type },
    ...bodyFor(output),
  }
}

/** Text leaves as it is, bytes as base64 that the gateway undoes, all else as JSON. */
function bodyFor(output: unknown): Pick<HttpResponse, 'body' | 'isBase64Encoded'> {
  if (typeof output === 'string') return { body: output }
  if (output instanceof Uint8Array) {
    const bytes = Buffer.from(output.buffer, output.byteOffset, output.byteLength)
    return { body: bytes.toString('base64'), isBase64Encoded: true }
  }
  return { body: JSON.stringify(output) }
}

/** `Contention` that nobody handled is a busy moment, not a defect. */
function asProblem(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error
  if (error instanceof Error && error.name === 'Contention') {
    return new Problem(
      'contended',
      'The table is busy. Nothing was changed by this request; send it again with the same key.',
      { retryAfterSeconds: 1 },
    )
  }
  return undefined
}
