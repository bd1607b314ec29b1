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
import { crowd } from '#test/support/crowd'
import { eventOf, testDeps } from '#test/support/deps'
import { httpFunctions } from '#test/support/functions'
import { withFakes } from '#test/support/payments'

/** Another run: `CONTRACT_SEED=<seed> npx vitest run test/functions/contract.test.ts`. */
const seed = Number(process.env.CONTRACT_SEED ?? Math.floor(performance.timeOrigin))
/** Of each kind for an operation; a hundred operations make some thousands of requests of three. */
const runs = crowd(12, 2)

const deps = await testDeps({ now: '2026-03-10T12:00:00.000Z' })
// Nobody works off what a turned clock waits for: real time passes at once.
deps.wait = async (milliseconds) => deps.clock.passReal(milliseconds)
const functions = await httpFunctions()
await publishCatalogue(deps.table, withGauge(), { now: deps.clock.now() })
const providers = await withFakes(deps)
afterAll(async () => {
  await providers.stop()
  await deps.stop()
})

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
  userId: fc.constantFrom('ann', 'bob'),
  country: fc.constantFrom('IN', 'US'),
  cursor: fc.constant(undefined),
  code: fc.constantFrom('not_found', 'no_such_code'),
  at: minutesAgo,
  time: minutesAgo,
  currentPeriodStart: minutesAgo,
  from: aDay(2026),
  to: fc.constantFrom('2026-03-01', '2026-03-10'),
  'recordUsage feature': fc.constantFrom('reports', 'image'),
  'setGauge feature': fc.constant('seats'),
  'getUsageHistory feature': fc.constantFrom('reports', 'image'),
  ...Object.fromEntries(
    ['listPayments', 'summarizePayments', 'exportPayments'].flatMap((id) => [
      [`${id} from`, fc.constantFrom('2026-01-01T00:00:00Z', '2026-02-10T05:30:00+05:30')],
      [`${id} to`, fc.constantFrom('2026-03-01T00:00:00Z', '2026-04-01T00:00:00.000Z')],
    ]),
  ),
  'listAllPayments from': minutesAgo,
  'listAllPayments to': minutesAgo,
  'listWebhooks from': minutesAgo,
  'listWebhooks to': minutesAgo,
  'createDiscount body': fc
    .oneof(
      fc.record({ percentOff: fc.integer({ min: 1, max: 100 }) }),
      fc.record({
        amountOff: fc.integer({ min: 1, max: 1_000 }),
        currency: fc.constant('USD'),
        planId: fc.constant('team'),
      }),
    )
    .map((off) => ({ ...off, expiresAt: '2027-01-01T00:00:00Z', reason: 'Sorry for the trouble' })),
  'getSetting key': fc.constantFrom('payments', 'colours'),
  'putSetting key': fc.constantFrom('payments', 'colours'),
  'putSetting body': fc.record({
    value: fc.record({ seller: fc.record({ name: fc.constantFrom('Seller Ltd', 'Überweisung ₹₦') }) }),
  }),
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
  listPayments: /is required here/,
  getInvoice: /one of them with `document=credit_note`/,
  // What a provider renews has an end, and the present period is the one that is brought over.
  importSubscription: /priceId: has no end|currentPeriod(Start|End): /,
  // What a checkout hands over is another thing at each provider.
  verifyPayment: /browser library hands over/,
  // Sealed tokens, and what goes with what, are rules between members.
  createCheckout: /not one of this account|no saved methods|either priceId or productId|a plan is bought once/,
  createPurchase: /not one of this account|no saved methods/,
  changeSubscription: /not one of this account/,
  // Nobody here signs.
  receiveWebhook: /invalid_signature/,
}

/** Ids that answers have shown, by prefix: so that requests also meet what exists. */
const seen = new Map<string, string[]>()
const idPattern = /\b([a-z]{3,4})_[0-7][0-9A-HJKMNP-TV-Z]{25}\b/g
let turn = 0
const seenId = (id: string): string => {
  const known = seen.get(id.slice(0, id.indexOf('_'))) ?? []
  return known[turn % (known.length + 1)] ?? id
}

/** The request as the gateway would hand it over, with the identity that its authorizers would have proved. */
function eventFor(request: ContractRequest): HttpEvent {
  const { operation } = functions.get(String(request.operation['x-operation'])) ?? {}
  if (!operation) throw new Error(`no function ${request.operation['x-operation']}`)
  const routeKey = `${request.method} ${request.path}` as Route
  const { accountId: named = accounts[turn % accounts.length] ?? '', ...params } = request.params
  // Whom the others go on with is not erased.
  const accountId = operation.id === 'eraseAccount' ? `leaver-${named}` : named
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
    expect(requests).toBeGreaterThan(functions.size * 12)
  }, 180_000)
})
