import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { Catalogue } from '#domain/catalogue'
import { callerOf, type Route } from '#operations/definition'
import { openapiDocument } from '#operations/openapi/document'
import { handleHttp } from '#runtime/http'
import type { HttpEvent } from '#runtime/request'
import { publishCatalogue } from '#table/catalogue'
import { callsOf } from '#test/support/calls'
import { catalogueFrom, referenceCatalogue } from '#test/support/catalogues'
import type { Realistic } from '#test/support/contractArbitrary'
import { type ContractRequest, type Finding, fuzz } from '#test/support/contractFuzz'
import { eventOf, testDeps } from '#test/support/deps'
import { httpFunctions } from '#test/support/functions'

/** Another run: `CONTRACT_SEED=<seed> npx vitest run test/functions/contract.test.ts`. */
const seed = Number(process.env.CONTRACT_SEED ?? Math.floor(performance.timeOrigin))
const runs = 6

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
const functions = await httpFunctions()
await publishCatalogue(deps.table, withGauge(), { now: deps.clock.now() })
afterAll(() => deps.stop())

/** No reference product has a gauge, and the contract has an operation for one. */
function withGauge(): Catalogue {
  const example = referenceCatalogue('example')
  return catalogueFrom({
    ...example,
    features: { ...example.features, seats: { kind: 'gauge', name: 'Seats', unit: 'seat' } },
    plans: example.plans.map((plan) => ({ ...plan, entitlements: { ...plan.entitlements, seats: { limit: 9 } } })),
  })
}

const accounts = ['acme', 'ada@example.com', 'org:7|x']
const aDay = (year: number) =>
  fc.integer({ min: 1, max: 28 }).map((day) => `${year}-02-${String(day).padStart(2, '0')}`)
const minutesAgo = fc
  .integer({ min: 0, max: 40_000 })
  .map((minutes) => new Date(deps.clock.now() - minutes * 60_000).toISOString())
const realistic: Realistic = {
  accountId: fc.constantFrom(...accounts),
  feature: fc.constantFrom('reports', 'image', 'sso', 'themes', 'model', 'seats'),
  priceId: fc.constantFrom('free', 'team-month'),
  timeZone: fc.constantFrom('UTC', 'Asia/Kolkata', 'America/New_York'),
  currency: fc.constantFrom('USD', 'INR'),
  country: fc.constantFrom('IN', 'US'),
  cursor: fc.constant(undefined),
  code: fc.constantFrom('not_found', 'no_such_code'),
  at: minutesAgo,
  time: minutesAgo,
  from: aDay(2026),
  to: fc.constantFrom('2026-03-01', '2026-03-10'),
  'recordUsage feature': fc.constantFrom('reports', 'image'),
  'setGauge feature': fc.constant('seats'),
  'getUsageHistory feature': fc.constantFrom('reports', 'image'),
  'setClock body': fc.oneof(
    fc.record({ freeze: fc.boolean() }),
    fc.record({ advance: fc.constantFrom('PT1M', 'P1D') }),
  ),
}

const metadataSize = /metadata: has at most 1 KB/
const refusals = {
  recordUsage: /reference: is the usageId of what is given back/,
  putAccount: metadataSize,
  updateAccount: metadataSize,
}

/** Ids that answers have shown, by prefix: so that requests also meet what exists. */
const seen = new Map<string, string[]>()
const idPattern = /\b([a-z]{3})_[0-7][0-9A-HJKMNP-TV-Z]{25}\b/g
let turn = 0
const seenId = (id: string): string => {
  const known = seen.get(id.slice(0, 3)) ?? []
  return known[turn % (known.length + 1)] ?? id
}

/** The request as the gateway would hand it over, with the identity that its authorizers would have proved. */
function eventFor(request: ContractRequest): HttpEvent {
  const { operation } = functions.get(String(request.operation['x-operation'])) ?? {}
  if (!operation) throw new Error(`no function ${request.operation['x-operation']}`)
  const routeKey = `${request.method} ${request.path}` as Route
  const { accountId = accounts[turn % accounts.length] ?? '', ...params } = request.params
  const defined = Object.entries(request.query).filter(([, value]) => value !== undefined)
  const event = eventOf(operation, {
    as: callerOf(routeKey),
    account: accountId,
    params: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, value.replace(idPattern, seenId)])),
    ...(defined.length > 0 && { query: Object.fromEntries(defined) }),
    ...(request.body !== undefined && { rawBody: request.body.replace(idPattern, seenId) }),
    ...(request.contentType && { contentType: request.contentType }),
    ...(turn % 3 === 0 && { key: `key-${turn}` }),
    ...(request.identity === 'powerless' && { scopes: [], subject: 'somebody' }),
    address: `203.0.113.${turn % 200}`,
  })
  const { authorizer: proved, ...context } = event.requestContext
  const authorizer = {
    right: proved,
    powerless: proved,
    none: undefined,
    otherKind: proved?.lambda
      ? { jwt: { claims: { sub: accountId, exp: '4102444800' } } }
      : { lambda: { keyId: 'key_test', scopes: 'check' } },
    endless: { jwt: { claims: { sub: 'admin' } } },
  }[request.identity]
  return { ...event, requestContext: { ...context, ...(authorizer && { authorizer }) } }
}

async function ask(request: ContractRequest) {
  const { operation, run } = functions.get(String(request.operation['x-operation'])) ?? {}
  if (!operation || !run) throw new Error(`no function ${request.operation['x-operation']}`)
  turn += 1
  // Quotas are proved elsewhere; here every caller has waited long enough.
  deps.clock.passReal(10_000)
  if (turn % 400 === 0) deps.clock.advance(6 * 3_600_000)
  const answer = await handleHttp(operation, run, deps, eventFor(request))
  if (answer.statusCode < 300)
    for (const [id, prefix = ''] of answer.body.matchAll(idPattern))
      seen.set(prefix, [id, ...(seen.get(prefix) ?? [])].slice(0, 20))
  return answer
}

/** One finding of each kind and operation is enough to read. */
const firstOfEach = (findings: Finding[]) => [
  ...new Map(findings.map((one) => [`${one.operationId} ${one.kind}`, one])).values(),
]

describe('the contract', () => {
  it(`holds for every operation (seed ${seed})`, async () => {
    const { putAccount, grantCredits, createApiKey } = callsOf(deps)
    for (const account of accounts) {
      await putAccount({ account, body: { email: 'a@example.com' } })
      await grantCredits({ account, body: { amount: 100_000, reason: 'to spend' } })
    }
    await createApiKey({ body: { name: 'first', scopes: ['check'] } })
    const document = openapiDocument([...functions.values()].map(({ operation }) => operation))
    const { findings, requests } = await fuzz({ document, ask, realistic, refusals, seed, runs })
    process.stdout.write(`contract: ${requests} requests, seed ${seed}\n`)
    expect(firstOfEach(findings)).toEqual([])
    expect(requests).toBeGreaterThan(functions.size * 20)
  }, 60_000)
})
