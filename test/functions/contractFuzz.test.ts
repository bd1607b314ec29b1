import { afterAll, describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { Problem } from '#errors/problem'
import { http } from '#operations/definition'
import { openapiDocument } from '#operations/openapi/document'
import { handleHttp } from '#runtime/http'
import { Reply, type Run } from '#runtime/run'
import { type ContractAnswer, type ContractRequest, type FindingKind, fuzz } from '#test/support/contractFuzz'
import { eventOf, testDeps } from '#test/support/deps'

const deps = await testDeps()
afterAll(() => deps.stop())

const operation = http({
  id: 'makeThing',
  area: 'usage',
  summary: 'Make a thing.',
  ifItFails: 'Nobody gets a thing.',
  routes: ['POST /v1/accounts/{accountId}/things'],
  scope: 'usage:write',
  body: z.strictObject({ amount: z.int().check(z.minimum(1), z.maximum(9)), kind: z.optional(z.enum(['a', 'b'])) }),
  success: 201,
  output: z.object({ id: z.string(), amount: z.int() }),
  idempotency: 'guard',
  errors: ['not_found'],
  grants: { table: 'none' },
})
type Thing = typeof operation
const sound: Run<Thing> = async ({ body }) => ({ id: 'thing', amount: body.amount })

/** A system with a defect: another function, another definition than the documented one, or a tampering gateway. */
interface Planted {
  run?: Run<Thing>
  definition?: Partial<Thing>
  identify?: (request: ContractRequest) => ContractRequest
  tamper?: (answer: ContractAnswer) => ContractAnswer
}

async function kindsFoundIn({ run = sound, definition, identify = (same) => same, tamper = (same) => same }: Planted) {
  const ask = async (asked: ContractRequest): Promise<ContractAnswer> => {
    const request = identify(asked)
    const event = eventOf(operation, {
      as: 'server',
      account: request.params.accountId ?? '',
      ...(Object.keys(request.query).length > 0 && { query: request.query }),
      ...(request.body !== undefined && { rawBody: request.body }),
      ...(request.contentType && { contentType: request.contentType }),
      ...(request.identity === 'powerless' && { scopes: [] }),
    })
    const { authorizer, ...context } = event.requestContext
    const proved = request.identity === 'right' || request.identity === 'powerless'
    const requestContext = proved ? { ...context, authorizer: authorizer ?? {} } : context
    return tamper(await handleHttp({ ...operation, ...definition }, run, deps, { ...event, requestContext }))
  }
  const { findings } = await fuzz({ document: openapiDocument([operation]), ask, realistic: {}, seed: 7, runs: 20 })
  return [...new Set(findings.map(({ kind }) => kind))]
}

const withBody = (change: (body: Record<string, unknown>) => unknown) => (answer: ContractAnswer) => ({
  ...answer,
  body: JSON.stringify(change(JSON.parse(answer.body))),
})

describe('the contract fuzzer', () => {
  it('finds nothing in a sound operation', async () => {
    expect(await kindsFoundIn({})).toEqual([])
  })

  const planted: [string, FindingKind, Planted][] = [
    [
      'a defect for one value',
      'server error',
      {
        run: async (input, d) => {
          if (input.body.amount === 9) throw new TypeError('undefined is not a function')
          return sound(input, d)
        },
      },
    ],
    ['another status of success', 'undocumented status', { definition: { success: 200 } }],
    [
      'a refusal that is not declared',
      'undocumented status',
      {
        run: async () => {
          throw new Problem('payment_required', 'Not now.')
        },
      },
    ],
    [
      'a code that is not declared, under a declared status',
      'answer breaks its schema',
      {
        run: async () => {
          throw new Problem('invalid_signature', 'Who are you?')
        },
      },
    ],
    [
      'plain text instead of JSON',
      'undocumented content type',
      {
        run: async ({ body }) =>
          new Reply({ id: 'x', amount: body.amount }, { headers: { 'content-type': 'text/plain' } }),
      },
    ],
    [
      'a member missing in the answer',
      'answer breaks its schema',
      { tamper: withBody(({ id: _id, ...rest }) => rest) },
    ],
    [
      'a bound that is not checked',
      'invalid input accepted',
      {
        definition: {
          body: z.strictObject({ amount: z.int().check(z.minimum(1)), kind: z.optional(z.enum(['a', 'b'])) }),
        },
      },
    ],
    [
      'unknown members taken silently',
      'invalid input accepted',
      {
        definition: {
          body: z.object({
            amount: z.int().check(z.minimum(1), z.maximum(9)),
            kind: z.optional(z.enum(['a', 'b'])),
          }),
        },
      },
    ],
    [
      'a documented value refused',
      'valid input refused',
      {
        definition: {
          body: z.strictObject({
            amount: z.int().check(z.minimum(1), z.maximum(9)),
            kind: z.optional(z.enum(['a'])),
          }) as unknown as NonNullable<Thing['body']>,
        },
      },
    ],
    [
      'a caller without credential let in',
      'wrong identity accepted',
      { identify: (request) => ({ ...request, identity: 'right' }) },
    ],
    [
      'a scope that is not asked for',
      'wrong identity accepted',
      { definition: { scope: undefined as unknown as 'check' } },
    ],
    ['a problem without request id', 'answer breaks its schema', { tamper: problemWithout('requestId') }],
    ['a problem that names another status', 'problem breaks RFC 9457', { tamper: problemWith({ title: 'Oops' }) }],
    [
      'a problem whose type leads elsewhere',
      'problem breaks RFC 9457',
      { tamper: problemWith({ type: 'about:blank' }) },
    ],
  ]

  it.each(planted)('finds %s: %s', async (_name, kind, defect) => {
    expect(await kindsFoundIn(defect)).toContain(kind)
  })
})

function problemWithout(member: string) {
  return problems((body) => Object.fromEntries(Object.entries(body).filter(([name]) => name !== member)))
}
function problemWith(members: Record<string, unknown>) {
  return problems((body) => ({ ...body, ...members }))
}
function problems(change: (body: Record<string, unknown>) => unknown) {
  return (answer: ContractAnswer) => (answer.statusCode >= 400 ? withBody(change)(answer) : answer)
}
